import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ROOT } from '../run.mjs';
import { bundleSdk, notices } from './bundle-sdk.mjs';
import { shrinkwrapOf } from './lock.mjs';
import { reach } from './reach.mjs';

const RUNTIME = join(ROOT, 'runtime');
const AS_IT_IS = ['bin', 'README.md', 'LICENSE'];
/** Modules that hold an SDK: it goes into them, since npm would install fifty times what they use. */
const SDK_FILE = /-sdk\.js$/;

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));
const writeJson = (file, value) => writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);

/** Maps would point to sources that the package does not have. */
const withoutMap = (text) => text.replace(/\n\/\/# sourceMappingURL=\S+\s*$/, '\n');

/** runtime/package.json as it is published, and as `exports` divides: modules with types, and plain files. */
function readManifest() {
  const { private: _, devDependencies, ...manifest } = readJson(join(RUNTIME, 'package.json'));
  const entries = Object.values(manifest.exports);
  return {
    manifest,
    modules: entries.filter((entry) => typeof entry === 'object'),
    plain: entries.filter((entry) => typeof entry === 'string'),
  };
}

/**
 * Lays the package out in `folder` (made anew): what the commands and `exports` reach and nothing more, the SDKs inside, a lock of all that is installed with
 * it. Resolves with { manifest, bundled: [{ name, version, licence, … }] }. Needs a build.
 */
export async function stage(folder) {
  const { manifest, modules, plain } = readManifest();
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const name of AS_IT_IS) cpSync(join(RUNTIME, name), join(folder, name), { recursive: true });
  cpSync(join(ROOT, 'mappings', 'mapping.schema.json'), join(folder, 'mapping.schema.json'));

  const bins = Object.values(manifest.bin).map((file) => join(RUNTIME, file));
  const code = reach([...bins, ...modules.map((entry) => join(RUNTIME, entry.default))]);
  const declared = modules.map((entry) => join(RUNTIME, entry.types));
  const files = [...code, ...reach(declared, { typed: true })].filter((file) => file.startsWith(join(RUNTIME, 'dist')));
  for (const file of files) {
    const target = join(folder, relative(RUNTIME, file));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, withoutMap(readFileSync(file, 'utf8')));
  }

  const bundled = new Map();
  for (const file of code.filter((name) => SDK_FILE.test(name))) {
    const target = join(folder, relative(RUNTIME, file));
    const found = await bundleSdk(target, { root: ROOT, external: Object.keys(manifest.dependencies) });
    for (const part of found) bundled.set(`${part.name}@${part.version}`, part);
  }
  const inside = [...bundled.values()];
  writeFileSync(join(folder, 'THIRD-PARTY-NOTICES.md'), notices(inside));
  writeJson(join(folder, 'package.json'), manifest);
  writeJson(join(folder, 'npm-shrinkwrap.json'), shrinkwrapOf(readJson(join(ROOT, 'package-lock.json')), manifest));
  const missing = plain.filter((file) => !existsSync(join(folder, file)));
  if (missing.length > 0) throw new Error(`exports names ${missing.join(', ')}, which the package does not have`);
  return { manifest, bundled: inside };
}
