import type { Event, Json } from '../event/event.js';
import { incidentKeyOf } from '../event/event.js';
import type { Incident } from '../incident/incident.js';
import type { Journal, JournalEntry } from '../journal/journal.js';
import type { Accepted, Ledger, Marker, Meaning, Outcome, Progress, Unfinished } from '../journal/records.js';
import { acceptedKey, duplicateKey, incidentRecordKey, LEDGER_KEY, markerKey, nonceKey, routeTextKey } from '../journal/records.js';
import type { CompiledRoute, RouteTable } from '../plan.js';
import type { Acceptance } from './accept.js';
import { decideAcceptance } from './accept.js';
import type { Command } from './command.js';
import { commandEntries, commandSchema } from './command.js';
import { builtInRoute, DIGEST_TYPE, decideDigest } from './digest.js';
import { DueQueue } from './due-queue.js';
import { executeRun } from './execute-run.js';
import { IncidentBook } from './incident-book.js';
import { Lanes } from './lanes.js';
import { loadBody } from './load-body.js';
import { nonceHash } from './nonce.js';
import type { Run, RunBody } from './run-state.js';
import type { RunnerPorts } from './runner.js';
import type { TrimPorts } from './trim.js';
import { trimOldest } from './trim.js';

/** One record of `events`, decoded. undefined event: the stored value was unreadable. */
export interface Delivery {
  readonly offset: number;
  readonly event: Event;
}

export interface PartitionRules {
  readonly running: number;
  readonly reopenWithinMs: number;
  readonly expireAfterMs: number;
  readonly dedupeWindowMs: number;
}

export interface PartitionPorts extends Omit<RunnerPorts, 'put' | 'get' | 'range' | 'route' | 'incident'> {
  readonly journal: Journal;
  routes(): RouteTable;
  commit(nextOffset: number): void;
  /** The journal refused a write: this process must give the partition up. */
  lost(error: Error): void;
  ended(end: { eventId: string; outcome: Outcome; reason: string; meaning: Meaning }): void;
  received(event: Event): void;
}

/**
 * The owner of one partition: takes its events in order, binds them to incidents, journals what they become, and runs the runs.
 *
 * Delivery guarantees: an event is accepted (journaled) before its offset is committed, in the same atomic put as the ledger that counts it; re-reads are
 * recognised by id and offset and change nothing; a rejected put ends ownership, so memory never runs ahead of what is durable.
 */
export class Partition {
  readonly #partition: number;
  readonly #ports: PartitionPorts;
  readonly #rules: PartitionRules;
  readonly #live = new Map<string, Run>();
  /** Ended since the last look-up of markers began: event id → offset. A marker read before the end was durable would miss it. */
  readonly #ending = new Map<string, number>();
  #endedDurably: string[] = [];
  /** Unfinished runs by incident, to be woken when it closes. */
  readonly #byIncident = new Map<string, Set<Run>>();
  readonly #incidents: IncidentBook;
  readonly #lanes: Lanes;
  readonly #due: DueQueue<Run>;
  readonly #routes = new Map<string, CompiledRoute | undefined>();
  readonly #textsWritten = new Set<string>();
  #ledger: Ledger = { next: 0, received: 0, outcomes: {} };
  #stopping = false;
  readonly #executing = new Set<Promise<void>>();
  readonly #runner: RunnerPorts;

