import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Processes } from '#test/support/processes.js';
import { ROOT } from './main-job.js';

interface Packed {
  readonly files: readonly { readonly path: string; readonly size: number }[];
  readonly size: number;
  readonly unpackedSize: number;
  readonly manifest: { readonly bin: Record<string, string>; readonly dependencies: Record<string, string> };
  readonly bundled: readonly { readonly name: string; readonly version: string; readonly licence: string }[];
  readonly tarball: string;
}

interface Sbom {
  readonly bomFormat: string;
  readonly metadata: { readonly component: { readonly name: string; readonly version: string } };
  readonly components: readonly {
    readonly 'bom-ref': string;
    readonly name: string;
    readonly version: string;
    readonly licenses?: object[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** Every kind of file that the package may hold. */
const SHAPE = [
  /^(package\.json|npm-shrinkwrap\.json|README\.md|LICENSE|THIRD-PARTY-NOTICES\.md|mapping\.schema\.json)$/,
  /^bin\/[a-z-]+\.js$/,
  /^dist\/([a-z0-9-]+\/)*[a-z0-9-]+\.(js|d\.ts)$/,
];
const NEEDED = ['bin/sre-router.js', 'bin/dcrctl.js', 'dist/cli.js', 'dist/dcrctl.js', 'dist/serve.d.ts', 'dist/log/verify-main.js'];
const MAX_TARBALL_BYTES = 500_000;
const MAX_UNPACKED_BYTES = 2_200_000;

const processes = new Processes();
let packed: Packed;
const read = (file: string): string => readFileSync(join(processes.dir, 'package', file), 'utf8');

beforeAll(async () => {
  const { pack } = (await import(pathToFileURL(`${ROOT}tools/ship/pack.mjs`).href)) as { pack(to: object): Promise<Packed> };
  packed = await pack({ to: processes.dir });
}, 60_000);
afterAll(() => processes.close());

test('the package holds what the commands and exports reach, and no map, source or test', () => {
  const paths = packed.files.map(({ path }) => path);
  expect(paths.filter((path) => !SHAPE.some((kind) => kind.test(path)))).toEqual([]);
  expect(NEEDED.filter((path) => !paths.includes(path))).toEqual([]);
  // Of the simulation alone.
  expect(paths.filter((path) => /memory/.test(path))).toEqual([]);
  process.stdout.write(
    `sre-router: ${packed.files.length} files, ${Math.round(packed.size / 1_000)} kB packed, ${Math.round(packed.unpackedSize / 1_000)} kB unpacked\n`,
  );
  expect(packed.size).toBeLessThan(MAX_TARBALL_BYTES);
  expect(packed.unpackedSize).toBeLessThan(MAX_UNPACKED_BYTES);
});

test('every dependency is used by the packed code, and every package that the code names is one', () => {
  const named = new Set(
    packed.files
      .filter(({ path }) => path.endsWith('.js'))
      .flatMap(({ path }) => [...read(path).matchAll(/^(?:import|export)[^'"]*?from ['"]([^'"]+)['"]|\bimport\(['"]([^'"]+)['"]\)/gm)])
      .map(([, from, dynamic]) => from ?? dynamic ?? '')
      .filter((name) => !/^(\.|node:|#)/.test(name))
      .map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      ),
  );
  expect([...named].filter((name) => !builtinModules.includes(name)).sort()).toEqual(Object.keys(packed.manifest.dependencies).sort());
});

test('the parts of SDKs inside are named with their versions and licences', () => {
  const text = read('THIRD-PARTY-NOTICES.md');
  expect(packed.bundled.map(({ name }) => name)).toEqual(expect.arrayContaining(['jira.js', 'axios', '@slack/web-api']));
  for (const { name, version, licence } of packed.bundled) {
    expect(text).toContain(`## ${name} ${version} (${licence})`);
    expect({ name, licence }).toEqual({ name, licence: expect.stringMatching(/^(MIT|ISC|BSD-[23]-Clause|Apache-2\.0)$/) });
  }
  expect(text.match(/Copyright/g)?.length).toBeGreaterThanOrEqual(packed.bundled.length);
});

test('the bill of materials names all that is installed or inside, each with version and licence', () => {
  const sbom = JSON.parse(readFileSync(packed.tarball.replace(/\.tgz$/, '.cdx.json'), 'utf8')) as Sbom;
  const { version } = JSON.parse(read('package.json')) as { version: string };
  expect(sbom).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'sre-router', version } } });
  const lock = JSON.parse(read('npm-shrinkwrap.json')) as { packages: Record<string, { version: string }> };
  const locked = Object.entries(lock.packages).map(([path, entry]) => `${path.split('node_modules/').at(-1)}@${entry.version}`);
  const inside = packed.bundled.map((part) => `${part.name}@${part.version}`);
  const listed = sbom.components.map((component) => `${component.name}@${component.version}`);
  expect([...locked.slice(1), ...inside].filter((one) => !listed.includes(one))).toEqual([]);
  expect(sbom.components.filter(({ licenses }) => licenses === undefined || licenses.length === 0)).toEqual([]);
  const refs = sbom.dependencies.map(({ ref }) => ref);
  expect(sbom.components.filter((component) => !refs.includes(component['bom-ref']))).toEqual([]);
});

test('neither the manifest nor the lock tells where packages came from, and the lock has each with its integrity', () => {
  const lock = JSON.parse(read('npm-shrinkwrap.json')) as { packages: Record<string, Record<string, unknown>> };
  const entries = Object.entries(lock.packages).filter(([path]) => path !== '');
  expect(
    entries.filter(([, entry]) => entry.resolved !== undefined || entry.dev !== undefined || typeof entry.integrity !== 'string'),
  ).toEqual([]);
  expect(JSON.parse(read('package.json'))).not.toHaveProperty('private');
  expect(JSON.parse(read('package.json'))).not.toHaveProperty('devDependencies');
});
