import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Event, Phase } from '#runtime/event/event.js';
import type { BindRules } from '#runtime/incident/bind.js';
import { bind, bindExpiry } from '#runtime/incident/bind.js';
import type { Bound, Incident } from '#runtime/incident/incident.js';

const HOUR_MS = 3_600_000;
const START_MS = Date.UTC(2026, 0, 1);
const NEVER = '0001-01-01T00:00:00Z';
const at = (minute: number): string => new Date(START_MS + minute * 60_000).toISOString();

let ids = 0;
function event(phase: Phase | undefined, data: { startsAt?: string; endsAt?: string } = {}, fields: Partial<Event> = {}): Event {
  ids += 1;
  return {
    specversion: '1.0',
    id: `e${ids}`,
    type: 'alertmanager.alert',
    source: 'am',
    ingestsource: 'am',
    time: at(0),
    recordedtime: at(0),
    partitionkey: 'fp',
    correlationid: 'fp',
    ...(phase === undefined ? {} : { phase }),
    data,
    ...fields,
  };
}
const firing = (startMinute: number): Event => event('firing', { startsAt: at(startMinute), endsAt: NEVER });
const resolved = (startMinute: number, endMinute: number): Event => event('resolved', { startsAt: at(startMinute), endsAt: at(endMinute) });

/** Minutes → rules. Reopening: within 30 min, on a route that has the list. */
const rules = (minute: number, canReopen = true): BindRules => ({
  nowMs: START_MS + minute * 60_000,
  reopenWithinMs: 1_800_000,
  canReopen,
});
const live = (incident: Incident): Incident => ({ ...incident, routes: [{ route: 'r', hash: 'h', mode: 'live' }] });

function bound(known: Incident | undefined, told: Event, minute: number, canReopen = true): Bound {
  const result = bind(known && live(known), told, rules(minute, canReopen));
  if (result === undefined) throw new Error('expected to be bound');
  return result;
}
const opened = (): Incident => bound(undefined, firing(0), 0).incident;
const closed = (): Incident => bound(opened(), resolved(0, 5), 5).incident;

test('an event without correlation id belongs to no incident', () => {
  const { correlationid: _none, ...alone } = firing(0);
  expect(bind(undefined, alone, rules(0))).toBeUndefined();
});

test('two sources with one fingerprint have two incidents', () => {
  const other = bound(undefined, event('firing', {}, { source: 'am2' }), 0);
  expect(other.incident.key).not.toBe(opened().key);
});

test.each([
  ['firing when none stands opens', undefined, firing(0), 0, 'opens', 'open'],
  ['firing when open is a repeat, byte-identical or not', opened(), firing(0), 1, 'repeat', 'open'],
  ['firing when open is a repeat with a later start (a flap in one interval, or a peer)', opened(), firing(3), 4, 'repeat', 'open'],
  ['firing when open is a repeat with an earlier start (Alertmanager keeps the earliest)', opened(), firing(-3), 4, 'repeat', 'open'],
  ['resolved closes, whatever its start', opened(), resolved(-9, 5), 5, 'closes', 'closed'],
  ['resolved when closed is a repeat', closed(), resolved(0, 5), 6, 'repeat', 'closed'],
  ['resolved when unknown is an orphan, recorded closed', undefined, resolved(0, 5), 5, 'orphan', 'closed'],
  ['an event without phase begins an incident when none stands', undefined, event(undefined), 0, 'opens', 'open'],
  ['an event without phase is an update of an open incident, never a repeat', opened(), event(undefined), 1, 'update', 'open'],
  ['phase update is an update', opened(), event('update'), 1, 'update', 'open'],
  ['firing soon after a close reopens, with a later start', closed(), firing(10), 12, 'reopens', 'open'],
  ['firing soon after a close reopens, with the start already closed', closed(), firing(0), 12, 'reopens', 'open'],
  ['firing long after a close with a later start opens a new incident', closed(), firing(50), 50, 'opens', 'open'],
] as const)('%s', (_rule, known, told, minute, meaning, state) => {
  const result = bound(known, told, minute);
  expect(result.meaning).toBe(meaning);
  expect(result.incident.state).toBe(state);
});

test('a reopened incident keeps its opener, routes and outputs; an opened one begins anew', () => {
  const before: Incident = { ...closed(), steps: { r: { tell: { ts: '1' } } } };
  const again = bound(before, firing(10), 12);
  expect(again.matchAnew).toBe(false);
  expect(again.incident).toMatchObject({ openedBy: before.openedBy, steps: before.steps, occurrences: 2, reopened: 0 });
  expect(again.incident).not.toHaveProperty('closedMs');
  const anew = bound(before, firing(50), 50);
  expect(anew.matchAnew).toBe(true);
  expect(anew.incident).toMatchObject({ steps: {}, routes: [], occurrences: 1 });
  expect(anew.incident.openedBy).not.toBe(before.openedBy);
});

test.each([
  [35, true, true],
  [36, true, false],
  [12, false, false],
])('at minute %i, with a reopened list: %s, the incident closed at minute 5 goes on: %s', (minute, canReopen, same) => {
  const before = closed();
  expect(bound(before, firing(10), minute, canReopen).incident.openedBy === before.openedBy).toBe(same);
});

