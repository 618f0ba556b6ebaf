import type { Clock, Random } from '../clock.js';

/** What a command needs of the world. `out` is the result (stdout), `say` what happens meanwhile (stderr); both get whole lines, redacted by their owner. */
export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted by SIGTERM and SIGINT. */
  readonly stop: AbortSignal;
  out(text: string): void;
  say(line: string): void;
}