  constructor(partition: number, ports: PartitionPorts, rules: PartitionRules) {
    this.#partition = partition;
    this.#ports = ports;
    this.#rules = rules;
    const keepClosedMs = Math.max(rules.reopenWithinMs, rules.dedupeWindowMs);
    this.#incidents = new IncidentBook(
      ports.clock,
      { expireAfterMs: rules.expireAfterMs, keepClosedMs },
      (incident) => this.#expire(incident),
      (key) => this.#forget(key),
      (key) => this.#byIncident.has(key),
    );
    this.#lanes = new Lanes(rules.running, (run) => this.#start(run));
    this.#due = new DueQueue(ports.clock, (run) => this.#lanes.wake(run));
    this.#runner = {
      ...ports,
      put: (entries) => this.#put(entries),
      get: (key) => ports.journal.get(partition, key),
      range: (prefix) => ports.journal.range(partition, prefix),
      route: (hash) => this.#route(hash),
      incident: (key, opener) => this.#incidents.of(key, opener),
      mayStart: () => !this.#stopping && ports.mayStart(),
    };
  }

  /** Unfinished runs. */
  get unfinished(): number {
    return this.#live.size;
  }

  /** What memory still holds of runs, incidents and keys: 0 once everything is over and forgotten. For tests that look for leaks. */
  get leftovers(): number {
    return this.#live.size + this.#byIncident.size + this.#executing.size + this.#incidents.size + this.#lanes.size;
  }

  /** Must be 0 whenever it is looked at. */
  get conservation(): number {
    const ended = Object.values(this.#ledger.outcomes).reduce((sum, count) => sum + count, 0);
    return this.#ledger.received - ended - this.#live.size;
  }

  get ledger(): Readonly<Ledger> {
    return this.#ledger;
  }

  unfinishedByState(): Record<Unfinished, number> {
    const counts = { running: 0, waiting: 0, parked: 0, ambiguous: 0 };
    for (const run of this.#live.values()) counts[run.state] += 1;
    return counts;
  }

  oldestUnfinishedMs(): number | undefined {
    let oldestMs: number | undefined;
    for (const run of this.#live.values()) if (oldestMs === undefined || run.acceptedMs < oldestMs) oldestMs = run.acceptedMs;
    return oldestMs;
  }

  /** Reads the live state. Resolves with the offset from which to deliver. Cost follows live state, not history. */
  async restore(): Promise<number> {
    const { journal } = this.#ports;
    const ledger = (await journal.get(this.#partition, LEDGER_KEY)) as Ledger | undefined;
    if (ledger !== undefined) this.#ledger = ledger;
    for await (const { value } of journal.range(this.#partition, 'n/')) this.#incidents.restore(value as unknown as Incident);
    for await (const { value } of journal.range(this.#partition, 'p/')) this.#incidents.restoreReplaced(value as unknown as Incident);
    const runs: Run[] = [];
    const hashes = new Set<string>();
    for await (const { value } of journal.range(this.#partition, 'a/')) {
      const accepted = value as unknown as Accepted;
      for (const branch of accepted.branches) hashes.add(branch.hash);
      runs.push(await this.#restoredRun(accepted));
    }
    for (const incident of this.#incidents.values()) for (const route of incident.routes) hashes.add(route.hash);
    for (const hash of hashes) await this.#loadRoute(hash);
    // A call that may be under way holds its key, also against a run that a person released before it.
    const unsettled = new Set<string>();
    for await (const { key, value } of journal.range(this.#partition, 'i/')) {
      const { state, forced } = value as unknown as Progress;
      if ((state === 'intent' || state === 'unsettled') && forced !== true) unsettled.add(key.slice(2));
    }
    for await (const { key } of journal.range(this.#partition, 'd/')) unsettled.delete(key.slice(2));
    const holding = new Set([...unsettled].map((name) => name.split('/').slice(0, -2).join('/')));
    const rank = (run: Run): number => (holding.has(run.eventId) ? 0 : 1);
    runs.sort((a, b) => rank(a) - rank(b) || a.offset - b.offset);
    for (const run of runs) {
      this.#keep(run);
      this.#lanes.add(run);
    }
    return this.#ledger.next;
  }

  async #restoredRun(accepted: Accepted): Promise<Run> {
    let critical = false;
    for (const branch of accepted.branches) critical ||= (await this.#loadRoute(branch.hash))?.critical ?? false;
    return newRun(accepted.event, accepted.offset, accepted.atMs, accepted, critical);
  }

  /**
   * Takes the next deliveries, in order; resolves when they are journaled. Calls must not overlap. What must be looked up is looked up first, then all is
   * decided and put without a pause in between, so that no other put can carry half of it.
   */
  async accept(deliveries: readonly Delivery[]): Promise<void> {
    for (const id of this.#endedDurably.splice(0)) this.#ending.delete(id);
    const known = new Map<string, Marker | undefined>();
    const nonces = new Map<string, string | undefined>();
    const targets = new Map<string, RunBody | undefined>();
    for (const { event, offset } of deliveries) {
      if (offset < this.#ledger.next) continue;
      if (!known.has(event.id))
        known.set(event.id, (await this.#ports.journal.get(this.#partition, markerKey(event.id))) as Marker | undefined);
      if (event.nonce !== undefined) {
        const key = nonceKey(nonceHash(event.partitionkey, event.nonce));
        const seen = (await this.#ports.journal.get(this.#partition, key)) as { e: string; t: number } | undefined;
        if (seen !== undefined && this.#ports.clock.nowMs() - seen.t < this.#rules.dedupeWindowMs) nonces.set(key, seen.e);
      }
      if (event.type === 'router.command') {
        const command = commandSchema.safeParse(event.data);
        if (command.success) targets.set(command.data.target, await loadBody(this.#runner, command.data.target));
      }
    }
    const entries: JournalEntry[] = [];
    const begun: Run[] = [];
    const released: Run[] = [];
    const touched = new Set<string>();
    const inBatch = new Map<string, number>();
    for (const { event, offset } of deliveries) {
      if (offset < this.#ledger.next) continue;
      this.#ledger.next = offset + 1;
      const seenAt = inBatch.get(event.id) ?? this.#live.get(event.id)?.offset ?? this.#ending.get(event.id) ?? known.get(event.id)?.p;
      if (seenAt === offset) continue;
      this.#ledger.received += 1;
      this.#ports.received(event);
      if (seenAt !== undefined) {
        entries.push({ key: duplicateKey(event.id, offset), value: { t: this.#ports.clock.nowMs() } });
        this.#count(event.id, 'duplicate', 'same-id', 'none');
        continue;
      }
      inBatch.set(event.id, offset);
      if (event.type === 'router.command') {
        this.#command(event, offset, targets, entries, released);
        continue;
      }
      if (event.nonce !== undefined) {
        const key = nonceKey(nonceHash(event.partitionkey, event.nonce));
        const first = nonces.get(key);
        if (first !== undefined && first !== event.id) {
          this.#end(event, offset, 'duplicate', `nonce-of ${first}`.slice(0, 60), 'none', entries);
          continue;
        }
        nonces.set(key, event.id);
        entries.push({ key, value: { e: event.id, t: this.#ports.clock.nowMs() } });
      }
      const acceptance = this.#decide(event);
      if (acceptance.incident !== undefined) {
        const replaced = this.#replaced(acceptance.incident, begun);
        if (replaced !== undefined) entries.push(this.#incidents.replace(replaced));
        const entry = this.#incidents.set(acceptance.incident);
        if (entry !== undefined) entries.push(entry);
        if (acceptance.meaning === 'closes' || acceptance.meaning === 'closes-stale' || acceptance.meaning === 'expires')
          touched.add(acceptance.incident.key);
      }
      // Void, perhaps because the clock went back: asked again when it is due.
      if (event.type === 'router.expiry' && event.correlationid !== undefined && acceptance.meaning === 'none')
        this.#incidents.recheck(event.correlationid);
      if (!acceptance.run) this.#end(event, offset, acceptance.outcome, acceptance.reason, acceptance.meaning, entries);
      else begun.push(this.#begin(event, offset, acceptance, entries));
    }
    for (const run of begun) this.#keep(run);
    await this.#put(entries);
    this.#ports.commit(this.#ledger.next);
    for (const run of begun) this.#lanes.add(run);
    for (const run of released) this.#goOn(run);
    if (touched.size > 0) this.#wakeIncidents(touched);
  }

  /** Removes what has ended and is older than the retention, oldest first. */
  async trim(retentionMs: number, log: Pick<TrimPorts, 'oldest' | 'trim'>): Promise<void> {
    const ports: TrimPorts = {
      ...log,
      journal: this.#ports.journal,
      put: (entries) => this.#put(entries),
      isLive: (eventId) => this.#live.has(eventId) || this.#ending.has(eventId),
      nowMs: () => this.#ports.clock.nowMs(),
    };
    while (!this.#stopping && (await trimOldest(this.#partition, this.#ledger.next, retentionMs, ports)));
  }

  /** Starts nothing more, waits for calls under way (they are aborted when `shutdown` is), flushes. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#lanes.stop();
    this.#due.stop();
    this.#incidents.stop();
    for (const run of this.#live.values()) {
      run.cancelWait?.();
      run.pass?.pass.leave('unused');
      run.pass = undefined;
    }
    while (this.#executing.size > 0) await Promise.all(this.#executing);
  }

  #decide(event: Event): Acceptance {
    const nowMs = this.#ports.clock.nowMs();
    if (event.type === DIGEST_TYPE) return decideDigest(event, this.#incidents.get(`router:${event.partitionkey}`), nowMs);
    const key = event.type === 'router.expiry' ? event.correlationid : incidentKeyOf(event);
    const { reopenWithinMs, expireAfterMs } = this.#rules;
    return decideAcceptance(event, key === undefined ? undefined : this.#incidents.get(key), {
      nowMs,
      reopenWithinMs,
      expireAfterMs,
      match: (candidate) => this.#ports.routes().match(candidate),
      pinned: (hash) => this.#routes.get(hash),
    });
  }

  #begin(event: Event, offset: number, acceptance: Extract<Acceptance, { run: true }>, entries: JournalEntry[]): Run {
    const nowMs = this.#ports.clock.nowMs();
    for (const route of acceptance.routes) {
      this.#routes.set(route.hash, route);
      if (this.#textsWritten.has(route.hash)) continue;
      this.#textsWritten.add(route.hash);
      entries.push({ key: routeTextKey(route.hash), value: route.text });
    }
    const incident = acceptance.incident;
    const accepted: Accepted = {
      event,
      offset,
      atMs: nowMs,
      meaning: acceptance.meaning,
      ...(incident === undefined ? {} : { incident: incident.key, opener: incident.openedBy, closes: incident.closes }),
      branches: [...acceptance.branches],
      table: this.#ports.routes().hash,
    };
    entries.push({ key: acceptedKey(event.id), value: accepted as unknown as Json });
    const critical = acceptance.routes.some((route) => route.critical);
    const run = newRun(event, offset, nowMs, accepted, critical);
    run.body = { accepted, steps: new Map() };
    return run;
  }

  #end(event: Event, offset: number, outcome: Outcome, reason: string, meaning: Meaning, entries: JournalEntry[]): void {
    const marker: Marker = { o: outcome, p: offset, t: this.#ports.clock.nowMs(), r: reason, h: this.#ports.routes().hash.slice(0, 12) };
    if (meaning !== 'none') marker.m = meaning;
    entries.push({ key: markerKey(event.id), value: { ...marker } });
    this.#count(event.id, outcome, reason, meaning);
  }

  #count(eventId: string, outcome: Outcome, reason: string, meaning: Meaning): void {
    this.#ledger.outcomes[outcome] = (this.#ledger.outcomes[outcome] ?? 0) + 1;
    this.#ports.ended({ eventId, outcome, reason, meaning });
  }

  #command(
    event: Event,
    offset: number,
    targets: ReadonlyMap<string, RunBody | undefined>,
    entries: JournalEntry[],
    released: Run[],
  ): void {
    const parsed = commandSchema.safeParse(event.data);
    if (!parsed.success) return this.#end(event, offset, 'failed', 'command-invalid', 'none', entries);
    const command: Command = parsed.data;
    if (command.kind === 'resubmit') return this.#end(event, offset, 'done', 'resubmit', 'none', entries);
    const run = this.#live.get(command.target);
    const body = targets.get(command.target);
    if (run === undefined || body === undefined)
      return this.#end(event, offset, 'failed', 'command-target-not-unfinished', 'none', entries);
    if (run.state === 'running' || released.includes(run))
      return this.#end(event, offset, 'failed', 'command-target-running', 'none', entries);
    const carried = commandEntries(command, body, this.#ports.clock.nowMs());
    if (carried.steps === 0) return this.#end(event, offset, 'failed', 'command-no-such-step', 'none', entries);
    entries.push(...carried.entries);
    run.body = undefined;
    released.push(run);
    this.#end(event, offset, 'done', command.kind, 'none', entries);
  }

  /** A run that a person set going again: it holds its key again, behind what runs there now. */
  #goOn(run: Run): void {
    run.nudged = true;
    if (run.state === 'waiting') return this.#lanes.wake(run);
    // Woken while the command was being journaled: it looks again when it comes to its end.
    if (run.state === 'running') return;
    run.state = 'running';
    this.#lanes.addFirst(run);
  }

  /** Steps that wait are looked at again when their incident closes: most are then skipped. */
  #wakeIncidents(keys: ReadonlySet<string>): void {
    for (const key of keys) {
      for (const run of this.#byIncident.get(key) ?? []) {
        run.nudged = true;
        if (run.state === 'waiting') this.#lanes.wake(run);
      }
    }
  }

  /** The incident that this one takes the place of, if runs of it are still live: they go on with their own. */
  #replaced(next: Incident, begun: readonly Run[]): Incident | undefined {
    const before = this.#incidents.get(next.key);
    if (before === undefined || before.openedBy === next.openedBy) return undefined;
    const runs = [...(this.#byIncident.get(next.key) ?? []), ...begun.filter((run) => run.incident === next.key)];
    return runs.some((run) => run.opener === before.openedBy) ? before : undefined;
  }

  /** The last run of a replaced incident takes it along; an incident that was held may be forgotten now. */
  #release(run: Run): JournalEntry[] {
    const { incident, opener } = run;
    if (incident === undefined) return [];
    const runs = this.#byIncident.get(incident);
    if (runs === undefined) this.#incidents.recheck(incident);
    if (opener === undefined || [...(runs ?? [])].some((other) => other.opener === opener)) return [];
    const entry = this.#incidents.dropReplaced(incident, opener);
    return entry === undefined ? [] : [entry];
  }

  #keep(run: Run): void {
    this.#live.set(run.eventId, run);
    if (run.incident === undefined) return;
    const runs = this.#byIncident.get(run.incident);
    if (runs === undefined) this.#byIncident.set(run.incident, new Set([run]));
    else runs.add(run);
  }

  #remove(run: Run): void {
    this.#live.delete(run.eventId);
    if (run.incident === undefined) return;
    const runs = this.#byIncident.get(run.incident);
    runs?.delete(run);
    if (runs?.size === 0) this.#byIncident.delete(run.incident);
  }

  #start(run: Run): void {
    run.state = 'running';
    run.dueMs = undefined;
    run.nudged = false;
    run.cancelWait?.();
    run.cancelWait = undefined;
    const work = this.#execute(run).catch((error: unknown) => this.#ports.lost(error instanceof Error ? error : new Error(String(error))));
    const tracked = work.finally(() => this.#executing.delete(tracked));
    this.#executing.add(tracked);
  }

  async #execute(run: Run): Promise<void> {
    const granted = run.pass;
    const end = await executeRun(this.#runner, run, () => this.#lanes.wake(run));
    if (granted !== undefined && run.pass === granted) {
      // It was not needed after all (the incident closed, or a person took over).
      run.pass = undefined;
      granted.pass.leave('unused');
    }
    if (end.end === 'finished') {
      const incidentEntry = this.#keepOutputs(run, end.outputs);
      const marker: Marker = { o: end.outcome, p: run.offset, t: this.#ports.clock.nowMs(), h: end.table.slice(0, 12), run: true };
      if (end.meaning !== 'none') marker.m = end.meaning;
      this.#remove(run);
      this.#ending.set(run.eventId, run.offset);
      this.#count(run.eventId, end.outcome, 'run', end.meaning);
      await this.#put([...end.entries, { key: markerKey(run.eventId), value: { ...marker } }, ...incidentEntry, ...this.#release(run)]);
      this.#endedDurably.push(run.eventId);
      this.#lanes.leaves(run);
      return;
    }
    const entries = end.end === 'suspended' ? end.entries : [...end.entries, ...this.#keepOutputs(run, end.outputs)];
    if (entries.length > 0) await this.#put(entries);
    if (end.end === 'suspended') return this.#lanes.waits(run);
    if (end.end === 'person') {
      run.state = end.state;
      run.body = undefined;
      this.#lanes.leaves(run);
      if (run.nudged) this.#goOn(run);
      return;
    }
    run.state = 'waiting';
    run.dueMs = end.dueMs;
    run.body = undefined;
    this.#lanes.waits(run);
    if (run.nudged || run.pass !== undefined) this.#lanes.wake(run);
    else if (end.dueMs !== undefined) this.#due.add(end.dueMs, run);
  }

  /** What later events of the incident may read. */
  #keepOutputs(run: Run, outputs: ReadonlyMap<string, Record<string, Json>>): JournalEntry[] {
    const incident = run.incident === undefined ? undefined : this.#incidents.of(run.incident, run.opener);
    if (incident === undefined || outputs.size === 0) return [];
    const steps = { ...incident.steps };
    for (const [route, made] of outputs) steps[route] = { ...steps[route], ...made };
    const entry = this.#incidents.update({ ...incident, steps });
    return entry === undefined ? [] : [entry];
  }

  async #put(entries: readonly JournalEntry[]): Promise<void> {
    const ledger: Ledger = { ...this.#ledger, outcomes: { ...this.#ledger.outcomes } };
    await this.#ports.journal.put(this.#partition, [...entries, { key: LEDGER_KEY, value: ledger as unknown as Json }]);
  }

  async #route(hash: string): Promise<CompiledRoute> {
    const route = this.#routes.get(hash) ?? (await this.#loadRoute(hash));
    if (route === undefined) throw new Error(`The text of pinned route ${hash.slice(0, 12)} is gone or unreadable.`);
    return route;
  }

  async #loadRoute(hash: string): Promise<CompiledRoute | undefined> {
    if (this.#routes.has(hash)) return this.#routes.get(hash);
    const builtIn = builtInRoute(hash);
    if (builtIn !== undefined) {
      this.#routes.set(hash, builtIn);
      return builtIn;
    }
    const text = await this.#ports.journal.get(this.#partition, routeTextKey(hash));
    let route: CompiledRoute | undefined;
    try {
      route = typeof text === 'string' ? this.#ports.routes().compilePinned(text) : undefined;
    } catch {
      route = undefined;
    }
    this.#routes.set(hash, route);
    if (route !== undefined) this.#textsWritten.add(hash);
    return route;
  }

  #expire(incident: Incident): void {
    if (this.#stopping) return;
    const now = new Date(this.#ports.clock.nowMs()).toISOString();
    const event: Event = {
      specversion: '1.0',
      id: `expiry-${nonceHash(incident.key, `${incident.openedBy} ${incident.lastSignMs} ${this.#ports.clock.nowMs()}`).slice(0, 32)}`,
      type: 'router.expiry',
      source: 'router',
      ingestsource: 'router',
      time: now,
      recordedtime: now,
      partitionkey: incident.partitionkey,
      correlationid: incident.key,
      data: { incident: incident.key, openedBy: incident.openedBy, lastSignMs: incident.lastSignMs },
    };
    this.#ports.append(event).catch(() => this.#ports.clock.after(60_000, () => this.#incidents.recheck(incident.key)));
  }

  #forget(key: string): void {
    if (this.#stopping) return;
    this.#put([{ key: incidentRecordKey(key), value: undefined }]).catch((error: unknown) =>
      this.#ports.lost(error instanceof Error ? error : new Error(String(error))),
    );
  }
}

function newRun(
  event: Event,
  offset: number,
  acceptedMs: number,
  { incident, opener }: Pick<Accepted, 'incident' | 'opener'>,
  critical: boolean,
): Run {
  return {
    eventId: event.id,
    offset,
    key: event.partitionkey,
    incident,
    opener,
    critical,
    acceptedMs,
    state: 'running',
    dueMs: undefined,
    pass: undefined,
    cancelWait: undefined,
    body: undefined,
    nudged: false,
  };
}
