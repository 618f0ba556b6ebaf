/** A chart that cannot be: said to its author, with place, value and remedy. */
export class ChartError extends Error {
  override name = 'ChartError';
}

/** Where in a chart something is wrong. */
export interface Place {
  /** Template file, e.g. config.yaml; the compiler adds it where the chart's code threw. */
  readonly file?: string;
  /** Kind/name; absent outside an object. */
  readonly object?: string;
  /** Dotted path inside the object. */
  readonly path?: string;
}

function placeText({ file, object, path }: Place): string {
  return [file, object, path].filter((part) => part !== undefined && part !== '').join(': ');
}

/** `problem` says what and which value; `remedy` what to write instead. */
export function chartError(place: Place, problem: string, remedy?: string): ChartError {
  return new ChartError(`${[placeText(place), problem].filter(Boolean).join(': ')}${remedy ? `\n  ${remedy}` : ''}`);
}
