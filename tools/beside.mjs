import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ROOT } from './run.mjs';

/**
 * Starts a script that serves all tests of a tier, and resolves with what its first line says (undefined: it ended before) and `stop`.
 * The script ends itself when its standard input does, so that nothing stays behind when this process is killed.
 */
export async function startBeside(script, env) {
  const child = spawn(process.execPath, ['--enable-source-maps', script], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  let said = '';
  const first = new Promise((resolve) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      if (said.includes('\n')) resolve(said.slice(0, said.indexOf('\n')));
    });
    child.stdout.on('end', () => resolve(undefined));
  });
  return {
    said: await first,
    async stop() {
      child.stdin.end();
      await exit;
    },
  };
}
