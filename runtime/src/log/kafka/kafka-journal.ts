import { RouterError } from '../../errors.js';
import type { Json } from '../../event/event.js';
import type { Journal, JournalEntry } from '../../journal/journal.js';
import type { Flusher } from './flusher.js';
import { JournalFold } from './journal-fold.js';
import { type Epoch, encodeRecord, entriesToText, type JournalRecord, MAX_TEXT_CHARACTERS } from './journal-record.js';
import type { AreaOptions, ScratchArea, ScratchStore } from './scratch-store.js';

export interface KafkaJournalPorts {
  readonly topic: string;
  /** Of the topic. */
  readonly partitions: number;
  readonly flusher: Pick<Flusher, 'send'>;
  readonly scratch: ScratchStore;
  /** Reads every record of the partition from `from` (undefined: its first) to the end it has now. */
  read(partition: number, from: number | undefined, take: (offset: number, record: JournalRecord | undefined) => void): Promise<void>;
  /** A checkpoint is whole: a restore may begin at this offset. */
  checkpointed(partition: number, begin: number): void;
}

/** A checkpoint is written again when this much has been put since the last one, and four times as much as it held. */
const CHECKPOINT_MIN_CHARACTERS = 16_000_000;
const CHECKPOINT_FACTOR = 4;
const CHECKPOINT_CHUNK_COUNT = 500;

/** Written for people and read by the view alone: the owner never asks for it, so it is not live state. */
const isLive = (key: string): boolean => !key.startsWith('h/');

/** Markers, duplicates and nonces are live for the dedupe window only. */
function sinceMs({ key, value }: JournalEntry): number | undefined {
  return /^[mxk]\//.test(key) ? ((value as { t?: number } | undefined)?.t ?? 0) : undefined;
}

const LIVE: AreaOptions = { keeps: isLive, sinceMs };
/** Entries forgotten in one go. */
const FORGET_COUNT = 2_000;

type Marks = { readonly kind: 'begin'; readonly partitions: number } | { readonly kind: 'complete'; readonly begin: number };

/** One thing to append: entries, or a mark of a checkpoint, which never stands within a put. */
type Item = (Marks | { readonly kind: 'put'; readonly text: string }) & {
  /** Offset of the (last) record that carries it. */
  resolve(offset: number): void;
  reject(error: Error): void;
};

/** One owned partition. */
class Owned {
  readonly epoch: Epoch;
  readonly area: ScratchArea;
  /** Asked for and not sent yet. */
  items: Item[] = [];
  isSending = false;
  sinceCheckpointCharacters = 0;
  checkpointCharacters = 0;
  isCheckpointing = false;

  constructor(epoch: Epoch, area: ScratchArea) {
    this.epoch = epoch;
    this.area = area;
  }
}

/**
 * The journal on Kafka: an append-only topic with as many partitions as `events`, written by the owner of each partition under its epoch, and its live state in
 * a scratch store on this machine.
 *
 * Delivery guarantees: a put is one record, or a run of parts that counts only when whole, so it is atomic; it resolves when all in-sync replicas have it. Reads
 * see every put that was asked for. A rejected put ends ownership. See journal-fold.ts for what late writers can do (nothing) and docs/decisions/0030.
 */
export class KafkaJournal implements Journal {
  readonly #ports: KafkaJournalPorts;
  readonly #owned = new Map<number, Owned>();

  constructor(ports: KafkaJournalPorts) {
    this.#ports = ports;
  }