test('a later start is a new occurrence; a start already closed is the same one come back', () => {
  expect(bound(closed(), firing(10), 12).incident).toMatchObject({ occurrences: 2, reopened: 0 });
  expect(bound(closed(), firing(0), 12).incident).toMatchObject({ occurrences: 1, reopened: 1 });
  // Nanoseconds count, and offsets are compared as instants.
  const nano = event('firing', { startsAt: '2026-01-01T01:00:00.000000001+01:00', endsAt: NEVER });
  expect(bound(closed(), nano, 12).incident.occurrences).toBe(2);
  expect(bound(closed(), event('firing', { startsAt: '2026-01-01T01:00:00+01:00' }), 12).incident.occurrences).toBe(1);
});

test('a start seen in a repeat counts as known when the alert fires again', () => {
  const repeated = bound(opened(), firing(3), 4).incident;
  const end = bound(repeated, resolved(0, 5), 5).incident;
  expect(bound(end, firing(3), 10).incident).toMatchObject({ occurrences: 1, reopened: 1 });
});

test('a reopening that closes with the same end was stale; with a later end it was genuine', () => {
  const again = bound(closed(), firing(0), 6).incident;
  const stale = bound(again, resolved(0, 5), 8);
  expect(stale.meaning).toBe('closes-stale');
  expect(stale.incident.stale).toBe(1);
  const genuine = bound(again, resolved(0, 7), 8);
  expect(genuine.meaning).toBe('closes');
  expect(genuine.incident.stale).toBe(0);
});

test('only the reopening is stale, not the close after a later one', () => {
  const stale = bound(bound(closed(), firing(0), 6).incident, resolved(0, 5), 8).incident;
  const again = bound(stale, firing(9), 10).incident;
  expect(bound(again, resolved(9, 12), 12).meaning).toBe('closes');
});

test('a new incident goes on counting closes, so that runs of the one before know that theirs was closed', () => {
  expect(bound(closed(), firing(50), 50).incident.closes).toBe(1);
});

test('a firing after an orphan opens', () => {
  const orphan = bound(undefined, resolved(0, 5), 5).incident;
  expect(orphan).toMatchObject({ closedAs: 'orphan', occurrences: 0, closes: 0 });
  const fired = bound(orphan, firing(50), 60, false);
  expect(fired.incident.state).toBe('open');
  expect(fired.matchAnew).toBe(true);
});

test('a repeat of an incident that no live route took is matched anew', () => {
  const shadow: Incident = { ...opened(), routes: [{ route: 'r', hash: 'h', mode: 'shadow' }] };
  expect(bind(shadow, firing(0), rules(1))?.matchAnew).toBe(true);
  expect(bind(live(opened()), firing(0), rules(1))?.matchAnew).toBe(false);
});

test('every sign of life is kept, and an earlier clock does not take it back', () => {
  const alive = bound(opened(), firing(0), 30).incident;
  expect(alive.lastSignMs).toBe(START_MS + 30 * 60_000);
  expect(bound(alive, firing(0), 20).incident.lastSignMs).toBe(alive.lastSignMs);
});

test('an expiry closes what has been silent, and is void otherwise', () => {
  const incident = opened();
  const late = START_MS + 12 * HOUR_MS;
  expect(bindExpiry(incident, incident.openedBy, late, 12 * HOUR_MS)).toMatchObject({
    meaning: 'expires',
    incident: { state: 'closed', closedAs: 'expired', closes: 1 },
  });
  expect(bindExpiry(undefined, incident.openedBy, late, 12 * HOUR_MS)).toBeUndefined();
  expect(bindExpiry(closed(), incident.openedBy, late, 12 * HOUR_MS)).toBeUndefined();
  expect(bindExpiry(incident, 'another', late, 12 * HOUR_MS)).toBeUndefined();
  expect(bindExpiry(incident, incident.openedBy, late - 1, 12 * HOUR_MS)).toBeUndefined();
  const alive = bound(incident, firing(0), 30).incident;
  expect(bindExpiry(alive, alive.openedBy, late, 12 * HOUR_MS)).toBeUndefined();
});

const phases = fc.constantFrom<Phase | undefined>('firing', 'resolved', 'update', undefined);
const history = fc.array(
  fc.record({
    phase: phases,
    start: fc.integer({ min: -5, max: 90 }),
    end: fc.integer({ min: -5, max: 90 }),
    after: fc.integer({ min: -3, max: 40 }),
    canReopen: fc.boolean(),
  }),
  { maxLength: 30 },
);

test('whatever comes: never throws, never changes its argument, closes never decrease, closes happen only when open', () => {
  fc.assert(
    fc.property(history, (signs) => {
      let known: Incident | undefined;
      let minute = 0;
      for (const { phase, start, end, after, canReopen } of signs) {
        minute += after;
        const before = JSON.stringify(known);
        const result: Bound = bound(
          known,
          event(phase, { startsAt: at(start), endsAt: phase === 'resolved' ? at(end) : NEVER }),
          minute,
          canReopen,
        );
        expect(JSON.stringify(known)).toBe(before);
        const { meaning, incident } = result;
        expect(incident.closes).toBeGreaterThanOrEqual(known?.closes ?? 0);
        expect(incident.closes - (known?.closes ?? 0)).toBe(meaning === 'closes' || meaning === 'closes-stale' ? 1 : 0);
        if (meaning === 'closes' || meaning === 'closes-stale' || meaning === 'update') expect(known?.state).toBe('open');
        if (meaning === 'opens' || meaning === 'reopens') expect(known?.state).not.toBe('open');
        expect(incident.stale).toBeLessThanOrEqual(incident.reopened);
        known = incident;
      }
    }),
    { numRuns: 300 },
  );
});
