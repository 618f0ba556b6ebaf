import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { npm, run } from './run.mjs';

const SUITE = 'bookworm';
const NPM_VERSION = '11.6.2';
/** Where the base image lies in the tool's folder, and what tests call it. */
export const BASE_IMAGE = 'localhost/node-base:test';
export const buildah = (store, ...args) => ['--root', store, '--runroot', `${store}-run`, '--storage-driver', 'overlay', ...args];

/**
 * An image such as node:<LTS>-bookworm-slim, made on this machine, since no registry of images need be in reach: Debian's smallest system, Node at
 * /usr/local/bin, npm. Left in a store of buildah under `folder`. Resolves with an exit code.
 */
export async function makeImageBase(folder, { nodePackage, nodeVersion }) {
  const rootfs = join(folder, 'rootfs');
  const local = join(rootfs, 'usr', 'local');
  const store = join(folder, 'store');
  const steps = [
    () => run('debootstrap', ['--variant=minbase', SUITE, rootfs], { quiet: true }),
    () =>
      npm(['install', '--prefix', join(folder, 'node'), ...NO_EXTRAS, `${nodePackage}@${nodeVersion}`, `npm@${NPM_VERSION}`], {
        cwd: folder,
      }),
    () => {
      const modules = join(folder, 'node', 'node_modules');
      mkdirSync(join(local, 'lib', 'node_modules'), { recursive: true });
      cpSync(join(modules, nodePackage, 'bin', 'node'), join(local, 'bin', 'node'));
      cpSync(join(modules, 'npm'), join(local, 'lib', 'node_modules', 'npm'), { recursive: true });
      return run('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin', 'npm')]);
    },
    () => run('chroot', [rootfs, 'apt-get', 'clean']),
    () =>
      run('sh', [
        '-c',
        `printf 'FROM scratch\\nADD rootfs /\\nENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\\n' > ${join(folder, 'Containerfile')}`,
      ]),
    () => run('buildah', buildah(store, 'bud', '-q', '--isolation', 'chroot', '-t', BASE_IMAGE, folder)),
  ];
  for (const step of steps) {
    const code = await step();
    if (code !== 0) return code;
  }
  rmSync(rootfs, { recursive: true });
  rmSync(join(folder, 'node'), { recursive: true });
  return 0;
}

const NO_EXTRAS = ['--no-save', '--no-audit', '--no-fund', '--no-package-lock'];