  /**
   * Takes a partition over: reads its state, writes it down under an epoch of its own, and resolves when that is durable. Until then nothing has been done.
   * `from`: where the last checkpoint begins, if known. Rejects when the records hold no whole state although there are some (they were cut off behind `from`).
   */
  async takeOver(partition: number, generation: number, from: number | undefined): Promise<void> {
    const { scratch } = this.#ports;
    const late = new Map<string, JournalEntry>();
    const begin = (): JournalFold<ScratchArea> =>
      new JournalFold({ open: () => scratch.area(LIVE), late: (entry) => void late.set(entry.key, entry) });
    let fold = begin();
    const take = (offset: number, record: JournalRecord | undefined): void => {
      if (record !== undefined) fold.apply(offset, record);
    };
    await this.#ports.read(partition, from, take);
    if (fold.current === undefined && from !== undefined) {
      // The hint was wrong (another topic by the same name, a lost commit): read all.
      fold = begin();
      await this.#ports.read(partition, undefined, take);
    }
    if (fold.current === undefined && fold.isCutOff)
      throw new RouterError(
        'LOG_DAMAGED',
        `The journal of partition ${partition} has records but no whole checkpoint: its beginning is gone. Restore the topic, or move to a new prefix.`,
      );
    if (fold.current !== undefined && fold.current.partitions !== this.#ports.partitions)
      throw new RouterError(
        'LOG_FORMAT',
        `The topics had ${fold.current.partitions} partitions when the journal was written and have ${this.#ports.partitions} now: keys have moved away from their state. Move to a new prefix, see docs/operations.md.`,
      );
    const epoch = { counter: fold.highest.counter + 1, generation };
    const owned = new Owned(epoch, fold.current?.area ?? scratch.area(LIVE));
    settleLate(owned.area, [...late.values()]);
    await this.#checkpoint(partition, owned);
    this.#owned.set(partition, owned);
  }

  /** Forgets a partition that is somebody else's by now. Puts that were asked for fail. */
  release(partition: number): void {
    const owned = this.#owned.get(partition);
    if (owned === undefined) return;
    this.#owned.delete(partition);
    for (const { reject } of owned.items.splice(0)) reject(new RouterError('NOT_DURABLE', `Partition ${partition} is not owned any more.`));
    owned.area.drop();
  }

  /** Forgets dedupe markers older than the window. They stay in the topic until it is cut off, for people's questions. */
  forget(beforeMs: number): void {
    for (const { area } of this.#owned.values()) area.forget(beforeMs, FORGET_COUNT);
  }

  put(partition: number, entries: readonly JournalEntry[]): Promise<void> {
    const owned = this.#owned.get(partition);
    if (owned === undefined) return Promise.reject(new RouterError('NOT_DURABLE', `Partition ${partition} is not owned.`));
    // Before it is durable: a checkpoint that is being written meanwhile must not put an older value behind this one.
    owned.area.apply(entries);
    const text = entriesToText(entries);
    owned.sinceCheckpointCharacters += text.length;
    const durable = this.#append(partition, owned, { kind: 'put', text });
    if (
      owned.sinceCheckpointCharacters > Math.max(CHECKPOINT_MIN_CHARACTERS, CHECKPOINT_FACTOR * owned.checkpointCharacters) &&
      !owned.isCheckpointing
    )
      // A failure shows itself in the puts that the owner waits for.
      this.#checkpoint(partition, owned).catch(() => undefined);
    return durable.then(() => undefined);
  }

  async get(partition: number, key: string): Promise<Json | undefined> {
    return this.#owned.get(partition)?.area.get(key);
  }

  async *range(
    partition: number,
    prefix: string,
    options: { after?: string; limit?: number } = {},
  ): AsyncIterable<{ key: string; value: Json }> {
    yield* this.#owned.get(partition)?.area.range(prefix, options) ?? [];
  }

  /** Kafka checks its own records. */
  onDamaged(): void {}

  #append(partition: number, owned: Owned, item: Marks | { kind: 'put'; text: string }): Promise<number> {
    return new Promise<number>((resolve, reject) => {
      owned.items.push({ ...item, resolve, reject });
      this.#send(partition, owned);
    });
  }

  /** One record a partition is on its way at a time; all that is asked for meanwhile goes into the next. */
  #send(partition: number, owned: Owned): void {
    if (owned.isSending || owned.items.length === 0) return;
    owned.isSending = true;
    const { flusher, topic } = this.#ports;
    let taken: Item[] = [];
    let records: JournalRecord[] = [];
    const next = (): void => {
      const build = (): { key: null; value: Buffer } => {
        if (records.length === 0) {
          taken = takeItems(owned.items);
          records = recordsOf(owned.epoch, taken);
        }
        return { key: null, value: encodeRecord(records.shift() as JournalRecord) };
      };
      flusher.send({ topic, partition, build }).then(
        (offset) => {
          if (records.length > 0) return next();
          for (const { resolve } of taken) resolve(offset);
          owned.isSending = false;
          this.#send(partition, owned);
        },
        (error: Error) => {
          owned.isSending = false;
          for (const { reject } of [...taken, ...owned.items.splice(0)]) reject(error);
        },
      );
    };
    next();
  }

