import { expect, test } from '@jest/globals';
import { cli } from '#test/support/cli.js';
import { expectGolden } from '#test/support/golden.js';

const COMMANDS = [
  [],
  ['serve'],
  ['check'],
  ['send'],
  ['events'],
  ['events', 'retry'],
  ['events', 'resolve'],
  ['events', 'abandon'],
  ['events', 'resubmit'],
  ['explain'],
  ['replay'],
  ['schema'],
  ['topics'],
];

test.each(COMMANDS.map((words) => [words.join(' ') || 'sre-router', words] as const))('%s --help teaches', async (_name, words) => {
  const { code, out, err } = await cli([...words, '--help']);
  expect([code, err]).toEqual([0, '']);
  expectGolden(`test/cli/golden/${['help', ...words].join('-')}.txt`, out);
  expect(out).toContain('Examples:');
});

test('help is the same in every language, and no wider than the terminal', async () => {
  const before = process.env.LC_ALL;
  process.env.LC_ALL = 'de_DE.UTF-8';
  try {
    expect((await cli(['send', '--help'])).out).toBe((await cli(['send', '--help'], { columns: 200 })).out);
    expect((await cli(['send', '--help'])).out).toContain('Options:');
    const narrow = (await cli(['send', '--help'], { columns: 60 })).out.split('\n').filter((line) => line.startsWith('  --'));
    expect(Math.max(...narrow.map((line) => line.length))).toBeLessThanOrEqual(60);
  } finally {
    if (before === undefined) delete process.env.LC_ALL;
    else process.env.LC_ALL = before;
  }
});

test('--version is the package’s', async () => {
  expect((await cli(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test.each<[args: string[], says: RegExp]>([
  [[], /^Name a command\. Try: sre-router --help$/],
  [['evnts'], /^No such command\. Did you mean events\?/],
  [['events', 'retyr', 'x'], /^No such command\. Did you mean retry\? Try: sre-router events --help$/],
  [['send', '--tokn-file', 'x'], /^Unknown option or argument: tokn-file\. Did you mean --token-file\? Try: sre-router send --help$/],
  [['events', '--staet', 'parked'], /Did you mean --state\?/],
  [['serve', '--prot', '1'], /Did you mean --port\?/],
  [['events', '--state', 'broken'], /^--state: "broken" is none of "accepting", "running"/],
  [['events', '--limit', 'many'], /^--limit: expected a whole number from 1 to 500\./],
  [['events', '--limit', '501'], /^--limit: expected/],
  [['events', 'retry', 'x'], /^Missing: --reason\. Try: sre-router events retry --help$/],
  [['events', 'retry', 'x', '--reason', ' '], /^--reason: say why/],
  [['events', 'resolve', 'x', '--reason', 'r', '--output', '{a}'], /^--output is not JSON\. Put it in single quotes/],
  [['events', 'resubmit', 'x', '--reason', 'r', '--data', 'none.json'], /^--data: none\.json cannot be read: there is no such file\./],
  [['events', 'resubmit', 'x', '--reason', 'r', '--data', 'README.md'], /^--data: README\.md is not JSON\./],
  [['explain'], /^Not enough arguments\. Try: sre-router explain --help$/],
  [['send'], /^Name a file to send, or give --type and --data\./],
  [['send', 'none.json'], /^send: none\.json cannot be read: there is no such file\./],
  [['send', 'test'], /^send: test cannot be read: it is a folder\./],
  [['send', '--type', 't', '--data', '{"a":'], /^--data is not JSON\./],
  [['send', 'package.json', '--type', 't'], /^--type goes without a file/],
  [['send', '--type', 't', '--wait', '-1'], /^--wait: expected a whole number/],
  [['send', '--type', 't', '--url', 'ftp://x'], /^--url: expected an address such as http:/],
  [['send', '--type', 't', '--token-file', 'none'], /^--token-file: none cannot be read: there is no such file\./],
  [['send', '--type', 't', '--token-file', 'README.md'], /^--token-file: README\.md holds no bearer token/],
  [['serve', '--port', '70000'], /^--port: expected a whole number from 0 to 65535\./],
  [['serve', '--config', 'none.yaml'], /^none\.yaml cannot be read/],
  [['check', '--mappings', 'none'], /^the mappings in none cannot be read/],
])('%j is told in one line what is wrong, and ends with 2', async (args, says) => {
  const { code, out, err } = await cli(args);
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(/^[^\n]+\n$/);
  expect(err.trimEnd()).toMatch(says);
  expect(err).not.toMatch(/^\s+at /m);
});
