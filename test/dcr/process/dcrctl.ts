import { once } from 'node:events';
import type { Child, Processes } from '#test/support/processes.js';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options as DCRCTL_<NAME> variables, as a workflow's pods get them. */
export const asEnv = (options: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(options).map(([name, value]) => [`DCRCTL_${name.toUpperCase().replaceAll('-', '_')}`, value]));

export class Dcrctl {
  readonly child: Child;
  readonly ended: Promise<Ran>;
  stdout = '';
  stderr = '';

  constructor(processes: Processes, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = processes.start('runtime/bin/dcrctl.js', args, env);
    const { process } = this.child;
    process.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString();
    });
    process.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString();
    });
    this.ended = once(process, 'close').then(() => ({ code: process.exitCode, stdout: this.stdout, stderr: this.stderr }));
  }
}

/** A real dcrctl, to its end. */
export const dcrctl = (processes: Processes, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
  new Dcrctl(processes, args, env).ended;
