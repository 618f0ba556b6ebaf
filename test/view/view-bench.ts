import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#runtime/clock.js';
import type { Event, Json } from '#runtime/event/event.js';
import type { Incident } from '#runtime/incident/incident.js';
import type { Marker } from '#runtime/journal/records.js';
import { incidentRecordKey, LEDGER_KEY, markerKey } from '#runtime/journal/records.js';
import { type EmbeddedLog, openEmbedded } from '#runtime/log/embedded.js';
import { View } from '#runtime/view/view.js';
import type { ViewPorts } from '#runtime/view/view-ports.js';

const START_MS = Date.UTC(2026, 0, 1);

export const iso = (second: number): string => new Date(START_MS + second * 1_000).toISOString();

/** A view over a real embedded log whose contents a test writes by hand. Counts what is read. */
export class ViewBench {
  readonly dir = mkdtempSync(join(tmpdir(), 'sre-router-view-'));
  readonly log: EmbeddedLog;
  readonly view: View;
  read = 0;
  #second = 0;

  constructor(partitions = 3, ports: Partial<ViewPorts> = {}) {
    const log = openEmbedded({ dir: this.dir, partitions, clock: systemClock });
    this.log = log;
    const counting = Object.assign(Object.create(null) as object, {
      partitions,
      end: (partition: number) => log.end(partition),
      read: (position: Parameters<EmbeddedLog['read']>[0]) => log.read(position),
      readBackwards: async (partition: number, before: number | undefined, count: number) => {
        const records = await log.readBackwards(partition, before, count);
        this.read += records.length;
        return records;
      },
    }) as unknown as ViewPorts['log'];
    const routes = { hash: 'h'.repeat(64), match: () => [], explain: () => [], compilePinned: () => Promise.reject(new Error('none')) };
    this.view = new View({ log: counting, journal: log, routes: () => routes as never, ...ports });
  }

  /** One second later than the last. */
  event(id: string, fields: Partial<Event> = {}): Event {
    this.#second += 1;
    const time = iso(this.#second);
    return { specversion: '1.0', id, type: 't', source: 's', ingestsource: 's', time, recordedtime: time, partitionkey: id, ...fields };
  }

  /** Appends an event and, unless it is still to be looked at, ends it. */
  async write(event: Event, marker: Partial<Marker> | 'none' = {}): Promise<{ partition: number; offset: number }> {
    const [position] = await this.log.append([{ key: event.partitionkey, value: Buffer.from(JSON.stringify(event)) }]);
    if (position === undefined) throw new Error('no position');
    const { partition, offset } = position;
    if (marker === 'none') return position;
    const ended: Marker = { o: 'done', p: offset, t: START_MS, ...marker };
    await this.log.put(partition, [
      { key: LEDGER_KEY, value: { next: offset + 1, received: 0, outcomes: {} } },
      { key: markerKey(event.id), value: ended as unknown as Json },
    ]);
    return position;
  }

  async incident(partition: number, key: string, fields: Partial<Incident> = {}): Promise<void> {
    const incident: Incident = {
      key,
      partitionkey: key,
      openedBy: 'opener',
      type: 't',
      state: 'open',
      openedMs: START_MS,
      lastSignMs: START_MS,
      occurrences: 1,
      reopened: 0,
      stale: 0,
      closes: 0,
      routes: [],
      steps: {},
      ...fields,
    };
    await this.log.put(partition, [{ key: incidentRecordKey(key), value: incident as unknown as Json }]);
  }

  async close(): Promise<void> {
    await this.log.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
