import type { JournalEntry } from '../../journal/journal.js';
import { compareEpochs, type Epoch, type JournalRecord, textToEntries } from './journal-record.js';

/** Where a fold keeps what it has read. An area is one candidate for the live state. */
export interface FoldStore {
  open(): FoldArea;
}

export interface FoldArea {
  apply(entries: readonly JournalEntry[]): void;
  /** Throws the area away. */
  drop(): void;
}

const nameOf = ({ counter, generation }: Epoch): string => `${counter}.${generation}`;

interface Candidate {
  readonly epoch: Epoch;
  readonly partitions: number;
  readonly begin: number;
  readonly area: FoldArea;
  /** Parts of a put that is not whole yet. */
  text: string;
}

/**
 * The live state of a partition out of its journal records, whoever wrote them and however late.
 *
 * A state is good from the `complete` of its checkpoint on; the highest epoch that has one wins, and what earlier epochs append afterwards changes nothing. An
 * owner that died within its checkpoint had done nothing yet, so the state before it stands. What a late owner says of an effect that did happen is a fact all
 * the same: its settled steps are kept aside as `late`.
 */
export class JournalFold<Area extends FoldArea> {
  readonly #open: () => Area;
  #current: (Candidate & { readonly area: Area }) | undefined;
  #candidate: (Candidate & { readonly area: Area }) | undefined;
  #highest: Epoch = { counter: 0, generation: 0 };
  readonly #late = new Map<string, JournalEntry>();
  readonly #lateText = new Map<string, string>();
  readonly #begun = new Set<string>();
  #isCutOff = false;

  constructor(open: () => Area) {
    this.#open = open;
  }

  /** Of the state that stands; undefined: there is none. */
  get epoch(): Epoch | undefined {
    return this.#current?.epoch;
  }

  /** The highest epoch seen, complete or not. */
  get highest(): Epoch {
    return this.#highest;
  }

  /** Where the checkpoint of the state that stands begins. */
  get begin(): number | undefined {
    return this.#current?.begin;
  }

  /** Partitions of the topics when the state that stands was written. */
  get partitions(): number | undefined {
    return this.#current?.partitions;
  }

  get area(): Area | undefined {
    return this.#current?.area;
  }

  /** Steps that earlier owners settled after they had been replaced. */
  get late(): readonly JournalEntry[] {
    return [...this.#late.values()];
  }

  /** There were puts of an owner whose checkpoint does not begin within what was read. */
  get isCutOff(): boolean {
    return this.#isCutOff;
  }

  /** Call in offset order. */
  apply(offset: number, record: JournalRecord): void {
    const { epoch } = record;
    if (compareEpochs(epoch, this.#highest) > 0) this.#highest = epoch;
    const current = this.#current;
    if (current !== undefined && compareEpochs(epoch, current.epoch) < 0) return this.#keepLate(record);
    switch (record.kind) {
      case 'begin':
        // The owner's own next checkpoint changes nothing about the state that stands.
        if (current === undefined || compareEpochs(epoch, current.epoch) > 0) this.#begin(offset, record);
        return;
      case 'part':
      case 'put':
        for (const state of [current, this.#candidate])
          if (state !== undefined && compareEpochs(state.epoch, epoch) === 0) put(state, record);
        return;
      case 'complete':
        return this.#complete(record);
    }
  }

  #begin(offset: number, { epoch, partitions }: Extract<JournalRecord, { kind: 'begin' }>): void {
    this.#begun.add(nameOf(epoch));
    this.#candidate?.area.drop();
    this.#candidate = { epoch, partitions, begin: offset, area: this.#open(), text: '' };
  }

  #complete({ epoch, begin }: Extract<JournalRecord, { kind: 'complete' }>): void {
    const candidate = this.#candidate;
    if (candidate === undefined || compareEpochs(candidate.epoch, epoch) !== 0 || candidate.begin !== begin) return;
    this.#current?.area.drop();
    this.#current = candidate;
    this.#candidate = undefined;
  }

  #keepLate(record: JournalRecord): void {
    if (record.kind !== 'put' && record.kind !== 'part') return;
    const name = nameOf(record.epoch);
    const text = (this.#lateText.get(name) ?? '') + record.text;
    if (record.kind === 'part') {
      this.#lateText.set(name, text);
      return;
    }
    this.#lateText.delete(name);
    for (const entry of textToEntries(text)) if (entry.key.startsWith('d/') && entry.value !== undefined) this.#late.set(entry.key, entry);
  }
}

function put(state: Candidate, record: Extract<JournalRecord, { text: string }>): void {
  state.text += record.text;
  if (record.kind === 'part') return;
  state.area.apply(textToEntries(state.text));
  state.text = '';
}
