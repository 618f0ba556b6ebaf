import { isDeepStrictEqual } from 'node:util';
import type { JournalEntry } from '#runtime/journal/journal.js';
import type { LateFact } from '#runtime/journal/late-facts.js';
import { factKey } from '#runtime/journal/late-facts.js';
import type { History, Settled } from '#runtime/journal/records.js';
import { JournalFold } from '#runtime/log/kafka/journal-fold.js';
import { compareEpochs, decodeRecord, textToEntries } from '#runtime/log/kafka/journal-record.js';
import { MemoryArea } from './memory-areas.js';
import type { JournalObserver } from './observer.js';
import type { StoredMessage } from './sim-brokers.js';
import type { ProcessClock } from './virtual-clock.js';

const NOTHING: ReadonlyMap<string, string> = new Map();

/** One partition of the journal topic, read as a view reads it, and judged put by put. */
export class SimJournal {
  readonly #observer: JournalObserver;
  readonly #violate: (law: string, detail: string) => void;
  readonly #fold: JournalFold<MemoryArea>;
  /** Markers and histories, which the owner may forget. */
  readonly facts = new MemoryArea({ keeps: (key) => /^[mhx]\//.test(key) });
  /** Steps that were told late, by the key of their settled record. */
  readonly late = new Map<string, LateFact[]>();
  /** Every output that any owner ever wrote for a step. */
  readonly #outs = new Map<string, string[]>();
  /** Open steps that an earlier owner has told as done, by the key of their progress: where that is written, and when the owner had read it. */
  readonly #told = new Map<string, { readonly offset: number; heardMs: number | undefined }>();
  #offset = 0;
  /** A take-over writes its checkpoint. */
  #isCopying = false;
  #owner: ProcessClock | undefined;

  constructor(observer: JournalObserver, violate: (law: string, detail: string) => void) {
    this.#observer = observer;
    this.#violate = violate;
    this.#fold = new JournalFold({
      open: () => new MemoryArea(),
      seen: (entries) => this.#seen(entries),
      late: (fact) => this.#toldLate(fact),
    });
  }

  get entries(): ReadonlyMap<string, string> {
    return this.#fold.current?.area.entries ?? NOTHING;
  }

  /** The process whose take-over was the last to become whole. */
  get owner(): ProcessClock | undefined {
    return this.#owner;
  }

  append({ offset, value }: StoredMessage, by: ProcessClock): string {
    const record = decodeRecord(value);
    if (record === undefined) throw new Error('the journal holds what is no record of it');
    this.#offset = Number(offset);
    const standing = this.#fold.current?.epoch;
    if (record.kind === 'begin' && (standing === undefined || compareEpochs(record.epoch, standing) > 0)) this.#isCopying = true;
    if (record.kind === 'put') this.#remember(textToEntries(record.text));
    const before = this.#fold.current;
    this.#fold.apply(Number(offset), record);
    if (record.kind === 'complete' && this.#fold.current !== before) {
      this.#isCopying = false;
      this.#owner = by;
      this.#told.clear();
      this.#observer.restart(this.entries);
    }
    return record.kind;
  }

  /** Steps that two owners did, as the view tells it: what was told late differs from what stands. */
  doubles(): { readonly key: string; readonly outs: readonly unknown[] }[] {
    return [...this.late]
      .flatMap(([key, facts]) => facts.map((fact) => ({ key, ...fact })))
      .flatMap(({ key, eventId, branch, step, settled }) => {
        const history = this.facts.get(`h/${eventId}`) as History | undefined;
        const stands = history?.branches[branch]?.steps.find(({ id }) => id === step);
        const isDoubled = stands?.state === 'done' && (stands.atMs !== settled.atMs || !isDeepStrictEqual(stands.out, settled.out));
        return isDoubled ? [{ key, outs: [stands.out, settled.out] }] : [];
      });
  }

  /** Steps for which owners wrote more than one output. */
  written(): { readonly key: string; readonly outs: readonly string[] }[] {
    return [...this.#outs].flatMap(([key, outs]) => (outs.length > 1 ? [{ key, outs }] : []));
  }

  /** A process reads on from an offset. */
  read(offset: number, by: ProcessClock, nowMs: number): void {
    if (by === this.#owner) for (const told of this.#told.values()) if (offset > told.offset) told.heardMs ??= nowMs;
  }

  #toldLate(fact: LateFact): void {
    // What is not known is kept for people alone.
    if (fact.settled.state === 'unknown') return;
    const key = factKey(fact);
    this.late.set(key, [...(this.late.get(key) ?? []), fact]);
    if (this.entries.has(`a/${fact.eventId}`) && !this.entries.has(key))
      this.#told.set(`i/${key.slice(2)}`, { offset: this.#offset, heardMs: undefined });
  }

  #seen(entries: readonly JournalEntry[]): void {
    this.facts.apply(entries.filter(({ value }) => value !== undefined));
    if (this.#isCopying) return;
    this.#observer.see(entries);
    for (const { key, value } of entries) {
      const { state, lastMs } = (value ?? {}) as { state?: string; lastMs?: number };
      const heardMs = this.#told.get(key)?.heardMs;
      if (state === 'intent' && heardMs !== undefined && (lastMs ?? 0) > heardMs) this.#violate('not-again-once-told', key);
    }
  }

  #remember(entries: readonly JournalEntry[]): void {
    for (const { key, value } of entries) {
      if (key.startsWith('d/')) this.#out(key, value as Settled | undefined);
      if (!key.startsWith('h/') || value === undefined) continue;
      for (const [branch, { steps }] of (value as unknown as History).branches.entries())
        for (const step of steps) this.#out(`d/${key.slice(2)}/${branch}/${step.id}`, step);
    }
  }

  #out(key: string, settled: { readonly state: string; readonly out?: unknown } | undefined): void {
    if (settled?.state !== 'done') return;
    const text = JSON.stringify(settled.out ?? null);
    const outs = this.#outs.get(key) ?? [];
    this.#outs.set(key, outs);
    if (!outs.includes(text)) outs.push(text);
  }
}
