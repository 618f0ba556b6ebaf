import type { Json } from '../event/event.js';
import type { Scope } from '../plan.js';

/** JSON → what CEL computes with, and back. Objects become Maps, so that keys such as `constructor` or `__proto__` are only keys. */

/** The output of a step that has none was read. */
export class MissingOutput extends Error {
  constructor(path: string) {
    super(`${path} has no output`);
    this.name = 'MissingOutput';
  }
}

/** labels and annotations: an absent name reads as ''. */
class TextMap extends Map<string, unknown> {
  override get(key: string): unknown {
    return super.has(key) ? super.get(key) : '';
  }
}

/** steps and incident.steps: an absent name is a missing output. */
class OutputMap extends Map<string, unknown> {
  readonly #path: string;
  constructor(path: string, entries: readonly (readonly [string, unknown])[]) {
    super();
    this.#path = path;
    for (const [key, value] of entries) super.set(key, value);
  }
  override get(key: string): unknown {
    if (!super.has(key)) throw new MissingOutput(`${this.#path}.${key}`);
    return super.get(key);
  }
}
// cel-js tells maps by their constructor.
for (const kind of [TextMap, OutputMap]) Object.defineProperty(kind.prototype, 'constructor', { value: Map });

/** A whole number is an int, any other a double. */
function toCel(value: Json, key = ''): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => toCel(item));
  const map = key === 'labels' || key === 'annotations' ? new TextMap() : new Map<string, unknown>();
  for (const [name, item] of Object.entries(value)) if (item !== undefined) map.set(name, toCel(item, name));
  return map;
}

const converted = new WeakMap<object, unknown>();

/** An event is immutable and read by many routes: converted once. */
function eventOf(scope: Scope): Map<string, unknown> {
  const known = converted.get(scope.event);
  if (known instanceof Map) return known;
  const made = toCel(scope.event as unknown as Json) as Map<string, unknown>;
  converted.set(scope.event, made);
  return made;
}

function outputs(path: string, steps: Readonly<Record<string, Json>>): OutputMap {
  return new OutputMap(
    path,
    Object.entries(steps).map(([id, value]) => [id, toCel(value)] as const),
  );
}

/** The variables of an expression. Without an incident, `incident.steps` is empty and its other facts are absent. */
export function celContext(scope: Scope): Record<string, unknown> {
  const event = eventOf(scope);
  const incident = new Map<string, unknown>();
  for (const [fact, value] of Object.entries(scope.incident ?? {})) if (fact !== 'steps') incident.set(fact, toCel(value as Json));
  incident.set('steps', outputs('incident.steps', scope.incident?.steps ?? {}));
  const data = event.has('data') ? event.get('data') : new Map();
  return { event, data, steps: outputs('steps', scope.steps), incident };
}

/** Most values (of any depth) and characters that one expression may yield. */
const RESULT_MAX_ITEMS = 200_000;
const RESULT_MAX_CHARS = 1_000_000;

/** CEL's result → JSON. Throws RangeError over the bounds, TypeError for what JSON cannot say. */
export function fromCel(value: unknown, budget = { items: RESULT_MAX_ITEMS, chars: RESULT_MAX_CHARS }): Json {
  budget.items -= 1;
  if (typeof value === 'string') budget.chars -= value.length;
  if (budget.items < 0 || budget.chars < 0) {
    throw new RangeError(`the result is larger than ${RESULT_MAX_CHARS} characters or ${RESULT_MAX_ITEMS} values`);
  }
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`${value} is not a JSON number`);
    return value;
  }
  if (typeof value === 'bigint') {
    if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER))
      throw new RangeError(`${value} is too large an integer`);
    return Number(value);
  }
  if (Array.isArray(value)) return value.map((item) => fromCel(item, budget));
  if (value instanceof Date) return value.toISOString();
  const entries = value instanceof Map ? [...value.entries()] : isPlain(value) ? Object.entries(value) : undefined;
  if (entries === undefined) throw new TypeError('the result is no text, number, boolean, list, map or null');
  return Object.fromEntries(
    entries.map(([key, item]) => {
      budget.chars -= String(key).length;
      return [String(key), fromCel(item, budget)];
    }),
  );
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
