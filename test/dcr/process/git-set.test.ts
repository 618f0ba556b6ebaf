import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { GitRemote, VALUES } from '#test/dcr/git-remote.js';
import { asEnv, dcrctl, type Ran } from '#test/dcr/process/dcrctl.js';
import { Processes } from '#test/support/processes.js';

// Real processes, on machines that have other things to do.
jest.setTimeout(120_000);

let processes: Processes;
let remote: GitRemote;
let work: string;
beforeEach(() => {
  processes = new Processes();
  remote = new GitRemote(processes.dir, VALUES);
  work = join(processes.dir, 'work');
  mkdirSync(work);
});
afterEach(() => processes.close());

const UP = ['farmers.enabled=true', 'synchronizer.enabled=true', 'dcr.runId=r-7', '--phase', 'scale-up'];
const DOWN = ['farmers.enabled=false', '--phase', 'scale-down'];

/** As in a pod: a home that does not exist, nothing writable but the work folder. */
function set(
  args: readonly string[],
  options: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const settings = { 'git-url': remote.url, 'git-file': remote.file, 'run-id': 'r-7', cluster: 'express-7', 'work-dir': work, ...options };
  return dcrctl(processes, ['git-set', ...args], { HOME: '/nonexistent', TMPDIR: '/nonexistent', ...asEnv(settings), ...env });
}

test('property 15: a scale-up is one commit with its trailers in which only these values differ', async () => {
  const before = remote.tip;
  const shaFile = join(work, 'sha');
  const { code, stdout } = await set([...UP, '--sha-file', shaFile]);
  expect(code).toBe(0);
  expect(stdout).toBe(`committed ${remote.tip} ${remote.file}: farmers.enabled=true synchronizer.enabled=true dcr.runId=r-7\n`);
  expect(readFileSync(shaFile, 'utf8')).toBe(remote.tip);
  expect(remote.show()).toBe(VALUES.replace('enabled: false #', 'enabled: true #').replace('runId: ""', 'runId: "r-7"'));
  expect(remote.show('main', 'README.md')).toBe('values\n');
  expect(remote.history()[0]).toMatchObject({ run: 'r-7', phase: 'scale-up', parents: before, author: 'dcrctl' });
  expect(readdirSync(work)).toEqual(['sha']);
});

test('property 15: asked again it changes nothing and gives the commit in which the values are so', async () => {
  await set(UP);
  const after = remote.push({ 'other.yaml': 'a: 1\n' }, 'something else');
  const { code, stdout } = await set([...UP, '--format', 'json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ changed: false, sha: after });
  expect(remote.history()).toHaveLength(3);
});

test('property 15: six that push at once all succeed, nothing is lost and nothing is forced', async () => {
  await set(UP);
  remote.hook('post-receive', 'sleep 0.1');
  const pushes = Array.from({ length: 6 }, (_, n) => set([`farmers.replicas=${n + 2}`, '--phase', 'scale-up']));
  const results = await Promise.all(pushes);
  expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0]);
  const history = remote.history();
  // One line of history: every commit has one parent, the one before it.
  for (const [index, { parents }] of history.slice(0, -1).entries()) expect(parents).toBe(history[index + 1]?.sha);
  const last = results.map(({ stdout }) => /^committed (\w+) .*replicas=(\d)/.exec(stdout)).find((found) => found?.[1] === remote.tip);
  expect(remote.show()).toContain(`replicas: ${last?.[2]} # nights need 40`);
  expect(history.filter(({ phase }) => phase === 'scale-up')).toHaveLength(7);
});

test('property 15: replicas that a person raises in the middle of a run are still there after its scale-down', async () => {
  await set(UP);
  remote.edit((values) => values.replace('replicas: 20', 'replicas: 40'), 'more farmers');
  expect((await set(DOWN)).code).toBe(0);
  expect(remote.show()).toBe(VALUES.replace('runId: ""', 'runId: "r-7"').replace('replicas: 20', 'replicas: 40'));
});

test('a person who pushes between fetch and push is not overwritten: the commit is made again on the new tip', async () => {
  // The first push finds that somebody was faster: the hook lets another commit in and then refuses.
  const raced = join(processes.dir, 'raced');
  remote.hook(
    'pre-receive',
    `[ -e ${raced} ] && exit 0; touch ${raced}; unset GIT_QUARANTINE_PATH; tree=$(git rev-parse main^{tree}); git update-ref refs/heads/main $(git -c user.name=a -c user.email=a commit-tree -p main -m faster $tree); exit 0`,
  );
  const { code, stderr } = await set(UP);
  expect({ code, stderr }).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('Others pushed in between (attempt 1 of 10)') as never,
  });
  expect(remote.history().map(({ subject }) => subject.split(':')[0])).toEqual(['dcr express-7', 'faster', 'first values']);
});

