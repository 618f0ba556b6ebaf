import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Child, Processes } from '#test/support/processes.js';
import type { ImageConfig } from './image-store.js';

const run = promisify(execFile);
const MEMORY_BYTES = 512 * 1_048_576;
/** Nobody: in no passwd file, as Kubernetes' runAsUser usually is. */
export const UID = 65_532;

export interface ContainerOptions {
  readonly rootfs: string;
  readonly image: ImageConfig;
  /** In place of the image's CMD. */
  readonly args?: readonly string[];
  /** In place of ENTRYPOINT and CMD. */
  readonly command?: readonly string[];
  /** Path in the container → folder or file of this machine. */
  readonly volumes?: Readonly<Record<string, { readonly source: string; readonly writable?: boolean }>>;
  /** Folders in memory. */
  readonly tmpfs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A process in the image's root under runc, as a strict pod has it: uid 65532, the root read-only, no capability, no new privileges, its own process table (the
 * command is process 1), 512 MiB. The network is this machine's, so that it reaches the stand-in servers on loopback.
 */
export class Container {
  readonly child: Child;
  readonly #id: string;
  readonly #state: string;

  constructor(processes: Processes, options: ContainerOptions) {
    const bundle = mkdtempSync(join(processes.dir, 'bundle-'));
    this.#state = join(processes.dir, 'runc');
    mkdirSync(this.#state, { recursive: true });
    this.#id = bundle.slice(bundle.lastIndexOf('/') + 1);
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(specOf(options)));
    this.child = processes.run('runc', ['--root', this.#state, 'run', '--bundle', bundle, this.#id]);
  }

  /** Its end: the exit code. */
  async end(): Promise<number | null> {
    const { process } = this.child;
    if (!this.child.exited) await new Promise((done) => process.once('exit', done));
    return process.exitCode;
  }

  /** To process 1, as a kubelet sends it. */
  async signal(name: 'TERM' | 'KILL'): Promise<void> {
    await run('runc', ['--root', this.#state, 'kill', this.#id, name]);
  }

  /** Another command in the same container; its exit code. */
  async exec(command: readonly string[]): Promise<number> {
    return run('runc', ['--root', this.#state, 'exec', this.#id, ...command]).then(
      () => 0,
      (error: { code: number }) => error.code,
    );
  }

  async close(): Promise<void> {
    await run('runc', ['--root', this.#state, 'delete', '--force', this.#id]).catch(() => undefined);
  }
}

function specOf({ rootfs, image, args, command, volumes = {}, tmpfs = [], env = {} }: ContainerOptions): object {
  const mount = (destination: string, type: string, source: string, options: readonly string[]): object => ({
    destination,
    type,
    source,
    options,
  });
  return {
    ociVersion: '1.0.2',
    root: { path: rootfs, readonly: true },
    hostname: 'router-0',
    process: {
      terminal: false,
      user: { uid: UID, gid: UID },
      args: command ?? [...image.Entrypoint, ...(args ?? image.Cmd)],
      env: [...image.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      cwd: image.WorkingDir,
      capabilities: {},
      noNewPrivileges: true,
    },
    mounts: [
      mount('/proc', 'proc', 'proc', ['nosuid', 'noexec', 'nodev']),
      mount('/dev', 'tmpfs', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=64k']),
      ...tmpfs.map((path) => mount(path, 'tmpfs', 'tmpfs', ['nosuid', 'nodev', 'mode=1777', 'size=64m'])),
      ...Object.entries(volumes).map(([path, { source, writable = false }]) =>
        mount(path, 'bind', source, ['rbind', writable ? 'rw' : 'ro']),
      ),
    ],
    linux: {
      namespaces: ['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      resources: { memory: { limit: MEMORY_BYTES } },
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}
