import type { Event, Json } from '../event/event.js';
import type { Incident } from '../incident/incident.js';
import { incidentRecordKey } from '../journal/records.js';
import { incidentCursor, readCursor, writeCursor } from './cursor.js';
import { incidentEvents } from './event-rows.js';
import { findEvent } from './find-event.js';
import type { IncidentDetail, IncidentPage, IncidentRow } from './shapes.js';
import type { ViewPorts } from './view-ports.js';

export interface IncidentQuery {
  readonly state?: 'open' | 'closed' | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** Looked at for one page at most. */
const MAX_SCANNED = 5_000;
/** Between so many the process does other work. */
const BREATH_COUNT = 500;

/** One page of live incidents, by partition and key. */
export async function incidentRows({ log, journal }: ViewPorts, query: IncidentQuery): Promise<IncidentPage> {
  const [first, after] = query.cursor === undefined ? [0, undefined] : readCursor(incidentCursor, query.cursor);
  const incidents: IncidentRow[] = [];
  let scanned = 0;
  for (let partition = first; partition < log.partitions; partition += 1) {
    const options = partition === first && after !== undefined ? { after: incidentRecordKey(after) } : {};
    for await (const { value } of journal.range(partition, 'n/', options)) {
      const incident = value as unknown as Incident;
      if (query.state === undefined || incident.state === query.state) incidents.push(rowOf(incident));
      scanned += 1;
      if (scanned % BREATH_COUNT === 0) await new Promise(setImmediate);
      if (incidents.length >= query.limit || scanned >= MAX_SCANNED) return { incidents, next: writeCursor([partition, incident.key]) };
    }
  }
  return { incidents };
}

/** One live incident: what its runs made, and its latest events; `events`: as stored, the one that opened it among them. */
export async function incidentDetailOf(
  ports: ViewPorts,
  key: string,
): Promise<{ detail: IncidentDetail; events: readonly Event[] } | undefined> {
  for (let partition = 0; partition < ports.log.partitions; partition += 1) {
    const incident = (await ports.journal.get(partition, incidentRecordKey(key))) as (Incident & Json) | undefined;
    if (incident === undefined) continue;
    const { partitionkey, openedBy, startsAt, endsAt, routes, steps, digest } = incident;
    const { rows, events } = await incidentEvents(ports, partition, incident);
    const opener = (await findEvent(ports.log, ports.journal, openedBy))?.event;
    const detail: IncidentDetail = {
      ...factsOf(incident),
      partitionkey,
      openedBy,
      ...(startsAt === undefined ? {} : { startsAt }),
      ...(endsAt === undefined ? {} : { endsAt }),
      routes,
      steps,
      ...(digest === undefined ? {} : { digest }),
      events: rows,
    };
    return { detail, events: opener === undefined ? events : [...events, opener] };
  }
  return undefined;
}

const rowOf = (incident: Incident): IncidentRow => ({ ...factsOf(incident), routes: incident.routes.map(({ route }) => route) });

function factsOf(incident: Incident): Omit<IncidentRow, 'routes'> {
  const { key, state, type, openedMs, lastSignMs, closedMs, closedAs, occurrences, reopened, stale } = incident;
  return {
    key,
    state,
    type,
    openedAt: new Date(openedMs).toISOString(),
    lastSignAt: new Date(lastSignMs).toISOString(),
    ...(closedMs === undefined ? {} : { closedAt: new Date(closedMs).toISOString() }),
    ...(closedAs === undefined ? {} : { closedAs }),
    occurrences,
    reopened,
    stale,
  };
}
