import type { V } from '../values.js';

/** Series of this installation: the ServiceMonitors give all its targets these labels. */
export function series({ release }: Pick<V, 'release'>, metric: string, ...matchers: string[]): string {
  return `${metric}{${[`namespace="${release.namespace}"`, `job="${release.name}"`, ...matchers].join(',')}}`;
}

/**
 * By how much a counter grew, where it did. The first sample of a series counts too: increase() begins at it, and would miss the first
 * failure of all.
 */
export function grew(by: string, counter: string, window: string): string {
  return `sum by (${by}) (increase(${counter}[${window}])) > 0
or
sum by (${by}) (${counter} > 0 unless ${counter} offset ${window}) > 0`;
}

/** Holds, without labels, where any of a counter's series grew or appeared: appearing is growing, after a restart too. */
export function moved(counter: string, window: string): string {
  return `(
  sum(increase(${counter}[${window}])) > 0
  or
  count(${counter} unless ${counter} offset ${window}) > 0
)`;
}
