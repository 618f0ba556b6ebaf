import { spawnSync } from 'node:child_process';
import { ROOT, say } from '../run.mjs';

/**
 * Checks that the index signed every installed package, and the provenance of those that have one (`npm audit signatures`). It needs npm's key service; where
 * that is out of reach nothing is proved, which is said, and with --required fails.
 * Exit codes: 0 all are right, or out of reach; 1 a signature is wrong or missing; 2 out of reach with --required.
 */
function main() {
  const { status, stdout, stderr } = spawnSync('npm', ['audit', 'signatures', '--fetch-retries=0', '--fetch-timeout=20000'], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 120_000,
  });
  const text = `${stdout ?? ''}${stderr ?? ''}`.trim();
  say(text);
  if (status === 0) return 0;
  const isOutOfReach = status === null || /\b(ENOTFOUND|ETIMEDOUT|ECONNREFUSED|ECONNRESET|EAI_AGAIN|E40[34])\b/.test(text);
  if (!isOutOfReach) return 1;
  say('NOT CHECKED: the signatures of packages, since the index or its key service is out of reach.');
  return process.argv.includes('--required') ? 2 : 0;
}

process.exitCode = main();
