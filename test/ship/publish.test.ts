import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { freePort, Processes, until, writeRouter } from '#test/support/processes.js';
import { MAC, passesTheMainJob, ROOT } from './main-job.js';
import { must, PackageIndex, ran } from './package-index.js';

/** What `npm install sre-router` may put on a disk (bytes of files, Linux x64); a third of it is the native store for each kind of Node. */
const MAX_INSTALLED_BYTES = 55_000_000;

const processes = new Processes();
const { version } = JSON.parse(readFileSync(`${ROOT}runtime/package.json`, 'utf8')) as { version: string };
let index: PackageIndex;
let tarball: string;
let installed: string;

const publish = (...args: string[]): ReturnType<typeof ran> =>
  ran(process.execPath, [`${ROOT}tools/ship/publish.mjs`, '--tarball', tarball, ...args], { env: index.env });

beforeAll(async () => {
  index = await PackageIndex.start(processes);
  await must(process.execPath, [`${ROOT}tools/ship/pack.mjs`, '--to', processes.dir]);
  tarball = join(processes.dir, `sre-router-${version}.tgz`);
  expect(await publish('--index', index.url)).toMatchObject({
    code: 0,
    output: expect.stringContaining(`published sre-router ${version}`),
  });
  installed = join(processes.dir, 'somewhere');
  mkdirSync(installed);
  await must('npm', ['install', '--no-audit', '--no-fund', `sre-router@${version}`], { cwd: installed, env: index.env });
}, 120_000);
afterAll(() => processes.close());

/** Bytes of all files below a folder. */
function bytesOf(folder: string): number {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

test('a version that the index has is never replaced', async () => {
  const before = await ran('npm', ['view', 'sre-router', 'dist.integrity', '--prefer-online'], { env: index.env });
  const again = await publish('--index', index.url);
  expect(again).toMatchObject({ code: 1, output: expect.stringContaining('stays as it is') });
  expect(await ran('npm', ['view', 'sre-router', 'dist.integrity', '--prefer-online'], { env: index.env })).toEqual(before);
});

test('an index that does not answer, and a wrong call, publish nothing and say why', async () => {
  const port = await freePort();
  expect(await publish('--index', `http://127.0.0.1:${port}/`)).toMatchObject({
    code: 2,
    output: expect.stringContaining('nothing was published'),
  });
  expect(await publish('--index', 'npm')).toMatchObject({
    code: 2,
    output: expect.stringContaining('expected the URL of a package index'),
  });
});

test('what is installed is what the repository locked', () => {
  const { packages } = JSON.parse(readFileSync(`${ROOT}package-lock.json`, 'utf8')) as {
    packages: Record<string, { version?: string; dev?: boolean; optional?: boolean }>;
  };
  const own = join(installed, 'node_modules');
  const versions = readdirSync(own, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.name === 'package.json' && /node_modules\/(@[^/]+\/)?[^/]+$/.test(entry.parentPath))
    .map((entry) => JSON.parse(readFileSync(join(entry.parentPath, entry.name), 'utf8')) as { name: string; version: string })
    .filter(({ name }) => name !== 'sre-router');
  const locked = new Set(
    Object.entries(packages).map(
      ([path, { version: at }]) => `${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)}@${at}`,
    ),
  );
  expect(versions.length).toBeGreaterThan(80);
  expect(versions.map(({ name, version: at }) => `${name}@${at}`).filter((one) => !locked.has(one))).toEqual([]);
});

test('the installed tree is small and has no SDK in whole', () => {
  const bytes = bytesOf(join(installed, 'node_modules'));
  process.stdout.write(
    `npm install sre-router: ${Math.round(bytes / 1_000_000)} MB on disk, ${readdirSync(join(installed, 'node_modules')).length} packages\n`,
  );
  expect(bytes).toBeLessThan(MAX_INSTALLED_BYTES);
  expect(
    readdirSync(join(installed, 'node_modules')).filter((name) => /^(jira\.js|axios|@slack|@types|typescript|jest)$/.test(name)),
  ).toEqual([]);
});

test('the installed package runs the main job: alerts in, message, ticket, task and reply out', async () => {
  const sandbox = await processes.sandbox();
  const port = await freePort();
  const config = writeRouter(processes, { mappings: { 'mac.json': MAC }, sandbox, port });
  const router = processes.run(join(installed, 'node_modules', '.bin', 'sre-router'), ['serve', '--config', config]);
  const url = `http://127.0.0.1:${port}`;
  await until('the installed router', async () => ((await fetch(`${url}/readyz`)).ok ? true : undefined), 30_000, router);
  await passesTheMainJob(url, sandbox);
  expect(await router.kill('SIGTERM')).toBe(0);
}, 60_000);

test('TypeScript finds the types of everything that the package exports', async () => {
  const { exports } = JSON.parse(readFileSync(join(installed, 'node_modules/sre-router/package.json'), 'utf8')) as {
    exports: Record<string, unknown>;
  };
  const modules = Object.entries(exports).flatMap(([name, entry]) => (typeof entry === 'object' ? name.replace('.', 'sre-router') : []));
  const imports = modules.map((name, at) => `import * as m${at} from '${name}';\nexport const n${at}: string[] = Object.keys(m${at});`);
  writeFileSync(
    join(installed, 'embed.ts'),
    `${imports.join('\n')}
import { KINDS } from 'sre-router/catalog';
import { loadConfig } from 'sre-router/config';
import { type RunningRouter, serve } from 'sre-router';
export const start = async (): Promise<RunningRouter> => serve(loadConfig({ file: 'router.yaml', env: {}, flags: {}, ...KINDS }));
`,
  );
  const tsc = await ran(
    process.execPath,
    [
      `${ROOT}node_modules/typescript/bin/tsc`,
      ...['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023', '--skipLibCheck'],
      ...['--typeRoots', `${ROOT}node_modules/@types`, '--types', 'node', 'embed.ts'],
    ],
    { cwd: installed },
  );
  expect(tsc).toEqual({ code: 0, output: '' });
  writeFileSync(join(installed, 'embed.mjs'), `${modules.map((name) => `await import('${name}');`).join('\n')}\nconsole.log('loaded');\n`);
  expect(await ran(process.execPath, ['embed.mjs'], { cwd: installed })).toEqual({ code: 0, output: 'loaded\n' });
});
