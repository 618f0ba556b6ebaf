import { createHash } from 'node:crypto';
import type { Event, Json } from '#runtime/event/event.js';
import type { CompiledRoute, CompiledStep, Evaluated, ListName, RouteTable, Scope } from '#runtime/plan.js';
import type { Prng } from './prng.js';

/** One step as data: enough to make the same functions again from a pinned text. */
export interface StepSpec {
  readonly id: string;
  readonly use: string;
  readonly when?: 'false' | 'error';
  /** Reads this step's output (or, with `incident.`, an output of the incident) and passes it on. */
  readonly reads?: string;
  readonly onError: 'stop' | 'continue' | 'park';
  readonly onceWithinMs?: number;
  readonly always: boolean;
  readonly attempts?: number;
  readonly maxAgeMs: number;
}

export interface RouteSpec {
  readonly name: string;
  readonly type: string;
  readonly mode: 'live' | 'shadow';
  readonly critical: boolean;
  readonly continue: boolean;
  readonly lists: Readonly<Partial<Record<ListName, readonly StepSpec[]>>>;
}

export const BACKOFF_MS = 1_000;

export function compileRoute(spec: RouteSpec): CompiledRoute {
  const text = JSON.stringify(spec);
  const lists: Partial<Record<ListName, readonly CompiledStep[]>> = {};
  for (const [list, steps] of Object.entries(spec.lists))
    lists[list as ListName] = steps.map((step) => compileStep(spec, list as ListName, step));
  const { name, type, mode, critical } = spec;
  return { name, type, mode, critical, continue: spec.continue, hash: createHash('sha256').update(text).digest('hex'), text, lists };
}

function compileStep(route: RouteSpec, list: ListName, step: StepSpec): CompiledStep {
  return {
    id: step.id,
    use: step.use,
    destination: step.use,
    retry: {
      ...(step.attempts === undefined ? {} : { attempts: step.attempts }),
      backoffMs: BACKOFF_MS,
      maxBackoffMs: 60_000,
      maxAgeMs: step.maxAgeMs,
    },
    onError: step.onError,
    ...(step.onceWithinMs === undefined ? {} : { onceWithinMs: step.onceWithinMs }),
    always: step.always,
    when: () => (step.when === 'error' ? { ok: false, reason: 'error', detail: 'simulated' } : { ok: true, value: step.when !== 'false' }),
    input: (scope) => inputOf(route, list, step, scope),
  };
}

/** What a simulated target is told: who calls, so that the target can judge order and count effects. */
export type SimInput = { id: string; event: string; key: string; read: Json };

function inputOf(route: RouteSpec, list: ListName, step: StepSpec, scope: Scope): Evaluated<Json> {
  let read: Json | undefined = null;
  if (step.reads !== undefined)
    read = step.reads.startsWith('incident.') ? scope.incident?.steps[step.reads.slice(9)] : scope.steps[step.reads];
  if (read === undefined) return { ok: false, reason: 'missing-output', detail: `${step.reads} has no output.` };
  return {
    ok: true,
    value: { id: `${scope.event.id}|${route.name}|${list}|${step.id}`, event: scope.event.id, key: scope.event.partitionkey, read },
  };
}

export function compileTable(specs: readonly RouteSpec[]): RouteTable {
  const routes = specs.map(compileRoute);
  return {
    hash: createHash('sha256')
      .update(routes.map((route) => route.hash).join())
      .digest('hex'),
    match(event: Event) {
      const taken: CompiledRoute[] = [];
      for (const route of routes) {
        if (route.type !== event.type) continue;
        taken.push(route);
        if (!route.continue) break;
      }
      return taken;
    },
    explain: () => [],
    compilePinned: (text) => compileRoute(JSON.parse(text) as RouteSpec),
  };
}

function drawStep(random: Prng, id: string, earlier: readonly string[], incident: readonly string[]): StepSpec {
  const reads =
    random.chance(0.3) && earlier.length > 0
      ? random.pick(earlier)
      : random.chance(0.6) && incident.length > 0
        ? `incident.${random.pick(incident)}`
        : undefined;
  return {
    id,
    use: random.chance(0.1) ? 'personal' : random.pick(['probed', 'lagging', 'idempotent', 'followed']),
    ...(random.chance(0.1) ? { when: random.chance(0.7) ? ('false' as const) : ('error' as const) } : {}),
    ...(reads === undefined ? {} : { reads }),
    onError: random.pick(['stop', 'continue', 'park']),
    ...(random.chance(0.2) ? { onceWithinMs: random.pick([60_000, 1_800_000]) } : {}),
    always: random.chance(0.2),
    ...(random.chance(0.5) ? { attempts: random.between(1, 6) } : {}),
    maxAgeMs: random.pick([600_000, 7_200_000]),
  };
}

function drawList(random: Prng, prefix: string, most: number, incident: readonly string[]): StepSpec[] {
  const steps: StepSpec[] = [];
  for (let count = random.between(1, most); count > 0; count -= 1)
    steps.push(
      drawStep(
        random,
        `${prefix}${steps.length}`,
        steps.map((step) => step.id),
        incident,
      ),
    );
  return steps;
}

/** A few routes of every shape. */
export function drawRoutes(random: Prng, types: readonly string[]): RouteSpec[] {
  const specs: RouteSpec[] = [];
  for (const type of types) {
    for (let count = random.chance(0.3) ? 2 : 1; count > 0; count -= 1) {
      const actions = drawList(random, 's', 4, []);
      const ids = actions.map((step) => step.id);
      const lists: Partial<Record<ListName, StepSpec[]>> = { actions };
      for (const list of ['reopened', 'repeated', 'updated', 'resolved', 'expired'] as const) {
        if (random.chance(list === 'resolved' ? 0.8 : 0.4)) lists[list] = drawList(random, list.slice(0, 3), 2, ids);
      }
      specs.push({
        name: `r${specs.length}`,
        type,
        mode: random.chance(0.1) ? 'shadow' : 'live',
        critical: random.chance(0.2),
        continue: random.chance(0.5),
        lists,
      });
    }
  }
  return specs;
}
