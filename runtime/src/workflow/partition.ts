import { asError } from '../errors.js';
import type { Event, Json } from '../event/event.js';
import { incidentKeyOf } from '../event/event.js';
import type { Incident } from '../incident/incident.js';
import type { JournalEntry } from '../journal/journal.js';
import type { LateFact } from '../journal/late-facts.js';
import type { Ledger, Marker, Meaning, Outcome, Unfinished } from '../journal/records.js';
import { acceptedKey, duplicateKey, incidentRecordKey, LEDGER_KEY, markerKey, nonceKey } from '../journal/records.js';
import { type Acceptance, decideAcceptance } from './accept.js';
import { acceptedRecord } from './accepted-record.js';
import { decideCommand } from './command.js';
import { DamageWatch } from './damage-watch.js';
import { DIGEST_TYPE, decideDigest } from './digest.js';
import { expiryEvent } from './expiry-event.js';
import { IncidentBook } from './incident-book.js';
import { type Known, lookUp, nonceValue } from './known.js';
import { nonceHash } from './nonce.js';
import type { Delivery, PartitionPorts, PartitionRules } from './partition-ports.js';
import { PinnedRoutes } from './pinned-routes.js';
import { restorePartition } from './restore.js';
import { RunLoop } from './run-loop.js';
import { newRun, type Run } from './run-state.js';
import type { RunnerPorts } from './runner.js';
import { type TrimLog, Trimmer } from './trim.js';

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
  readonly #incidents: IncidentBook;
  readonly #loop: RunLoop;
  readonly #routes: PinnedRoutes;
  readonly #damage: DamageWatch;
  readonly #trimmer: Trimmer;
  #ledger: Ledger = { next: 0, received: 0, outcomes: {} };
  #stopping = false;
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
      (key) => this.#loop.live.has(key),
    );
    this.#damage = new DamageWatch(ports.journal, partition);
    const get = (key: string): Promise<Json | undefined> => ports.journal.get(partition, key);
    this.#routes = new PinnedRoutes({ get, routes: ports.routes });
    this.#runner = {
      ...ports,
      put: (entries) => this.#put(entries),
      get,
      range: (prefix) => this.#damage.whole(prefix, ports.journal.range(partition, prefix)),
      isDamaged: (key) => this.#damage.has(key),
      route: (hash) => this.#routes.require(hash),
      incident: (key, opener) => this.#incidents.of(key, opener),
      mayStart: () => !this.#stopping && ports.mayStart(),
    };
    this.#trimmer = new Trimmer(partition, {
      journal: ports.journal,
      put: (entries) => this.#put(entries),
      isLive: (eventId) => this.#loop.live.get(eventId) !== undefined || this.#loop.endedAt(eventId) !== undefined,
      nowMs: () => ports.clock.nowMs(),
    });
    this.#loop = new RunLoop(
      {
        runner: this.#runner,
        incidents: this.#incidents,
        count: ({ eventId, key }, outcome, reason, meaning) => this.#count(eventId, key, outcome, reason, meaning),
        lost: ports.lost,
      },
      rules.running,
    );
  }

  /** Unfinished runs. */
  get unfinished(): number {
    return this.#loop.live.size;
  }

  /** What memory still holds of runs, incidents and keys: 0 once everything is over and forgotten. For tests that look for leaks. */
  get leftovers(): number {
    return this.#loop.leftovers + this.#incidents.size;
  }

  /** Must be 0 whenever it is looked at. */
  get conservation(): number {
    const ended = Object.values(this.#ledger.outcomes).reduce((sum, count) => sum + count, 0);
    return this.#ledger.received - ended - this.#loop.live.size;
  }

  get ledger(): Readonly<Ledger> {
    return this.#ledger;
  }

  get id(): number {
    return this.#partition;
  }

  /** Of an unfinished run. */
  stateOf(eventId: string): Unfinished | undefined {
    return this.#loop.live.get(eventId)?.state;
  }

  unfinishedByState(): Record<Unfinished, number> {
    return this.#loop.live.countByState();
  }

  oldestUnfinishedMs(): number | undefined {
    return this.#loop.live.oldestMs();
  }

  /** Reads the live state. Resolves with the offset from which to deliver. Cost follows live state, not history. */
  async restore(): Promise<number> {
    const restored = await restorePartition(this.#partition, this.#ports, this.#damage, this.#routes);
    this.#ledger = restored.ledger;
    for (const incident of restored.incidents) this.#incidents.restore(incident);
    for (const incident of restored.replaced) this.#incidents.restoreReplaced(incident);
    for (const run of restored.runs) this.#loop.live.add(run);
    for (const { id, key } of restored.lost) this.#count(id, key, 'quarantined', 'journal-damaged', 'none');
    if (restored.entries.length > 0 || restored.isLedgerNew) await this.#put(restored.entries);
    this.#damage.forget(restored.entries.map(({ key }) => key));
    for (const run of restored.runs) this.#loop.begin(run);
    const unused = await this.#routes.unused(this.#ports.journal.range(this.#partition, 't/'));
    if (unused.length > 0) await this.#put(unused);
    return this.#ledger.next;
  }

  /**
   * Takes the next deliveries, in order; resolves when they are journaled. Calls must not overlap. What must be looked up is looked up first, then all is
   * decided and put without a pause in between, so that no other put can carry half of it.
   */
  async accept(deliveries: readonly Delivery[]): Promise<void> {
    this.#loop.forgetEnded();
    const news = deliveries.filter(({ offset }) => offset >= this.#ledger.next).map(({ event }) => event);
    const known = await lookUp(news, this.#rules.dedupeWindowMs, this.#runner);
    const entries: JournalEntry[] = [];
    const begun: Run[] = [];
    const released: Run[] = [];
    const touched = new Set<string>();
    const inBatch = new Map<string, number>();
    for (const { event, offset } of deliveries) {
      if (offset < this.#ledger.next) continue;
      this.#ledger.next = offset + 1;
      const seenAt =
        inBatch.get(event.id) ?? this.#loop.live.get(event.id)?.offset ?? this.#loop.endedAt(event.id) ?? known.markers.get(event.id)?.p;
      if (seenAt === offset) continue;
      this.#ledger.received += 1;
      this.#ports.received(event);
      if (seenAt !== undefined) {
        entries.push({ key: duplicateKey(event.id, offset), value: { t: this.#ports.clock.nowMs() } });
        this.#count(event.id, event.partitionkey, 'duplicate', 'same-id', 'none');
        continue;
      }
      inBatch.set(event.id, offset);
      if (event.type === 'router.command') {
        this.#command(event, offset, known.targets, entries, released);
        continue;
      }
      if (event.nonce !== undefined) {
        const key = nonceKey(nonceHash(event.partitionkey, event.nonce));
        const first = known.nonces.get(key);
        if (first !== undefined && first !== event.id) {
          this.#end(event, offset, 'duplicate', `nonce-of ${first}`.slice(0, 60), 'none', entries);
          continue;
        }
        known.nonces.set(key, event.id);
        entries.push({ key, value: nonceValue(event, this.#ports.clock.nowMs()) });
      }
      const acceptance = this.#decide(event);
      if (acceptance.incident !== undefined) {
        const replaced = this.#incidents.replacedBy(acceptance.incident, [...this.#loop.live.of(acceptance.incident.key), ...begun]);
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
    for (const run of begun) this.#loop.live.add(run);
    await this.#put(entries);
    this.#ports.commit(this.#ledger.next);
    for (const run of begun) this.#loop.begin(run);
    for (const run of released) this.#loop.goOn(run);
    for (const key of touched) this.#loop.wakeIncident(key);
  }

  /** Removes what has ended and is older than the retention, oldest first. */
  trim(retentionMs: number, log: TrimLog | undefined): Promise<void> {
    return this.#trimmer.trim(retentionMs, log, () => (this.#stopping ? 0 : this.#ledger.next));
  }

  /** Resolves when no call is under way. */
  quiet(): Promise<void> {
    return this.#loop.quiet();
  }

  /** `mayStart` is true again. */
  wake(): void {
    this.#loop.wakeSuspended();
  }

  /** What an earlier owner did and told after it had been replaced. Of runs that are over it changes nothing: the view shows what was done twice. */
  late(facts: readonly LateFact[]): void {
    for (const fact of facts) this.#loop.told(fact);
  }

  /** Starts nothing more, waits for calls under way (they are aborted when `shutdown` is), flushes. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#incidents.stop();
    await this.#loop.stop();
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
    entries.push(...this.#routes.pin(acceptance.routes));
    const accepted = acceptedRecord({ event, offset }, acceptance, nowMs, this.#ports.routes().hash);
    entries.push({ key: acceptedKey(event.id), value: accepted as unknown as Json });
    const critical = acceptance.routes.some((route) => route.critical);
    const run = newRun(accepted, critical);
    run.body = { accepted, steps: new Map() };
    return run;
  }

  #end(event: Event, offset: number, outcome: Outcome, reason: string, meaning: Meaning, entries: JournalEntry[]): void {
    const marker: Marker = { o: outcome, p: offset, t: this.#ports.clock.nowMs(), r: reason, h: this.#ports.routes().hash.slice(0, 12) };
    if (meaning !== 'none') marker.m = meaning;
    entries.push({ key: markerKey(event.id), value: { ...marker } });
    this.#count(event.id, event.partitionkey, outcome, reason, meaning);
  }

  #count(eventId: string, key: string, outcome: Outcome, reason: string, meaning: Meaning): void {
    this.#ledger.outcomes[outcome] = (this.#ledger.outcomes[outcome] ?? 0) + 1;
    this.#ports.ended({ eventId, key, outcome, reason, meaning });
  }

  #command(event: Event, offset: number, targets: Known['targets'], entries: JournalEntry[], released: Run[]): void {
    const target = (event.data as { target?: string } | undefined)?.target ?? '';
    const run = this.#loop.live.get(target);
    const decision = decideCommand(event.data, {
      body: run === undefined ? undefined : targets.get(target),
      isOvertaken: run !== undefined && released.includes(run),
      nowMs: this.#ports.clock.nowMs(),
      pinned: (hash) => this.#routes.get(hash),
    });
    if (decision.carried) {
      entries.push(...decision.entries);
      if (run !== undefined && decision.target !== undefined) released.push(run);
    }
    this.#end(event, offset, decision.carried ? 'done' : 'failed', decision.reason, 'none', entries);
  }

  async #put(entries: readonly JournalEntry[]): Promise<void> {
    const ledger: Ledger = { ...this.#ledger, outcomes: { ...this.#ledger.outcomes } };
    await this.#ports.journal.put(this.#partition, [...entries, { key: LEDGER_KEY, value: ledger as unknown as Json }]);
  }

  #expire(incident: Incident): void {
    if (this.#stopping) return;
    const event = expiryEvent(incident, this.#ports.clock.nowMs());
    this.#ports.append(event).catch(() => this.#ports.clock.after(60_000, () => this.#incidents.recheck(incident.key)));
  }

  #forget(key: string): void {
    if (this.#stopping) return;
    this.#put([{ key: incidentRecordKey(key), value: undefined }]).catch((error: unknown) => this.#ports.lost(asError(error)));
  }
}
