import fc from 'fast-check';
import type { Json } from '#runtime/event/event.js';

/** One change of a JSON text at a random place. */
interface Mutation {
  readonly kind: 'delete' | 'replace' | 'insert' | 'double';
  /** Which of all places, counted around. */
  readonly place: number;
  readonly key: string;
  readonly value: Json;
}

/** Texts that break readers. */
const HOSTILE = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'length',
  '\u0000',
  '🚒',
  '\ud800',
  '../../x',
  '2026-02-30T00:00:00Z',
  'router.command',
  'alertmanager',
];
const text = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ maxLength: 12, unit: 'binary' }),
  fc.date().map((date) => String(date.getTime())),
);
const number = fc.oneof(fc.constantFrom(0, -0, 1e308, -1, 2 ** 53, 0.1), fc.double({ noNaN: true, noDefaultInfinity: true }));
const leaf = fc.oneof(text, number, fc.boolean(), fc.constant(null));
export const anyJsonValue: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries) as Json),
  ),
})).value;

export const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.record({ kind: fc.constantFrom('delete', 'replace', 'insert', 'double' as const), place: fc.nat(), key: text, value: anyJsonValue }),
  { minLength: 1, maxLength: 4 },
) as fc.Arbitrary<Mutation[]>;

type Container = Json[] | { [key: string]: Json };
interface Place {
  readonly holder: Container;
  readonly key: string | number;
}

function placesOf(value: Json, found: Place[] = []): Place[] {
  if (value === null || typeof value !== 'object') return found;
  for (const [key, inner] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
    found.push({ holder: value, key });
    placesOf(inner, found);
  }
  return found;
}

/** Sets own properties only, so that a key such as __proto__ stands in the text. */
function put(holder: Container, key: string | number, value: Json): void {
  Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

/** A changed copy. */
export function mutated(body: Json, changes: readonly Mutation[]): Json {
  const root: { [key: string]: Json } = { body: structuredClone(body) };
  for (const { kind, place, key, value: drawn } of changes) {
    // A copy: later changes must not reach into what was drawn, nor make it hold itself.
    const value = structuredClone(drawn);
    const places = placesOf(root);
    const { holder, key: at } = places[place % places.length] as Place;
    const old = (holder as { [key: string]: Json })[at] as Json;
    if (kind === 'replace' || holder === root) put(holder, at, value);
    else if (kind === 'insert') put(holder, Array.isArray(holder) ? holder.length : key, value);
    else if (kind === 'double') put(holder, at, [old, structuredClone(old)]);
    else if (Array.isArray(holder)) holder.splice(Number(at), 1);
    else delete holder[String(at)];
  }
  return root.body as Json;
}
