import { type LateFact, lateFacts } from '../../journal/late-facts.js';
import { compareEpochs, decodeRecord, type Epoch, epochOf, textToEntries } from './journal-record.js';

export interface JournalWatchPorts {
  /** Facts that an earlier owner wrote after it had been replaced: steps that it settled. */
  late(facts: readonly LateFact[]): void;
  /** A later owner writes: this one is not the owner any more, whatever else it has heard. */
  fenced(by: Epoch): void;
}

/** What others write into a partition's journal while this process owns it. Its own records, nearly all there are, cost one look at their first line. */
export class JournalWatch {
  readonly #epoch: Epoch;
  readonly #ports: JournalWatchPorts;
  /** Beginnings of puts that are not whole yet, by writer. */
  readonly #parts = new Map<string, string>();
  #isFenced = false;

  constructor(epoch: Epoch, ports: JournalWatchPorts) {
    this.#epoch = epoch;
    this.#ports = ports;
  }

  /** Call in offset order, from where the state was read to. */
  apply(value: Buffer): void {
    const epoch = epochOf(value);
    if (epoch === undefined || this.#isFenced) return;
    const order = compareEpochs(epoch, this.#epoch);
    if (order > 0) {
      this.#isFenced = true;
      this.#ports.fenced(epoch);
    } else if (order < 0) this.#earlier(`${epoch.counter}.${epoch.generation}`, value);
  }

  #earlier(writer: string, value: Buffer): void {
    const record = decodeRecord(value);
    if (record?.kind !== 'put' && record?.kind !== 'part') return;
    const text = (this.#parts.get(writer) ?? '') + record.text;
    if (record.kind === 'part') return void this.#parts.set(writer, text);
    this.#parts.delete(writer);
    const facts = lateFacts(textToEntries(text));
    if (facts.length > 0) this.#ports.late(facts);
  }
}
