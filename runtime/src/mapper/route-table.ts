import type { ASTNode } from '@marcbachmann/cel-js';
import type { Event, Json } from '../event/event.js';
import type { CompiledRoute, RouteTable, RouteTrial, Scope } from '../plan.js';
import { sha256 } from './canonical.js';
import type { ActionCatalog } from './catalog.js';
import { compilePinned, evaluateBoolean, type MappedRoute } from './compile.js';
import { compileExpression } from './expression.js';
import { readsOf, valuesRead } from './expression-reads.js';

export interface RouteTableOptions {
  readonly catalog: ActionCatalog;
  /** Called when a route's `when` fails: the route is passed over. */
  readonly onWhenError: (failure: { readonly route: string; readonly event: Event; readonly detail: string }) => void;
}

/** Pure but for onWhenError: the same event and routes give the same answer, on any machine and at any time. */
export function createRouteTable(routes: readonly MappedRoute[], options: RouteTableOptions): RouteTable {
  const byType = new Map<string, MappedRoute[]>();
  for (const route of routes) byType.set(route.type, [...(byType.get(route.type) ?? []), route]);
  return {
    hash: sha256(routes.map((route) => route.hash).join('\n')),
    match(event) {
      const taken: CompiledRoute[] = [];
      for (const route of byType.get(event.type) ?? []) {
        const trial = judge(route, event);
        if (!trial.ok) options.onWhenError({ route: route.name, event, detail: trial.detail });
        if (!trial.ok || !trial.value) continue;
        taken.push(route);
        if (!route.continue) break;
      }
      return taken;
    },
    explain(event) {
      let over = false;
      return (byType.get(event.type) ?? []).map((route): RouteTrial => {
        if (over) return { route: route.name, matched: false, reason: 'after-first-match' };
        const trial = explainRoute(route, event);
        over = trial.matched && !route.continue;
        return trial;
      });
    },
    compilePinned: (text) => compilePinned(text, options.catalog),
  };
}

function scopeOf(event: Event): Scope {
  return { event, steps: {} };
}

function judge(route: MappedRoute, event: Event): ReturnType<typeof evaluateBoolean> {
  return route.when === undefined ? { ok: true, value: true } : evaluateBoolean(route.when, scopeOf(event));
}

function explainRoute(route: MappedRoute, event: Event): RouteTrial {
  const { when } = route;
  const verdict = judge(route, event);
  if (when === undefined || (verdict.ok && verdict.value)) return { route: route.name, matched: true, reason: 'matched' };
  if (!verdict.ok)
    return {
      route: route.name,
      matched: false,
      reason: 'when-error',
      clause: when.text,
      values: read(when.ast, event),
      detail: verdict.detail,
    };
  for (const clause of clausesOf(when.ast)) {
    const text = when.text.slice(clause.start, clause.end);
    const part = evaluateBoolean(compileExpression(text), scopeOf(event));
    if (part.ok && !part.value)
      return { route: route.name, matched: false, reason: 'when-false', clause: text, values: read(clause, event) };
  }
  return { route: route.name, matched: false, reason: 'when-false', clause: when.text, values: read(when.ast, event) };
}

/** The parts that must all be true; an `||` is one part. */
function clausesOf(node: ASTNode): readonly ASTNode[] {
  return node.op === '&&' ? node.args.flatMap(clausesOf) : [node];
}

const TEXT_MAPS: ReadonlySet<string | number | undefined> = new Set(['labels', 'annotations']);

function read(node: ASTNode, event: Event): Record<string, Json> {
  const reads = readsOf(node);
  const values = valuesRead(reads, scopeOf(event));
  for (const { path } of reads) {
    const text = path.join('.');
    if (values[text] === null && TEXT_MAPS.has(path.at(-2))) values[text] = '';
  }
  return values;
}
