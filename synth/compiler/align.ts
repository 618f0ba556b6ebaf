/** One order that has every sequence in it, alike members together where their order allows. */
export function supersequence(sequences: readonly (readonly string[])[]): string[] {
  const different = [...new Map(sequences.map((one) => [one.join('\0'), one])).values()];
  const merged = different.reduce<string[]>(merge, []);
  return new Set(merged).size === merged.length ? merged : (eachOnce(different, merged) ?? merged);
}

/** An order with every member once, after all that stand before it anywhere; undefined where there is none. Else as in `preferred`. */
function eachOnce(sequences: readonly (readonly string[])[], preferred: readonly string[]): string[] | undefined {
  const before = new Map([...new Set(preferred)].map((member) => [member, new Set<string>()]));
  for (const sequence of sequences)
    for (const [at, member] of sequence.entries()) if (at > 0) before.get(member)?.add(sequence[at - 1] ?? '');
  const order = new Set<string>();
  while (order.size < before.size) {
    const next = [...before].find(([member, others]) => !order.has(member) && [...others].every((other) => order.has(other)));
    if (next === undefined) return undefined;
    order.add(next[0]);
  }
  return [...order];
}

/** Where each member of a sequence stands in an order, leftmost; undefined when it does not fit. */
export function embed(sequence: readonly string[], order: readonly string[]): number[] | undefined {
  const places: number[] = [];
  for (const member of sequence) {
    const at = order.indexOf(member, (places.at(-1) ?? -1) + 1);
    if (at < 0) return undefined;
    places.push(at);
  }
  return places;
}

/** Shortest common supersequence by their longest common subsequence; what only `order` has stands before what only `more` has. */
function merge(order: readonly string[], more: readonly string[]): string[] {
  const common = Array.from({ length: order.length + 1 }, () => new Array<number>(more.length + 1).fill(0));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = order.length - 1; i >= 0; i--)
    for (let j = more.length - 1; j >= 0; j--) {
      const row = common[i];
      if (row) row[j] = order[i] === more[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  const merged: string[] = [];
  let [i, j] = [0, 0];
  while (i < order.length || j < more.length) {
    if (i < order.length && order[i] === more[j]) {
      merged.push(order[i] ?? '');
      i++;
      j++;
    } else if (j >= more.length || (i < order.length && at(i + 1, j) >= at(i, j + 1))) merged.push(order[i++] ?? '');
    else merged.push(more[j++] ?? '');
  }
  return merged;
}
