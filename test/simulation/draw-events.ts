import type { Event } from '#runtime/event/event.js';
import type { Prng } from './prng.js';

/** One event and when it is first sent, on the steady time line. */
export interface PlannedEvent {
  readonly atMs: number;
  readonly event: Event;
}

/** Events of one seed: incidents that fire, repeat, flap and resolve, lone events, storms on one key, nonces seen twice, some expired or of no route. */
export function drawEvents(random: Prng, types: readonly string[], startMs: number, forMs: number): PlannedEvent[] {
  const planned: PlannedEvent[] = [];
  const keys = Array.from({ length: random.between(1, 4) }, (_, index) => `k${index}`);
  const add = (atMs: number, partitionkey: string, fields: Partial<Event>): void => {
    const time = new Date(startMs + atMs).toISOString();
    const id = `e${planned.length}`;
    const type = random.chance(0.05) ? 'unrouted' : random.pick(types);
    planned.push({
      atMs,
      event: { specversion: '1.0', id, type, source: 'sim', ingestsource: 'sim', time, recordedtime: time, partitionkey, ...fields },
    });
  };
  for (const key of keys) {
    for (let incidents = random.between(0, 3); incidents > 0; incidents -= 1) {
      const correlationid = `${key}-c${random.int(2)}`;
      let atMs = random.int(forMs);
      let startsAt = new Date(startMs + atMs).toISOString();
      for (let signs = random.between(1, 6); signs > 0; signs -= 1) {
        const phase = random.pick(['firing', 'firing', 'resolved', 'resolved', 'update'] as const);
        const endsAt = phase === 'resolved' ? new Date(startMs + atMs).toISOString() : '0001-01-01T00:00:00Z';
        add(atMs, key, { correlationid, phase, data: { startsAt, endsAt } });
        atMs += random.pick([5, 500, 20_000, 300_000]);
        if (phase === 'resolved' && random.chance(0.6)) startsAt = new Date(startMs + atMs).toISOString();
      }
    }
    for (let lone = random.between(0, 4); lone > 0; lone -= 1) {
      add(random.int(forMs), key, {
        ...(random.chance(0.2) ? { nonce: `n${random.int(2)}` } : {}),
        ...(random.chance(0.1) ? { expirytime: new Date(startMs + random.int(forMs)).toISOString() } : {}),
        ...(random.chance(0.05) ? { quarantine: '/data: simulated' } : {}),
      });
    }
  }
  if (random.chance(0.4)) {
    const atMs = random.int(forMs);
    for (let storm = random.between(5, 15); storm > 0; storm -= 1) add(atMs, random.chance(0.8) ? 'k0' : random.pick(keys), {});
  }
  return planned;
}
