import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = new URL(import.meta.url.endsWith('.ts') ? '../../' : '../../../', import.meta.url).pathname;

/** A port that was free a moment ago, on loopback. A fixed one is needed where a router is killed and started again under the same address. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export interface SandboxUrls {
  readonly slack: string;
  readonly jira: string;
  readonly sre: string;
}

/** Child processes and folders of one test; `close` ends and removes all of them. */
export class Processes {
  readonly dir = mkdtempSync(join(tmpdir(), 'sre-router-'));
  readonly #children = new Set<ChildProcess>();

  /** Runs a built script; its output is kept for error messages. */
  start(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
    return this.run(process.execPath, ['--enable-source-maps', join(ROOT, script), ...args], env);
  }

  run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
    const process_ = spawn(command, args, {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.add(process_);
    process_.once('exit', () => this.#children.delete(process_));
    return new Child(process_);
  }

  /** The three stand-in servers, in a process of their own. */
  async sandbox(): Promise<SandboxUrls> {
    const child = this.start('test/dist/sandbox/main.js', []);
    return JSON.parse(await child.firstLine()) as SandboxUrls;
  }

  file(name: string, text: string): string {
    const path = join(this.dir, name);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#children].map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        child.kill('SIGKILL');
        await once(child, 'exit');
      }),
    );
    rmSync(this.dir, { recursive: true, force: true });
  }
}

export class Child {
  readonly process: ChildProcess;
  output = '';

  constructor(child: ChildProcess) {
    this.process = child;
    const keep = (chunk: Buffer): void => {
      this.output = (this.output + chunk.toString()).slice(-200_000);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
  }

  get exited(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  async firstLine(): Promise<string> {
    while (!this.output.includes('\n')) {
      if (this.exited) throw new Error(`The process ended before its first line:\n${this.output}`);
      await Promise.race([once(this.process.stdout ?? this.process, 'data'), once(this.process, 'exit')]);
    }
    return this.output.slice(0, this.output.indexOf('\n'));
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    if (this.exited) return this.process.exitCode;
    const exit = once(this.process, 'exit');
    this.process.kill(signal);
    await exit;
    return this.process.exitCode;
  }
}

export interface RouterOptions {
  /** Mapping files: name → content. */
  readonly mappings: Readonly<Record<string, unknown>>;
  readonly sandbox: SandboxUrls;
  readonly port: number;
  /** Merged over the configuration, a level deep. */
  readonly config?: Readonly<Record<string, Record<string, unknown>>>;
  readonly destinations?: Readonly<Record<string, Record<string, unknown>>>;
  /** Of the configuration's file, where one test writes several. Default config. */
  readonly name?: string;
}

/** Writes mappings and configuration of a router into the test's folder; returns the configuration's path. */
export function writeRouter(processes: Processes, options: RouterOptions): string {
  const mappings = mkdtempSync(join(processes.dir, 'mappings-'));
  for (const [name, content] of Object.entries(options.mappings)) writeFileSync(join(mappings, name), JSON.stringify(content));
  const tokenFile = processes.file('token', 'xoxb-sandbox\n');
  const { sandbox } = options;
  const destinations: Record<string, Record<string, unknown>> = {
    slack: { kind: 'slack', tokenFile, baseUrl: sandbox.slack, settle: '200ms', budget: { perSecond: 10_000, per: 'channel' } },
    jira: { kind: 'jira', version: 3, auth: 'basic', baseUrl: sandbox.jira, email: 'router@sandbox.example', tokenFile, settle: '200ms' },
    sre: { kind: 'sre', baseUrl: sandbox.sre, tokenFile, idempotency: { header: 'Idempotency-Key', keepFor: '24h' } },
  };
  for (const [name, change] of Object.entries(options.destinations ?? {})) destinations[name] = { ...destinations[name], ...change };
  const config: Record<string, unknown> = {
    http: { host: '127.0.0.1', port: options.port },
    log: { kind: 'embedded', dir: join(processes.dir, 'data') },
    mappings,
    destinations,
    ...options.config,
  };
  return processes.file(`${options.name ?? 'config'}.yaml`, JSON.stringify(config, null, 2));
}

/** Asks again until `look` gives something, the router dies, or the time is over. The one place where tests of real processes poll. */
export async function until<T>(what: string, look: () => Promise<T | undefined>, withinMs = 30_000, child?: Child): Promise<T> {
  const deadlineMs = Date.now() + withinMs;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    if (child?.exited === true) throw new Error(`The process ended while waiting for ${what}:\n${child.output.slice(-4_000)}`);
    if (Date.now() > deadlineMs) throw new Error(`${what}: not within ${withinMs} ms.\n${child?.output.slice(-4_000) ?? ''}`);
    await new Promise((again) => setTimeout(again, 20));
  }
}

export async function startRouter(
  processes: Processes,
  configFile: string,
  port: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const child = processes.start('runtime/dist/cli.js', ['serve', '--config', configFile], env);
  await until(
    'the router to be ready',
    async () => ((await fetch(`http://127.0.0.1:${port}/readyz`)).ok ? true : undefined),
    30_000,
    child,
  );
  return child;
}