  async #checkpoint(partition: number, owned: Owned): Promise<void> {
    owned.isCheckpointing = true;
    try {
      owned.sinceCheckpointCharacters = 0;
      const begin = await this.#append(partition, owned, { kind: 'begin', partitions: this.#ports.partitions });
      let characters = 0;
      for (const chunk of chunks(owned.area)) {
        const text = entriesToText(chunk);
        characters += text.length;
        await this.#append(partition, owned, { kind: 'put', text });
      }
      await this.#append(partition, owned, { kind: 'complete', begin });
      owned.checkpointCharacters = characters;
      this.#ports.checkpointed(partition, begin);
    } finally {
      owned.isCheckpointing = false;
    }
  }
}

function* chunks(area: ScratchArea): Generator<JournalEntry[]> {
  let after: string | undefined;
  for (;;) {
    const chunk: JournalEntry[] = [];
    let characters = 0;
    for (const entry of area.range('', { ...(after === undefined ? {} : { after }), limit: CHECKPOINT_CHUNK_COUNT })) {
      chunk.push(entry);
      after = entry.key;
      characters += JSON.stringify(entry.value).length + entry.key.length;
      if (characters > MAX_TEXT_CHARACTERS / 2) break;
    }
    if (chunk.length === 0) return;
    yield chunk;
  }
}

/** A mark alone, or as many puts as fit one record, at least one. */
function takeItems(items: Item[]): Item[] {
  let characters = 0;
  let count = 0;
  for (const item of items) {
    if (item.kind !== 'put') return items.splice(0, Math.max(1, count));
    characters += item.text.length;
    if (count > 0 && characters > MAX_TEXT_CHARACTERS) break;
    count += 1;
  }
  return items.splice(0, count);
}

function recordsOf(epoch: Epoch, items: readonly Item[]): JournalRecord[] {
  const [first] = items;
  if (first?.kind === 'begin') return [{ epoch, kind: 'begin', partitions: first.partitions }];
  if (first?.kind === 'complete') return [{ epoch, kind: 'complete', begin: first.begin }];
  const texts = slices(joinTexts(items.map((item) => (item.kind === 'put' ? item.text : '[]'))));
  return texts.map((text, index) => ({ epoch, kind: index === texts.length - 1 ? 'put' : 'part', text }));
}

/** Lists as one list. */
function joinTexts(texts: readonly string[]): string {
  const [only] = texts;
  if (texts.length === 1 && only !== undefined) return only;
  const inner = texts.map((text) => text.slice(1, -1)).filter((text) => text !== '');
  return `[${inner.join(',')}]`;
}

function slices(text: string): string[] {
  if (text.length <= MAX_TEXT_CHARACTERS) return [text];
  const found: string[] = [];
  for (let at = 0; at < text.length; ) {
    let to = Math.min(text.length, at + MAX_TEXT_CHARACTERS);
    // Never between the halves of a surrogate pair: UTF-8 cannot say one of them.
    if (to < text.length && /[\ud800-\udbff]/.test(text[to - 1] ?? '')) to -= 1;
    found.push(text.slice(at, to));
    at = to;
  }
  return found;
}

/** What earlier owners settled after they had been replaced: a fact for a step that is not settled, and shown as doubled where it is settled otherwise. */
function settleLate(area: ScratchArea, late: readonly JournalEntry[]): void {
  for (const { key, value } of late) {
    const [, eventId = ''] = /^d\/(.*)\/\d+\/[^/]+$/.exec(key) ?? [];
    if (value === undefined || area.get(`a/${eventId}`) === undefined) continue;
    const known = area.get(key);
    if (known === undefined) area.apply([{ key, value }]);
    else if (JSON.stringify(known) !== JSON.stringify(value)) area.apply([{ key: `y/${key.slice(2)}`, value }]);
  }
}
