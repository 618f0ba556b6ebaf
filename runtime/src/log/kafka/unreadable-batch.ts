import { AsyncLocalStorage } from 'node:async_hooks';

/** Header of a record that stands for one of a batch which cannot be inflated; its value says why. */
export const UNREADABLE_BATCH = 'x-unreadable-batch';

const tolerating = new AsyncLocalStorage<true>();

/**
 * kafkajs inflates batches while it decodes an answer: one that cannot be inflated fails the whole fetch, again and again, and stops its partition. Within
 * `work` such a batch is read as records that say so instead, at its offsets. Only where every record is accounted for one by one (raw): of events and journal,
 * nothing may be stepped over.
 */
export const tolerateUnreadable = <T>(work: () => Promise<T>): Promise<T> => tolerating.run(true, work);

/**
 * The records in place of a batch's: the first one holds the compressed bytes, all of them say why. undefined: it is not tolerated here.
 * `bytes`: as kafkajs gives them to a codec, a slice of the batch right behind the number of its records.
 */
export function standIns(bytes: Buffer, why: string): Buffer | undefined {
  if (tolerating.getStore() !== true || bytes.byteOffset < 4) return undefined;
  const count = Buffer.from(bytes.buffer, bytes.byteOffset - 4, 4).readInt32BE(0);
  const header = Buffer.concat([varint(1), sized(Buffer.from(UNREADABLE_BATCH)), sized(Buffer.from(why))]);
  // Attributes and time since the batch's, both 0; then the offset within the batch, no key, the value.
  const record = (delta: number): Buffer =>
    sized(Buffer.concat([Buffer.of(0, 0), varint(delta), varint(-1), delta === 0 ? sized(bytes) : varint(-1), header]));
  return Buffer.concat(Array.from({ length: count }, (_, delta) => record(delta)));
}

const sized = (bytes: Buffer): Buffer => Buffer.concat([varint(bytes.length), bytes]);

/** Zigzag, seven bits a byte; for numbers below 2^30. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = (value << 1) ^ (value >> 31);
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
