import { isRecord } from './is-record.js';

const FAULTS = [
  'refuse',
  'hang',
  'answer-lost',
  '400',
  '429',
  '429-date',
  '500',
  '500-after',
  'malformed',
  'html',
  'huge',
  'redirect',
  'slow',
  'none',
] as const;

/**
 * refuse, hang, 400, 429, 429-date, 500 and html come before the effect; answer-lost, 500-after, malformed, huge and redirect come after it.
 * refuse: the socket is destroyed · hang: no answer, ever · 429-date: Retry-After as a date, 90 s on · malformed: 200 with half of a JSON ·
 * html: 200 with a proxy's page · huge: 200 with a JSON that does not end · redirect: 303 to `to` · slow: as usual, `ms` later.
 */
export type FaultName = (typeof FAULTS)[number];

export interface Fault {
  /** A route's name, or `*` for those without faults of their own. */
  readonly route: string;
  /** `none` ends the faults of the route; with route `*`, those of every route. */
  readonly fault: FaultName;
  /** For so many requests; without it, until replaced. */
  readonly times?: number;
  /** How long `slow` takes. */
  readonly ms?: number;
  /** Where `redirect` points. */
  readonly to?: string;
}

/** A fault as it came over HTTP. Throws an Error that says what is wrong with it. */
export function readFault(value: unknown): Fault {
  if (!isRecord(value)) throw new Error('A fault is {"route","fault","times"?,"ms"?,"to"?}.');
  const { route, fault, times, ms, to } = value;
  const name = FAULTS.find((known) => known === String(fault));
  if (typeof route !== 'string' || name === undefined) throw new Error(`A fault has a route and one of: ${FAULTS.join(', ')}.`);
  for (const number of [times, ms]) {
    if (number !== undefined && !(typeof number === 'number' && number >= 0)) throw new Error('times and ms are numbers from 0 on.');
  }
  return {
    route,
    fault: name,
    ...(typeof times === 'number' ? { times } : {}),
    ...(typeof ms === 'number' ? { ms } : {}),
    ...(typeof to === 'string' ? { to } : {}),
  };
}

/** Which fault the next request of a route meets. */
export class Faults {
  readonly #byRoute = new Map<string, { fault: Fault; left: number }[]>();

  set(faults: readonly Fault[]): void {
    for (const { route, fault } of faults) {
      if (route === '*' && fault === 'none') this.#byRoute.clear();
      this.#byRoute.delete(route);
    }
    for (const fault of faults) {
      if (fault.fault === 'none') continue;
      const list = this.#byRoute.get(fault.route) ?? [];
      list.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY });
      this.#byRoute.set(fault.route, list);
    }
  }

  next(route: string): Fault | undefined {
    for (const name of [route, '*']) {
      const list = this.#byRoute.get(name) ?? [];
      while (list[0] !== undefined && list[0].left <= 0) list.shift();
      if (list[0] === undefined) continue;
      list[0].left -= 1;
      return list[0].fault;
    }
    return undefined;
  }
}
