import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { COMMANDS } from '#runtime/dcr/commands.js';
import { DCR_ERRORS } from '#runtime/dcr/dcr-error.js';
import { FB_STATUS } from '#runtime/dcr/fb303.js';
import { readManifest } from '#runtime/dcr/manifest.js';
import { NODE_STATES, readStatus } from '#runtime/dcr/node-status.js';
import { judge, PROBE_MODES } from '#runtime/dcr/state-table.js';
import { RUNBOOK } from '#synth/charts/dcr/alerts.js';
import { propertiesSchema } from '#test/dcr/properties.js';

const read = (page: string): string => readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
const node = read('dcr-node.md');
const tool = read('dcrctl.md');

test('docs/dcrctl.md has every command, every option and every error code with its exit code', () => {
  const options = new Set(COMMANDS.flatMap((command) => Object.keys(command.options)));
  expect(COMMANDS.map(({ name }) => name).filter((name) => !tool.includes(`\n## ${name}\n`))).toEqual([]);
  expect([...options].filter((option) => !new RegExp(`\`--${option}[\` ]`).test(tool))).toEqual([]);
  const named = [...tool.matchAll(/`--([a-z0-9-]+)[` ]/g)].map(([, option]) => option ?? '');
  expect(named.filter((option) => !options.has(option) && option !== 'help')).toEqual([]);
  const rows = [...tool.matchAll(/^\| `([A-Z_]+)` \| (\d) \| (.*) \|$/gm)].map(([, code, exit, title]) => [code, Number(exit), title]);
  expect(rows).toEqual(Object.entries(DCR_ERRORS).map(([code, { exit, title }]) => [code, exit, title]));
});

test('the table of states in docs/dcr-node.md is what the probe does', () => {
  const rows = [...node.matchAll(/^\| `([A-Z_]+)` \| \w+ \| ([A-Z]+) \| .* \| (yes|no) \| (yes|no) \| (yes|no) \|$/gm)];
  expect(rows.map(([, state]) => state).sort()).toEqual([...NODE_STATES].sort());
  for (const [, state, code, ...passes] of rows) {
    const status = readStatus({ code: FB_STATUS.find((name) => name === code) ?? 'DEAD', details: state ?? '', counters: {} });
    expect([state, ...PROBE_MODES.map((mode) => (judge(mode, status).ok ? 'yes' : 'no'))]).toEqual([state, ...passes]);
  }
});

test('the properties and the manifest in docs/dcr-node.md are valid, and each key is explained', () => {
  const [properties, manifest] = [...node.matchAll(/```json\n([\s\S]*?)\n```/g)].map(([, text]) => text ?? '');
  const parsed = propertiesSchema.parse(JSON.parse(properties ?? ''));
  expect(Object.keys(parsed).filter((key) => !new RegExp(`^\\| .*\`${key}\``, 'm').test(node))).toEqual([]);
  expect(readManifest(manifest ?? '')).toMatchObject({ dataset: '7' });
});

test('every alert has its section in the runbook of docs/dcr.md, and every test that is named there is one', () => {
  const page = read('dcr.md');
  const anchors = [...page.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    (title ?? '')
      .toLowerCase()
      .replaceAll(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  );
  for (const anchor of [...Object.values(RUNBOOK), 'manual-intervention', 'release-the-guardian']) expect(anchors).toContain(anchor);
  const tests = [...page.matchAll(/`(test\/[^`]+)`/g)].map(([, path]) => path ?? '');
  expect(tests.filter((path) => !existsSync(new URL(`../../${path}`, import.meta.url)))).toEqual([]);
});
