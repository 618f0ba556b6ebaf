/** The LZ4 frame format as Kafka's clients write it: reading only, without checksums (Kafka has its own). */

const MAGIC = 0x184d2204;
const FLAGS = { version: 0xc0, blockChecksum: 0x10, contentSize: 0x08, dictionary: 0x01 };
const VERSION = 0x40;
const UNCOMPRESSED = 0x80000000;
/** By the number in the header: 64 KiB, 256 KiB, 1 MiB, 4 MiB. */
const blockBytes = (descriptor: number): number => 1 << (8 + 2 * ((descriptor >> 4) & 7));
const MIN_MATCH = 4;

const broken = (what: string): Error => new Error(`not an LZ4 frame: ${what}`);

/**
 * Bounded by what it is given and by `maxBytes`, whatever the frame claims of its sizes: reads nothing past its end, makes nothing past the bound.
 * Throws RangeError over the bound, Error for what is no frame.
 */
export function inflateLz4(frame: Buffer, maxBytes: number): Buffer {
  if (frame.length < 7 || frame.readUInt32LE(0) !== MAGIC) throw broken('its first bytes');
  const [flags = 0, descriptor = 0] = frame.subarray(4, 6);
  if ((flags & FLAGS.version) !== VERSION || (flags & FLAGS.dictionary) !== 0 || ((descriptor >> 4) & 7) < 4) throw broken('its header');
  let at = 7 + ((flags & FLAGS.contentSize) === 0 ? 0 : 8);
  const out = new Output(maxBytes);
  for (;;) {
    if (at + 4 > frame.length) throw broken('it ends early');
    const word = frame.readUInt32LE(at);
    at += 4;
    if (word === 0) return out.bytes();
    const size = word & ~UNCOMPRESSED;
    if (size > blockBytes(descriptor) || at + size > frame.length) throw broken('the size of a block');
    const block = frame.subarray(at, at + size);
    if (word >= UNCOMPRESSED) out.literals(block, 0, size);
    else inflateBlock(block, out);
    at += size + ((flags & FLAGS.blockChecksum) === 0 ? 0 : 4);
  }
}

/** Literals and matches by turns; a block ends in literals. */
function inflateBlock(block: Buffer, out: Output): void {
  let at = 0;
  const byte = (): number => {
    const value = block[at];
    if (value === undefined) throw broken('a block ends early');
    at += 1;
    return value;
  };
  const lengthFrom = (short: number): number => {
    let length = short;
    for (let more = short === 15 ? 255 : 0; more === 255; length += more) more = byte();
    return length;
  };
  for (;;) {
    const token = byte();
    const count = lengthFrom(token >> 4);
    out.literals(block, at, count);
    at += count;
    if (at === block.length) return;
    const distance = byte() + byte() * 256;
    out.match(distance, lengthFrom(token & 15) + MIN_MATCH);
  }
}

/** Grows by doubling, up to the bound. */
class Output {
  readonly #maxBytes: number;
  #made = Buffer.alloc(65_536);
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  literals(from: Buffer, start: number, count: number): void {
    if (start + count > from.length) throw broken('literals past the end of a block');
    this.#room(count);
    from.copy(this.#made, this.#length, start, start + count);
    this.#length += count;
  }

  /** What was made `distance` bytes ago, once more; it may overlap what is being made. */
  match(distance: number, count: number): void {
    if (distance === 0 || distance > this.#length) throw broken('a match before its beginning');
    this.#room(count);
    const made = this.#made;
    const end = this.#length + count;
    for (let to = this.#length; to < end; to += 1) made[to] = made[to - distance] ?? 0;
    this.#length = end;
  }

  bytes(): Buffer {
    return this.#made.subarray(0, this.#length);
  }

  #room(count: number): void {
    const needed = this.#length + count;
    if (needed > this.#maxBytes) throw new RangeError(`an lz4 batch of more than ${this.#maxBytes} bytes`);
    if (needed <= this.#made.length) return;
    const larger = Buffer.alloc(Math.min(this.#maxBytes, Math.max(needed, this.#made.length * 2)));
    this.#made.copy(larger, 0, 0, this.#length);
    this.#made = larger;
  }
}
