/** Ports for time and randomness: nothing in the runtime reads the clock or rolls dice by itself, so that the simulation owns both. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump; use it for records people read and for comparing instants. */
  nowMs(): number;
  /** Runs `fire` once after `delayMs` (minimum 0). Returns a function that cancels it. */
  after(delayMs: number, fire: () => void): () => void;
}

export interface Random {
  /** In [0, 1). For jitter. */
  fraction(): number;
  /** `count` random bytes in lower-case hex. For ids. */
  hex(count: number): string;
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/** "250ms", "30s", "10m", "1h30m", "7d" → milliseconds; undefined when it is none of these. */
export function parseDurationMs(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    totalMs += Number(amount) * (UNIT_MS[unit as string] as number);
  return Number.isSafeInteger(Math.round(totalMs)) ? Math.round(totalMs) : undefined;
}

const UNIT_BYTES: Readonly<Record<string, number>> = { B: 1, kB: 1_000, MB: 1_000_000, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 };

/** "900kB", "16MiB", "512B" → bytes; undefined when it is none of these. */
export function parseBytes(text: string): number | undefined {
  const found = /^(\d+)(B|kB|MB|KiB|MiB|GiB)$/.exec(text);
  return found ? Number(found[1]) * (UNIT_BYTES[found[2] as string] as number) : undefined;
}

/** The longest delay a Node timer takes: 2^31 − 1 ms. Longer waits are re-armed. */
const LONGEST_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, fire) {
    let left = delayMs;
    let timer: NodeJS.Timeout;
    const arm = (): void => {
      const step = Math.min(Math.max(left, 0), LONGEST_TIMER_MS);
      left -= step;
      timer = setTimeout(() => (left > 0 ? arm() : fire()), step);
    };
    arm();
    return () => clearTimeout(timer);
  },
};
