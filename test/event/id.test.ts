import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cut } from '#runtime/event/cut.js';
import { idAgain, idFromOrigin, newId, type Origin } from '#runtime/event/id.js';
import { compareInstants, parseInstant } from '#runtime/event/instant.js';

const some = fc.oneof(fc.constantFrom('a', 'b', '', '["a","b"]', 'id', 'nonce'), fc.string({ unit: 'grapheme' }));
const origin: fc.Arbitrary<Origin> = fc.oneof(
  fc.record({ kind: fc.constant('id' as const), ingest: some, source: some, id: some }),
  fc.record({ kind: fc.constant('nonce' as const), ingest: some, source: some, key: fc.option(some), id: some }),
  fc.record({ kind: fc.constant('wrapper' as const), ingest: some, id: some }),
);

test('ids are the same for the same origin, and differ as soon as any part of it does', () => {
  fc.assert(
    fc.property(origin, origin, (a, b) => {
      expect(idFromOrigin(a)).toBe(idFromOrigin({ ...a }));
      expect(idFromOrigin(a) === idFromOrigin(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
    }),
    { numRuns: 2_000 },
  );
});

test('where one part of an origin ends and the next begins makes a difference', () => {
  const of = (ingest: string, source: string): string => idFromOrigin({ kind: 'id', ingest, source, id: 'x' });
  expect(new Set([of('a', 'b,c'), of('a,b', 'c'), of('a', 'b"c'), of('a","b', 'c'), of('a', 'bc'), of('ab', 'c')]).size).toBe(6);
});

test('ids can stand in a URL as they are', () => {
  fc.assert(
    fc.property(origin, (given) => {
      const id = idFromOrigin(given);
      expect(encodeURIComponent(id)).toBe(id);
      expect(id).toMatch(/^(?:.{1,40}-)?[0-9a-f]{16}$/);
    }),
  );
});

test('ids that are made sort by time', () => {
  const at = (nowMs: number): string =>
    newId({ nowMs: () => nowMs, after: () => () => undefined }, { fraction: () => 0, hex: (count) => '0'.repeat(count * 2) });
  expect([at(1), at(35), at(36), at(Date.UTC(2026, 0, 1)), at(Date.UTC(2040, 0, 1))]).toEqual(
    [at(1), at(35), at(36), at(Date.UTC(2026, 0, 1)), at(Date.UTC(2040, 0, 1))].sort(),
  );
});

test('an event that goes round again counts up, and does not grow', () => {
  expect(idAgain('a', 1)).toBe('a~1');
  expect(idAgain('a~1', 2)).toBe('a~2');
  expect(idAgain('a~1.4', 1)).toBe('a~1.4~1');
});

test('a text is never cut within a character', () => {
  expect(cut('ab🚒', 3)).toBe('ab');
  expect(cut('ab🚒', 4)).toBe('ab🚒');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: 10 }), (text, max) => {
      const kept = cut(text, max);
      expect(kept.length).toBeLessThanOrEqual(max);
      expect(text.startsWith(kept)).toBe(true);
      expect(kept).not.toMatch(/\p{Cs}/u);
    }),
  );
});

test('instants are compared to the nanosecond, whatever their offset', () => {
  expect(compareInstants('2026-01-01T01:00:00.000000001+01:00', '2026-01-01T00:00:00Z')).toBeGreaterThan(0);
  expect(compareInstants('2026-01-01T01:00:00.5+01:00', '2026-01-01T00:00:00.500000000Z')).toBe(0);
  expect(compareInstants('0001-01-01T00:00:00Z', '2026-01-01T00:00:00Z')).toBeLessThan(0);
  expect(parseInstant('yesterday')).toBeUndefined();
  expect(compareInstants('yesterday', '0001-01-01T00:00:00Z')).toBeLessThan(0);
});
