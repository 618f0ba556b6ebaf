import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm, ROOT, run, say } from './run.mjs';

/** As in package.json engines. */
const OLDEST = [20, 19];

/** 0, or the exit code. */
function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return 0;
  say(`Node ${OLDEST.join('.')} or newer is needed; this is ${process.versions.node} (${process.execPath}).`);
  say('Install the current LTS release (https://nodejs.org, or your version manager: nvm install --lts) and try again.');
  return 2;
}

/** Installs when node_modules is missing or belongs to another package-lock.json. */
async function install() {
  const lock = join(ROOT, 'package-lock.json');
  const stamp = join(ROOT, 'node_modules', '.lock-sha256');
  const installed = join(ROOT, 'node_modules', '.package-lock.json');
  const hash = createHash('sha256').update(readFileSync(lock)).digest('hex');
  const fresh = existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs;
  if (existsSync(stamp) ? readFileSync(stamp, 'utf8') === hash : fresh) return 0;
  say('Installing dependencies (npm ci); half a minute the first time…');
  const code = await npm(['ci', '--include=dev', '--no-audit', '--no-fund']);
  if (code === 0) writeFileSync(stamp, hash);
  else say('npm ci failed; its message is above. Without network, an earlier `npm ci` of the same lock file is needed.');
  return code;
}

function build() {
  return run(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-b', 'runtime', 'synth', 'test']);
}

/** Node version, dependencies, compiled code: what every command needs. Resolves with 0, or with an exit code after a message. */
export async function prepare() {
  const code = checkNode() || (await install());
  if (code !== 0) return code;
  const built = await build();
  if (built !== 0) say('The TypeScript build failed; the messages are above.');
  return built;
}