test('property 15: a run whose id git does not name takes nothing down: cleanup does nothing, another phase is refused', async () => {
  remote.edit((values) => values.replace('runId: ""', 'runId: "r-8"').replace('enabled: false', 'enabled: true'), 'by hand');
  const before = remote.tip;
  expect(await set(['farmers.enabled=false', '--phase', 'cleanup'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('nothing to clean up: git says dcr.runId is r-8, this is run r-7') as never,
  });
  expect(await set(DOWN)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^SUPERSEDED: scale-down: git says dcr.runId is r-8/) as never,
  });
  expect(remote.tip).toBe(before);
  expect(await set([...DOWN, '--any-run'])).toMatchObject({ code: 0 });
  expect(remote.show()).toContain('enabled: false');
});

test('what the server refuses is exit 2 with its words, and is not tried ten times', async () => {
  const count = join(processes.dir, 'count');
  remote.hook('pre-receive', `echo x >> ${count}; echo "only charts/dcr/env may be changed by bots" >&2; exit 1`);
  const { code, stderr } = await set(UP);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^REFUSED: git push .*only charts\/dcr\/env may be changed by bots/s);
  expect(readFileSync(count, 'utf8')).toBe('x\n');
});

test.each([
  ['a remote that is not there', { 'git-url': 'file:///nonexistent/values.git' }, 3, /^UNREACHABLE: git fetch .*Check --git-url/s],
  ['a host that does not answer', { 'git-url': 'git://127.0.0.1:1/values.git' }, 3, /^UNREACHABLE: git fetch .*refused/s],
  ['a branch that is not there', { 'git-branch': 'release' }, 2, /^REFUSED: git fetch .*release/s],
  ['a file that is not there', { 'git-file': 'charts/dcr/env/dev.yaml' }, 2, /^REFUSED: charts\/dcr\/env\/dev\.yaml: no such file/],
])('%s is told', async (_what, options, code, stderr) => {
  expect(await set(UP, options)).toMatchObject({ code, stderr: expect.stringMatching(stderr) as never });
});

test.each([
  [['farmers.enabled=yes']],
  [['farmers.replicas=1']],
  [['farmers.replicas=101']],
  [['probe.command=rm']],
  [['dcr.runId=other']],
  [['farmers.enabled=true', 'farmers.enabled=false']],
])('%p is wrong usage: exit 1, nothing is pushed', async (assignments) => {
  const before = remote.tip;
  expect(await set([...assignments, '--phase', 'scale-up'])).toMatchObject({ code: 1, stderr: expect.stringMatching(/^USAGE: /) as never });
  expect(remote.tip).toBe(before);
});

test.each([
  { 'run-id': '../x' },
  { 'run-id': 'a b' },
  { phase: 'Scale Up' },
  { 'git-url': '--upload-pack=touch /tmp/x' },
  { 'git-file': '../secrets.yaml' },
  { 'git-url': 'https://bot:secret-token@git.example/values.git' },
] as Record<string, string>[])('a setting that could reach further (%p) is refused without its secret', async (options) => {
  const result = await set(['farmers.enabled=false'], { phase: 'cleanup', ...options });
  expect(result.code).toBe(1);
  expect(result.stderr).not.toContain('secret-token');
});

test('over ssh: the key is copied for ssh alone, only the known host is trusted, and nothing is asked', async () => {
  const seen = join(processes.dir, 'ssh-args');
  const bin = join(processes.dir, 'bin');
  mkdirSync(bin);
  // In the place of ssh: notes how it was called, and runs the server's side here.
  writeFileSync(
    join(bin, 'ssh'),
    `#!/bin/sh\nfor arg in "$@"; do echo "$arg" >> ${seen}; [ "$last" = "-i" ] && { stat -c %a "$arg" >> ${seen}; cat "$arg" >> ${seen}; }; last="$arg"; done\nfor command in "$@"; do :; done\nexec sh -c "$command"\n`,
  );
  chmodSync(join(bin, 'ssh'), 0o755);
  const key = processes.file('key', 'PRIVATE KEY\n');
  chmodSync(key, 0o644);
  const hosts = processes.file('hosts', 'git.example ssh-ed25519 AAAA\n');
  const options = { 'git-url': `ssh://git@git.example${remote.dir}`, 'ssh-key-file': key, 'known-hosts-file': hosts };
  expect(await set(UP, options, { PATH: `${bin}:${process.env.PATH}` })).toMatchObject({ code: 0 });
  expect(remote.history()[0]?.run).toBe('r-7');
  const args = readFileSync(seen, 'utf8').split('\n');
  for (const wanted of [
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile=${hosts}`,
    'IdentitiesOnly=yes',
    '600',
    'PRIVATE KEY',
    'git@git.example',
  ])
    expect(args).toContain(wanted);
  expect(existsSync(join(work, 'ssh-key'))).toBe(false);
  expect(readdirSync(work)).toEqual([]);
});

test('a key without known hosts is refused before anything is tried', async () => {
  const key = processes.file('key', 'PRIVATE KEY\n');
  expect(await set(UP, { 'ssh-key-file': key })).toMatchObject({ code: 1, stderr: expect.stringContaining('--known-hosts-file') as never });
  rmSync(key);
});
