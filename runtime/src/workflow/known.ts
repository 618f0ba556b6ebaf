import type { Event, Json } from '../event/event.js';
import type { Marker } from '../journal/records.js';
import { markerKey, nonceKey } from '../journal/records.js';
import { commandSchema } from './command.js';
import { loadBody } from './load-body.js';
import { nonceHash } from './nonce.js';
import type { RunBody } from './run-state.js';
import type { RunnerPorts } from './runner.js';

/** What the journal knows of a batch of events, looked up before anything is decided. */
export interface Known {
  /** Ended events, by id. */
  readonly markers: ReadonlyMap<string, Marker | undefined>;
  /** Event that brought a nonce first, by journal key; the batch adds its own. */
  readonly nonces: Map<string, string>;
  /** Runs that commands mean, by event id. */
  readonly targets: ReadonlyMap<string, RunBody | undefined>;
}

const UNREADABLE_MARKER: Marker = { o: 'done', p: -1, t: 0 };

export type KnownPorts = Pick<RunnerPorts, 'get' | 'range' | 'isDamaged' | 'clock'>;

export async function lookUp(events: readonly Event[], dedupeWindowMs: number, ports: KnownPorts): Promise<Known> {
  const markers = new Map<string, Marker | undefined>();
  const nonces = new Map<string, string>();
  const targets = new Map<string, RunBody | undefined>();
  for (const event of events) {
    if (!markers.has(event.id)) {
      const key = markerKey(event.id);
      const marker = (await ports.get(key)) as Marker | undefined;
      // It ended once, whatever its marker said.
      markers.set(event.id, marker ?? (ports.isDamaged(key) ? UNREADABLE_MARKER : undefined));
    }
    if (event.nonce !== undefined) {
      const key = nonceKey(nonceHash(event.partitionkey, event.nonce));
      const seen = (await ports.get(key)) as { e: string; t: number } | undefined;
      if (seen !== undefined && ports.clock.nowMs() - seen.t < dedupeWindowMs) nonces.set(key, seen.e);
    }
    if (event.type === 'router.command') {
      const command = commandSchema.safeParse(event.data);
      if (command.success) targets.set(command.data.target, await loadBody(ports, command.data.target));
    }
  }
  return { markers, nonces, targets };
}

/** The journal's value of a nonce. */
export const nonceValue = (event: Event, nowMs: number): Json => ({ e: event.id, t: nowMs });
