const SHAPE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/i;

/** RFC 3339 → [milliseconds of the whole second since the epoch, nanoseconds within it]; undefined when it is no instant. JS Date would lose the nanoseconds. */
export function parseInstant(text: string): readonly [secondMs: number, nanoseconds: number] | undefined {
  const found = SHAPE.exec(text);
  if (found === null) return undefined;
  const secondMs = Date.parse(`${found[1]}${found[3]}`);
  return Number.isNaN(secondMs) ? undefined : [secondMs, Number((found[2] ?? '').slice(0, 9).padEnd(9, '0'))];
}

/** Below 0: `a` is earlier; 0: the same instant, however written; above 0: later. What is no instant counts as earlier than any. */
export function compareInstants(a: string, b: string): number {
  const left = parseInstant(a);
  const right = parseInstant(b);
  if (left === undefined || right === undefined) return Number(left !== undefined) - Number(right !== undefined);
  return left[0] - right[0] || left[1] - right[1];
}
