import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isMain, ROOT, say } from '../run.mjs';
import { writeSbom } from './sbom.mjs';
import { stage } from './stage.mjs';

const kB = (bytes) => `${Math.round(bytes / 1_000)} kB`;

/**
 * Packs the npm package into `to`, laid out in its folder `package`. Resolves with what npm tells of it (files with their sizes, size, unpackedSize), the path
 * of the tarball, the bill of materials (written beside it), the published manifest, and the packages whose parts are inside. Needs a build.
 */
export async function pack({ to = join(ROOT, 'build') } = {}) {
  const folder = join(to, 'package');
  const { manifest, bundled } = await stage(folder);
  const text = execFileSync('npm', ['pack', folder, '--json', '--pack-destination', to, '--loglevel=error'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // npm 11 tells of one package by its name, older ones of a list.
  const [told] = Object.values(JSON.parse(text));
  const tarball = join(to, told.filename);
  const sbom = writeSbom(tarball.replace(/\.tgz$/, '.cdx.json'), { folder, manifest, bundled });
  return { ...told, manifest, bundled, sbom, tarball };
}

if (isMain(import.meta.url)) {
  const { to } = parseArgs({ options: { to: { type: 'string' } } }).values;
  const { tarball, files, size, unpackedSize, bundled, sbom } = await pack(to === undefined ? {} : { to: resolve(to) });
  say(`${tarball}: ${kB(size)}, unpacked ${kB(unpackedSize)}, ${files.length} files`);
  say(`${sbom.components.length} components in ${tarball.replace(/\.tgz$/, '.cdx.json')}`);
  say(`inside: ${bundled.map(({ name, version, licence }) => `${name} ${version} (${licence})`).join(', ')}`);
}
