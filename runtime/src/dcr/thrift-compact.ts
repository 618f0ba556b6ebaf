import {
  byte,
  bytes,
  CALL,
  checkDepth,
  checkSize,
  type Pull,
  ThriftError,
  type ThriftHeader,
  type ThriftProtocol,
  type ThriftStruct,
  type ThriftValue,
  text,
} from './thrift-wire.js';

/** TCompactProtocol (doc/specs/thrift-compact-protocol.md of Apache Thrift). */
const PROTOCOL = 0x82;
const VERSION = 1;
const STOP = 0;
const TRUE = 1;
const FALSE = 2;

function call(method: string, seqId: number): Buffer {
  const name = Buffer.from(method, 'utf8');
  return Buffer.concat([
    Buffer.from([PROTOCOL, (CALL << 5) | VERSION]),
    Buffer.from(varint(BigInt(seqId))),
    Buffer.from(varint(BigInt(name.length))),
    name,
    Buffer.from([STOP]),
  ]);
}

function varint(number: bigint): number[] {
  const out: number[] = [];
  let left = number;
  while (left > 0x7fn) {
    out.push(Number(left & 0x7fn) | 0x80);
    left >>= 7n;
  }
  return [...out, Number(left)];
}

/** Unsigned, of at most `bits`; longer ones are refused, so that a row of 0x80 ends. */
function* unsigned(bits: 32 | 64): Pull<bigint> {
  let number = 0n;
  for (let shift = 0; shift < bits; shift += 7) {
    const part = yield* byte();
    number |= BigInt(part & 0x7f) << BigInt(shift);
    if ((part & 0x80) === 0) return BigInt.asUintN(bits, number);
  }
  throw new ThriftError(`a varint longer than ${bits} bits`);
}

function* zigzag(bits: 32 | 64): Pull<bigint> {
  const number = yield* unsigned(bits);
  return (number >> 1n) ^ -(number & 1n);
}

function* size(what: string): Pull<number> {
  return checkSize(Number(yield* unsigned(32)), what);
}

function* header(): Pull<ThriftHeader> {
  const start = yield 2;
  const version = start.readUInt8(1) & 0x1f;
  if (start.readUInt8(0) !== PROTOCOL || version !== VERSION)
    throw new ThriftError(`begins with 0x${start.toString('hex')}; compact begins with 0x82 and version 1`);
  const seqId = Number(BigInt.asIntN(32, yield* unsigned(32)));
  return { name: yield* text(yield* size('method name'), 'method name'), kind: start.readUInt8(1) >> 5, seqId };
}

function* struct(depth: number): Pull<ThriftStruct> {
  checkDepth(depth);
  const fields = new Map<number, ThriftValue>();
  let id = 0;
  for (;;) {
    const head = yield* byte();
    if (head === STOP) return fields;
    const delta = head >> 4;
    id = delta === 0 ? Number(yield* zigzag(32)) : id + delta;
    const type = head & 0x0f;
    // A boolean field has its value in its type.
    fields.set(id, type === TRUE || type === FALSE ? type === TRUE : yield* value(type, depth + 1));
  }
}

function* value(type: number, depth: number): Pull<ThriftValue> {
  checkDepth(depth);
  switch (type) {
    case TRUE:
    case FALSE:
      return (yield* byte()) === TRUE;
    case 3:
      return (yield 1).readInt8(0);
    case 4:
    case 5:
      return Number(yield* zigzag(32));
    case 6:
      return yield* zigzag(64);
    case 7:
      return (yield 8).readDoubleLE(0);
    case 8:
      return yield* text(yield* size('string'), 'string');
    case 9:
    case 10: {
      const head = yield* byte();
      const count = head >> 4 === 15 ? yield* size('list') : head >> 4;
      const list: ThriftValue[] = [];
      for (let n = 0; n < count; n += 1) list.push(yield* value(head & 0x0f, depth + 1));
      return list;
    }
    case 11: {
      const count = yield* size('map');
      const pairs: [ThriftValue, ThriftValue][] = [];
      if (count === 0) return pairs;
      const types = yield* byte();
      for (let n = 0; n < count; n += 1) pairs.push([yield* value(types >> 4, depth + 1), yield* value(types & 0x0f, depth + 1)]);
      return pairs;
    }
    case 12:
      return yield* struct(depth);
    case 13:
      return (yield* bytes(16)).toString('hex');
    default:
      throw new ThriftError(`a value of unknown type ${type}`);
  }
}

export const compactProtocol: ThriftProtocol = { call, header, struct };
