import { chartError } from '../chart-error.js';

/** Runs code with the clock and chance taken away: what they give would freeze into the templates. */
export function withoutChance<T>(file: string, run: () => T): T {
  const { Date: RealDate } = globalThis;
  const { random } = Math;
  const refuse = (what: string) => (): never => {
    throw chartError({ file }, `the chart's code reads ${what}`, 'a chart depends on its values alone: make it a value');
  };
  Math.random = refuse('chance (Math.random)');
  globalThis.Date = new Proxy(RealDate, {
    apply: refuse('the clock (Date)'),
    construct: (target, args: unknown[]) =>
      (args.length === 0 ? refuse('the clock (new Date())')() : Reflect.construct(target, args)) as Date,
    get: (target, key) => (key === 'now' ? refuse('the clock (Date.now)') : (Reflect.get(target, key) as unknown)),
  });
  try {
    return run();
  } finally {
    Math.random = random;
    globalThis.Date = RealDate;
  }
}
