import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ROOT, say } from './run.mjs';

const HELPER_GRACE_MS = 2_000;
const PARENT_CHECK_MS = 500;

/**
 * The processes of `npm start`. The router stops first, with its grace; then the rest. A second signal kills at once.
 * Children have process groups of their own, so that Ctrl-C reaches them through us and in this order.
 */
export class Children {
  #router;
  #others = new Set();
  #stopping = false;
  #exitCode = 0;

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.on(signal, () => {
        if (this.#stopping) this.#kill('SIGKILL');
        else this.stop(0);
      });
    process.on('exit', () => this.#kill('SIGKILL'));
    this.#stopWithNpm();
  }

  start(args, role) {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], detached: true });
    if (role === 'router') this.#router = child;
    else this.#add(child);
    if (role === 'router') child.once('exit', (code, signal) => this.#routerGone(code ?? (signal ? 1 : 0)));
    return child;
  }

  /** Starts a helper that says where it is in one line of JSON; what it prints later is shown. */
  firstLine(args) {
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    this.#add(child);
    return new Promise((done) => {
      child.once('exit', (code) => {
        if (this.#stopping) return;
        say(`${args[0]} ended by itself (exit ${code}); stopping.`);
        this.stop(1);
      });
      const lines = createInterface(child.stdout);
      lines.once('line', (line) => {
        done(JSON.parse(line));
        lines.on('line', say);
      });
    });
  }

  stop(exitCode) {
    this.#stopping = true;
    this.#exitCode = exitCode;
    if (this.#router && this.#router.exitCode === null && this.#router.signalCode === null) this.#router.kill('SIGTERM');
    else this.#end();
  }

  /** npm runs us in a shell; a signal to npm alone ends that shell and never reaches us, but then we have another parent. */
  #stopWithNpm() {
    const parent = process.ppid;
    if (process.env.npm_lifecycle_event === undefined) return;
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      this.stop(0);
    }, PARENT_CHECK_MS);
    watch.unref();
  }

  #add(child) {
    this.#others.add(child);
    child.once('exit', () => this.#others.delete(child));
  }

  #routerGone(code) {
    if (!this.#stopping) {
      this.#exitCode = code;
      if (code !== 0) say(`The router ended with exit ${code}; its message is above.`);
    } else if (code !== 0 && this.#exitCode === 0) this.#exitCode = code;
    this.#stopping = true;
    this.#end();
  }

  #end() {
    process.exitCode = this.#exitCode;
    if (this.#others.size === 0) process.exit();
    for (const child of this.#others) {
      child.once('exit', () => this.#others.size === 0 && process.exit());
      child.kill('SIGTERM');
    }
    setTimeout(() => process.exit(), HELPER_GRACE_MS).unref();
  }

  #kill(signal) {
    for (const child of [this.#router, ...this.#others])
      if (child && child.exitCode === null && child.signalCode === null) child.kill(signal);
  }
}
