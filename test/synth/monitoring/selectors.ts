/** One selector of an expression: every one of ours has braces, and no name stands bare. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

const SELECTOR = /([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[^"{}]|"[^"]*")*)\}/g;
const MATCHER = /([a-zA-Z_]+)(=~|!~|!=|=)"([^"]*)"/g;

export function selectorsOf(expr: string): Selector[] {
  return [...expr.matchAll(SELECTOR)].map(([, metric = '', inner = '']) => ({
    metric,
    matchers: [...inner.matchAll(MATCHER)].map(([, label = '', operator = '', value = '']) => ({ label, operator, value })),
  }));
}

/** Labels by which an expression sums and joins. */
export function groupedBy(expr: string): string[] {
  return [...expr.matchAll(/\b(?:by|on|without|ignoring) \(([^)]*)\)/g)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim()),
  );
}

/** The metric of the table that a series belongs to: a histogram has three. */
export const familyOf = (metric: string): string => metric.replace(/_(?:bucket|sum|count)$/, '');
