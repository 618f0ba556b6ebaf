import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#runtime/clock.js';
import type { Event } from '#runtime/event/event.js';
import type { Incident } from '#runtime/incident/incident.js';
import type { Meaning, Outcome } from '#runtime/journal/records.js';
import { type EmbeddedLog, openEmbedded } from '#runtime/log/embedded.js';
import { Manager } from '#runtime/manager/manager.js';
import { loadMappings } from '#runtime/mapper/load.js';
import { createRouteTable } from '#runtime/mapper/route-table.js';
import { Pipeline } from '#runtime/pipeline.js';
import { systemRandom } from '#runtime/random.js';
import { testCatalog } from '#test/mapper/test-catalog.js';

export interface Ended {
  readonly eventId: string;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly meaning: Meaning;
}

/** The real manager, mapper, embedded log and workflow in this process, with routes that call nothing (shadow): what events become, without targets. */
export class PipelineBench {
  readonly dir = mkdtempSync(join(tmpdir(), 'sre-router-bench-'));
  readonly ended: Ended[] = [];
  readonly #mapping: unknown;
  #log: EmbeddedLog | undefined;
  pipeline: Pipeline | undefined;

  constructor(mapping: unknown) {
    this.#mapping = mapping;
  }

  /** Opens the folder, restoring what is in it. `paused`: takes events and decides nothing, as a process that dies right after its answer. */
  async start(options: { paused?: boolean } = {}): Promise<void> {
    const catalog = testCatalog;
    const { routes } = loadMappings([{ file: 'bench.json', text: JSON.stringify(this.#mapping) }], catalog);
    const table = createRouteTable(routes, { catalog, onWhenError: () => undefined });
    const manager = new Manager({
      sources: { alertmanager: { kind: 'alertmanager', settings: {} } },
      limits: { maxEntries: 20_000, maxDepth: 64, eventBytes: 900_000 },
      clock: systemClock,
      random: systemRandom,
      unknownType: () => undefined,
    });
    const log = openEmbedded({ dir: this.dir, clock: systemClock });
    this.#log = log;
    if (options.paused === true) log.pause(0);
    this.pipeline = new Pipeline(
      {
        clock: systemClock,
        random: systemRandom,
        log,
        journal: log,
        routes: () => table,
        action: () => undefined,
        destination: () => undefined,
        mayStart: () => true,
        shutdown: new AbortController().signal,
        decode: async (source, payload) => manager.decode(source, payload),
        lost: (_partition, error) => {
          throw error;
        },
        ended: (end) => void this.ended.push(end),
        received: () => undefined,
        report: () => undefined,
        unreadable: () => undefined,
      },
      {
        running: 100,
        reopenWithinMs: 1_800_000,
        expireAfterMs: 43_200_000,
        dedupeWindowMs: 3_600_000,
        batch: 256,
        batchBytes: 4 * 1_048_576,
        queue: 2_000,
        queueBytes: 16 * 1_048_576,
        unfinished: 100_000,
      },
    );
    await this.pipeline.start();
  }

  async post(body: Buffer): Promise<readonly Event[]> {
    const events = await this.accept(body);
    await this.settled(events.map(({ id }) => id));
    return events;
  }

  /** Resolves when the request may be answered 202. */
  async accept(body: Buffer): Promise<readonly Event[]> {
    if (this.pipeline === undefined) throw new Error('not started');
    return this.pipeline.ingest('alertmanager', { body, headers: { 'content-type': 'application/json' } });
  }

  /** Resolves when each of these events has ended. */
  async settled(ids: readonly string[]): Promise<void> {
    const open = new Set(ids);
    for (let seen = 0; open.size > 0; ) {
      for (; seen < this.ended.length; seen += 1) open.delete(this.ended[seen]?.eventId ?? '');
      if (open.size > 0) await new Promise(setImmediate);
    }
  }

  async incidents(): Promise<Incident[]> {
    const found: Incident[] = [];
    for await (const { value } of this.#log?.range(0, 'n/') ?? []) found.push(value as unknown as Incident);
    return found;
  }

  async stop(): Promise<void> {
    await this.#log?.close();
    this.#log = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
