import { z } from 'zod';
import { DAY_MS, MINUTE_MS, parseDurationMs, SECOND_MS } from '../clock.js';
import { asError, RouterError } from '../errors.js';
import type { Json } from '../event/event.js';
import { type CompiledRoute, type CompiledStep, type Evaluated, LISTS, type ListName, type Scope } from '../plan.js';
import { canonicalJson, sha256 } from './canonical.js';
import type { ActionCatalog } from './catalog.js';
import { compileExpression, type Expression } from './expression.js';
import { type RouteText, routeSchema, type StepText } from './mapping-file.js';
import { compileTemplate } from './template.js';

/** A route with what only the mapper needs: its `when`, for matching and explaining. */
export interface MappedRoute extends CompiledRoute {
  readonly when: Expression | undefined;
}

const pinnedSchema = z.looseObject({ type: z.string(), route: routeSchema });

const RETRY_BACKOFF_MS = SECOND_MS;
const RETRY_MAX_BACKOFF_MS = 5 * MINUTE_MS;
const RETRY_MAX_AGE_MS = DAY_MS;

/** Throws RouterError MAPPING_INVALID for an expression that cannot be read. Types are checked by check.ts, before. */
export function compileRoute(type: string, route: RouteText, catalog: ActionCatalog): MappedRoute {
  const text = canonicalJson({ type, route: route as unknown as Json });
  const lists: Partial<Record<ListName, readonly CompiledStep[]>> = {};
  try {
    for (const list of LISTS) {
      const steps = route[list] ?? (list === 'expired' ? route.resolved : undefined);
      if (steps !== undefined) lists[list] = steps.map((step) => compileStep(step, catalog));
    }
    return {
      name: route.name,
      type,
      mode: route.mode ?? 'live',
      critical: route.critical ?? false,
      continue: route.continue ?? false,
      hash: sha256(text),
      text,
      lists,
      when: route.when === undefined ? undefined : compileExpression(route.when),
    };
  } catch (thrown) {
    const cause = asError(thrown);
    throw new RouterError('MAPPING_INVALID', `route ${route.name}: ${cause.message}; run sre-router check for the place`, { cause });
  }
}

/** A route from `CompiledRoute.text`, by this or an earlier release. */
export function compilePinned(text: string, catalog: ActionCatalog): MappedRoute {
  let pinned: z.infer<typeof pinnedSchema>;
  try {
    pinned = pinnedSchema.parse(JSON.parse(text));
  } catch (thrown) {
    const cause = asError(thrown);
    throw new RouterError(
      'MAPPING_INVALID',
      `a pinned route cannot be read by this release: ${cause.message}; text: ${text.slice(0, 200)}`,
      { cause },
    );
  }
  return compileRoute(pinned.type, pinned.route, catalog);
}

function compileStep(step: StepText, catalog: ActionCatalog): CompiledStep {
  const when = step.when === undefined ? undefined : compileExpression(step.when);
  return {
    id: step.id,
    use: step.use,
    // An action that is gone keeps the name of its kind: the missing destination parks the step.
    destination: step.destination ?? catalog.get(step.use)?.defaultDestination ?? step.use.split('.')[0] ?? step.use,
    ...optionalMs('timeoutMs', step.timeout),
    retry: {
      ...(step.retry?.attempts === undefined ? {} : { attempts: step.retry.attempts }),
      backoffMs: ms(step.retry?.backoff, RETRY_BACKOFF_MS),
      maxBackoffMs: ms(step.retry?.maxBackoff, RETRY_MAX_BACKOFF_MS),
      maxAgeMs: ms(step.retry?.maxAge, RETRY_MAX_AGE_MS),
    },
    onError: step.onError ?? 'stop',
    ...optionalMs('onceWithinMs', step.once?.within),
    always: step.always ?? false,
    when: (scope) => (when === undefined ? { ok: true, value: true } : evaluateBoolean(when, scope)),
    input: compileTemplate((step.with ?? {}) as Json),
  };
}

/** Anything but true or false is an error. */
export function evaluateBoolean(expression: Expression, scope: Scope): Evaluated<boolean> {
  const got = expression.evaluate(scope);
  if (!got.ok) return got;
  if (typeof got.value === 'boolean') return { ok: true, value: got.value };
  return {
    ok: false,
    reason: 'error',
    detail: `expected true or false, received ${JSON.stringify(got.value).slice(0, 200)} (in: ${expression.text})`,
  };
}

function ms(text: string | undefined, fallbackMs: number): number {
  return text === undefined ? fallbackMs : (parseDurationMs(text) ?? fallbackMs);
}

function optionalMs<Name extends string>(name: Name, text: string | undefined): Partial<Record<Name, number>> {
  const value = text === undefined ? undefined : parseDurationMs(text);
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<Name, number>>);
}
