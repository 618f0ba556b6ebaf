import { runCli } from '#runtime/cli/program.js';
import { type Clock, systemClock } from '#runtime/clock.js';

export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CliSetup {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly columns?: number;
  readonly clock?: Clock;
  readonly interrupted?: AbortSignal;
}

/** `sre-router <args>` in this process. */
export async function cli(args: readonly string[], setup: CliSetup = {}): Promise<CliRun> {
  let out = '';
  let err = '';
  const code = await runCli(args, {
    out(text) {
      out += text;
    },
    err(text) {
      err += text;
    },
    readStdin: () => Buffer.from(setup.stdin ?? '', 'utf8'),
    env: setup.env ?? {},
    columns: setup.columns,
    clock: setup.clock ?? systemClock,
    interrupted: setup.interrupted ?? new AbortController().signal,
    exitCode: 0,
  });
  return { code, out, err };
}
