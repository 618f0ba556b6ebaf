import type { JournalEntry } from '../../journal/journal.js';
import { type LateFact, lateFacts } from '../../journal/late-facts.js';
import { compareEpochs, type Epoch, type JournalRecord, textToEntries } from './journal-record.js';

/** Where a fold keeps one candidate for the live state. */
export interface FoldArea {
  apply(entries: readonly JournalEntry[]): void;
  /** Throws the area away. */
  drop(): void;
}

export interface FoldPorts<Area extends FoldArea> {
  open(): Area;
  /** Every put that counts. */
  seen?(entries: readonly JournalEntry[]): void;
  /** A step that an earlier owner did and told after it had been replaced, or while it was: a fact all the same. */
  late?(fact: LateFact): void;
}

interface State<Area> {
  readonly epoch: Epoch;
  /** Of the topics, when it was written. */
  readonly partitions: number;
  /** Offset at which its checkpoint begins. */
  readonly begin: number;
  readonly area: Area;
}

const nameOf = ({ counter, generation }: Epoch): string => `${counter}.${generation}`;

/**
 * The live state of a partition out of its journal records, whoever wrote them and however late.
 *
 * A state is good from the `complete` of its checkpoint on; the highest epoch that has one wins, and what earlier epochs append afterwards changes nothing. An
 * owner that died within its checkpoint had done nothing yet, so the state before it stands, with all that its owner still wrote.
 */
export class JournalFold<Area extends FoldArea> {
  readonly #ports: FoldPorts<Area>;
  #current: State<Area> | undefined;
  #candidate: State<Area> | undefined;
  #highest: Epoch = { counter: 0, generation: 0 };
  /** Beginnings of puts that are not whole yet, by writer. */
  readonly #parts = new Map<string, string>();
  readonly #begun = new Set<string>();
  #isCutOff = false;

  constructor(ports: FoldPorts<Area>) {
    this.#ports = ports;
  }

  /** The state that stands; undefined: there is none. */
  get current(): State<Area> | undefined {
    return this.#current;
  }

  /** The highest epoch seen, complete or not. */
  get highest(): Epoch {
    return this.#highest;
  }

  /** There were puts of an owner whose checkpoint does not begin within what was read. */
  get isCutOff(): boolean {
    return this.#isCutOff;
  }

  /** Call in offset order. */
  apply(offset: number, record: JournalRecord): void {
    const { epoch } = record;
    if (compareEpochs(epoch, this.#highest) > 0) this.#highest = epoch;
    const order = this.#current === undefined ? 1 : compareEpochs(epoch, this.#current.epoch);
    switch (record.kind) {
      case 'begin':
        // The owner's own next checkpoint changes nothing about the state that stands; and who begins behind a later owner comes too late.
        if (order > 0 && compareEpochs(epoch, this.#candidate?.epoch ?? epoch) >= 0) this.#begin(offset, record);
        return;
      case 'complete':
        if (order > 0) this.#complete(record);
        return;
      default: {
        const name = nameOf(epoch);
        const text = (this.#parts.get(name) ?? '') + record.text;
        if (record.kind === 'part') this.#parts.set(name, text);
        else {
          this.#parts.delete(name);
          this.#put(epoch, order, textToEntries(text));
        }
      }
    }
  }

  #begin(begin: number, { epoch, partitions }: Extract<JournalRecord, { kind: 'begin' }>): void {
    this.#begun.add(nameOf(epoch));
    this.#candidate?.area.drop();
    this.#candidate = { epoch, partitions, begin, area: this.#ports.open() };
  }

  #complete({ epoch, begin }: Extract<JournalRecord, { kind: 'complete' }>): void {
    const candidate = this.#candidate;
    if (candidate === undefined || compareEpochs(candidate.epoch, epoch) !== 0 || candidate.begin !== begin) return;
    this.#current?.area.drop();
    this.#current = candidate;
    this.#candidate = undefined;
  }

  #put(epoch: Epoch, order: number, entries: readonly JournalEntry[]): void {
    const isReplaced = order < 0 || (this.#candidate !== undefined && compareEpochs(epoch, this.#candidate.epoch) < 0);
    if (isReplaced) for (const fact of lateFacts(entries)) this.#ports.late?.(fact);
    if (order < 0) return;
    this.#ports.seen?.(entries);
    if (!this.#begun.has(nameOf(epoch))) this.#isCutOff = true;
    for (const state of [this.#current, this.#candidate])
      if (state !== undefined && compareEpochs(state.epoch, epoch) === 0) state.area.apply(entries);
  }
}
