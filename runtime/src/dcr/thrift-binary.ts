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

/** TBinaryProtocol, strict (doc/specs/thrift-binary-protocol.md of Apache Thrift). */
const VERSION = 0x8001;
const STOP = 0;

function call(method: string, seqId: number): Buffer {
  const name = Buffer.from(method, 'utf8');
  const out = Buffer.alloc(4 + 4 + name.length + 4 + 1);
  out.writeUInt16BE(VERSION, 0);
  out.writeUInt8(CALL, 3);
  out.writeInt32BE(name.length, 4);
  name.copy(out, 8);
  out.writeInt32BE(seqId, 8 + name.length);
  return out;
}

function* header(): Pull<ThriftHeader> {
  const start = yield 4;
  if (start.readUInt16BE(0) !== VERSION) throw new ThriftError(`begins with 0x${start.toString('hex')}; strict binary begins with 0x8001`);
  const kind = start.readUInt8(3);
  const name = yield* text((yield 4).readInt32BE(0), 'method name');
  return { name, kind, seqId: (yield 4).readInt32BE(0) };
}

function* struct(depth: number): Pull<ThriftStruct> {
  checkDepth(depth);
  const fields = new Map<number, ThriftValue>();
  for (;;) {
    const type = yield* byte();
    if (type === STOP) return fields;
    const id = (yield 2).readInt16BE(0);
    fields.set(id, yield* value(type, depth + 1));
  }
}

function* items(type: number, size: number, depth: number): Pull<ThriftValue[]> {
  const list: ThriftValue[] = [];
  for (let n = 0; n < size; n += 1) list.push(yield* value(type, depth));
  return list;
}

function* value(type: number, depth: number): Pull<ThriftValue> {
  checkDepth(depth);
  switch (type) {
    case 2:
      return (yield* byte()) !== 0;
    case 3:
      return (yield 1).readInt8(0);
    case 4:
      return (yield 8).readDoubleBE(0);
    case 6:
      return (yield 2).readInt16BE(0);
    case 8:
      return (yield 4).readInt32BE(0);
    case 10:
      return (yield 8).readBigInt64BE(0);
    case 11:
      return yield* text((yield 4).readInt32BE(0), 'string');
    case 12:
      return yield* struct(depth);
    case 13: {
      const head = yield 6;
      const size = checkSize(head.readInt32BE(2), 'map');
      const pairs: [ThriftValue, ThriftValue][] = [];
      for (let n = 0; n < size; n += 1)
        pairs.push([yield* value(head.readUInt8(0), depth + 1), yield* value(head.readUInt8(1), depth + 1)]);
      return pairs;
    }
    case 14:
    case 15: {
      const head = yield 5;
      return yield* items(head.readUInt8(0), checkSize(head.readInt32BE(1), 'list'), depth + 1);
    }
    case 16:
      return (yield* bytes(16)).toString('hex');
    default:
      throw new ThriftError(`a value of unknown type ${type}`);
  }
}

export const binaryProtocol: ThriftProtocol = { call, header, struct };
