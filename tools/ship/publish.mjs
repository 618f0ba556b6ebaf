import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT, say } from '../run.mjs';

/**
 * Publishes a packed tarball to an index, once: a version that is there is never replaced.
 * Exit codes: 0 published; 1 refused, the index has this version; 2 wrong usage, or the index does not answer.
 */
const USAGE =
  'node tools/ship/publish.mjs --index URL [--tarball FILE (default build/sre-router-<version>.tgz)] [--tag NAME (default latest)]';

/** npm's own patience with an index that is not there is over a minute. */
const ONCE_MORE = ['--fetch-retries=1', '--fetch-retry-mintimeout=1000'];

const npm = (args) => spawnSync('npm', [...args, '--loglevel=error'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** What the index says of this version: there, absent, or undefined with the reason. */
function lookUp(name, version, index) {
  const { status, stdout, stderr } = npm([
    'view',
    `${name}@${version}`,
    'version',
    '--json',
    '--registry',
    index,
    '--prefer-online',
    ...ONCE_MORE,
  ]);
  if (status === 0) return { there: stdout.trim() !== '' };
  return /\bE404\b/.test(stdout + stderr) ? { there: false } : { why: (stderr || stdout).trim() };
}

function main() {
  const { version, name } = JSON.parse(readFileSync(join(ROOT, 'runtime', 'package.json'), 'utf8'));
  let given;
  try {
    given = parseArgs({
      options: { index: { type: 'string' }, tarball: { type: 'string' }, tag: { type: 'string', default: 'latest' } },
    }).values;
  } catch (error) {
    say(`${error.message}\n${USAGE}`);
    return 2;
  }
  const { index, tarball = join(ROOT, 'build', `${name}-${version}.tgz`), tag } = given;
  if (!/^https?:\/\//.test(index ?? '')) {
    say(`--index: expected the URL of a package index, received ${JSON.stringify(index)}.\n${USAGE}`);
    return 2;
  }
  const packed = spawnSync('tar', ['-xzOf', tarball, 'package/package.json'], { encoding: 'utf8' });
  if (packed.status !== 0) {
    say(`${tarball} cannot be read: ${packed.stderr.trim()} Run node tools/ship/pack.mjs first.`);
    return 2;
  }
  const what = JSON.parse(packed.stdout);
  const { there, why } = lookUp(what.name, what.version, index);
  if (why !== undefined) {
    say(`The index does not say whether it has ${what.name} ${what.version}; nothing was published.\n${why}`);
    return 2;
  }
  if (there) {
    say(`${what.name} ${what.version} is in the index already and stays as it is. Make a new version: node tools/ship/release.mjs patch.`);
    return 1;
  }
  const { status, stdout, stderr } = npm(['publish', tarball, '--registry', index, '--tag', tag]);
  if (status !== 0) {
    say(stderr || stdout);
    // The index itself refuses what another publisher was faster with.
    return /\b(E403|E409|EPUBLISHCONFLICT)\b|previously published|already present/i.test(stderr) ? 1 : 2;
  }
  say(`published ${what.name} ${what.version}`);
  return 0;
}

process.exitCode = main();
