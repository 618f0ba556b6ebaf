import type { Flags } from './flags.js';
import type { OptionSpecs } from './options.js';
import type { Ports } from './ports.js';

/** One command of dcrctl. Its description is light; what it works with is loaded when it runs, so that a probe starts fast. */
export interface Command {
  readonly name: string;
  /** One positional argument, read as an option of the same name. `many`: any number of them. */
  readonly positional?: { readonly name: string; readonly describe: string; readonly required?: true; readonly many?: true };
  readonly describe: string;
  /** Exit codes of its own, for --help. */
  readonly exits: string;
  readonly options: OptionSpecs;
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** Resolves with the exit code. Throws DcrError. */
  run(flags: Flags, ports: Ports): Promise<number>;
}
