/** One order that has every sequence in it, alike members together where their order allows. */
export function supersequence(sequences: readonly (readonly string[])[]): string[] {
  return [...new Map(sequences.map((one) => [one.join('\0'), one])).values()].reduce<string[]>(merge, []);
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
