import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/**
 * Runs a program with our standard streams; resolves with its exit code (128 + signal when killed, 127 when it is not there).
 * `watch`: sees every chunk of its stderr, which is still shown. `timeoutMs`: killed after that, code 124.
 */
export function run(command, args, { cwd = ROOT, env = {}, watch, timeoutMs } = {}) {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', watch ? 'pipe' : 'inherit'] });
    let late = false;
    const timer = timeoutMs && setTimeout(() => (late = child.kill('SIGKILL')), timeoutMs);
    child.stderr?.on('data', (chunk) => {
      process.stderr.write(chunk);
      watch(String(chunk));
    });
    child.on('error', () => done(127));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      done(late ? 124 : (code ?? (signal === 'SIGINT' ? 130 : 137)));
    });
  });
}

/** What a short command prints; undefined when it fails or is not there. */
export function ask(command, args) {
  return new Promise((done) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.on('error', () => done(undefined));
    child.on('close', (code) => done(code === 0 ? text.trim() : undefined));
  });
}

/** npm as the one that started us, else the one on the path. */
export function npm(args, options) {
  const script = process.env.npm_execpath;
  return script && /npm-cli\.c?js$/.test(script) ? run(process.execPath, [script, ...args], options) : run('npm', args, options);
}

export function say(text) {
  process.stdout.write(`${text}\n`);
}

/** Is the module the script that was started, and not one that it imports? Also when it is started through a link. */
export function isMain(url) {
  const started = process.argv[1];
  return started !== undefined && url === pathToFileURL(realpathSync(started)).href;
}
