import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../clock.js';

/** 5400000 → "1h30m": the two largest units, as parseDurationMs reads them. */
export function durationText(forMs: number): string {
  if (forMs < SECOND_MS) return `${Math.max(0, Math.round(forMs))}ms`;
  const units = [
    ['d', DAY_MS],
    ['h', HOUR_MS],
    ['m', MINUTE_MS],
    ['s', SECOND_MS],
  ] as const;
  let left = forMs;
  const parts: string[] = [];
  for (const [unit, unitMs] of units) {
    const count = Math.floor(left / unitMs);
    left -= count * unitMs;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.slice(0, 2).join('');
}
