/** What the two protocols share. Decoding is a generator that asks for bytes: it runs over a socket or a buffer, and reads each byte once. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;
export type ThriftValue =
  | boolean
  | number
  | bigint
  | string
  | readonly ThriftValue[]
  | readonly (readonly [ThriftValue, ThriftValue])[]
  | ThriftStruct;

/** Yields how many bytes it needs next, 1 or more; is resumed with exactly these. */
export type Pull<T> = Generator<number, T, Buffer>;

export interface ThriftHeader {
  readonly name: string;
  readonly kind: number;
  readonly seqId: number;
}

export const CALL = 1;
export const REPLY = 2;
export const EXCEPTION = 3;

export interface ThriftProtocol {
  /** A call without arguments. */
  call(method: string, seqId: number): Buffer;
  header(): Pull<ThriftHeader>;
  struct(depth: number): Pull<ThriftStruct>;
}

/** The peer's bytes are no Thrift of this protocol, or more than we take. */
export class ThriftError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ThriftError';
  }
}

/** One reply. A status of 100 farmers' counters is below 8 KiB. */
export const MAX_REPLY_BYTES = 65_536;
export const MAX_DEPTH = 16;

export function checkDepth(depth: number): void {
  if (depth > MAX_DEPTH) throw new ThriftError(`values nested deeper than ${MAX_DEPTH}`);
}

/** A length or count as the peer says it. Each element is one byte at least, so that what is too much for the reply is refused before it is read. */
export function checkSize(size: number, what: string): number {
  if (size < 0 || size > MAX_REPLY_BYTES) throw new ThriftError(`a ${what} of size ${size}; expected 0 to ${MAX_REPLY_BYTES}`);
  return size;
}

export function* bytes(count: number): Pull<Buffer> {
  return count === 0 ? Buffer.alloc(0) : yield count;
}

export function* byte(): Pull<number> {
  return (yield 1).readUInt8(0);
}

export function* text(length: number, what: string): Pull<string> {
  return (yield* bytes(checkSize(length, what))).toString('utf8');
}
