import {
  EXCEPTION,
  MAX_REPLY_BYTES,
  type Pull,
  REPLY,
  ThriftError,
  type ThriftProtocol,
  type ThriftStruct,
  type ThriftValue,
} from './thrift-wire.js';

/** TApplicationException of thrift/lib: what a server answers instead of a result. */
const EXCEPTION_NAMES: Readonly<Record<number, string>> = {
  0: 'unknown',
  1: 'unknown method',
  2: 'invalid message type',
  3: 'wrong method name',
  4: 'bad sequence id',
  5: 'missing result',
  6: 'internal error',
  7: 'protocol error',
};

/**
 * Reads one reply and returns the call's result (field 0). Checks kind, method and sequence id: a reply to something else is an error.
 * @throws ThriftError whatever the bytes are.
 */
export function* readReply(protocol: ThriftProtocol, method: string, seqId: number): Pull<ThriftValue> {
  const header = yield* protocol.header();
  if (header.name !== method) throw new ThriftError(`a reply to ${JSON.stringify(header.name.slice(0, 64))}; asked ${method}`);
  if (header.kind !== REPLY && header.kind !== EXCEPTION) throw new ThriftError(`a message of kind ${header.kind}; expected a reply (2)`);
  const body = yield* protocol.struct(0);
  if (header.kind === EXCEPTION) throw new ThriftError(`the node answers an exception: ${describe(body)}`);
  if (header.seqId !== seqId) throw new ThriftError(`a reply with sequence id ${header.seqId}; expected ${seqId}`);
  const result = body.get(0);
  if (result === undefined) throw new ThriftError('a reply without a result');
  return result;
}

function describe(body: ThriftStruct): string {
  const text = body.get(1);
  const kind = body.get(2);
  const name = typeof kind === 'number' ? (EXCEPTION_NAMES[kind] ?? `type ${kind}`) : 'unknown';
  return `${name}${typeof text === 'string' && text !== '' ? `: ${text.slice(0, 200)}` : ''}`;
}

/** Runs a decoder over bytes that are all there: one frame, or a test's. What is missing or left over is an error. */
export function decodeWhole<T>(pull: Pull<T>, whole: Buffer): T {
  let at = 0;
  for (let step = pull.next(); ; ) {
    if (step.done === true) {
      if (at < whole.length) throw new ThriftError(`${whole.length - at} bytes after the end of the message`);
      return step.value;
    }
    const end = at + step.value;
    if (end > whole.length) throw new ThriftError(`ends after ${whole.length} bytes, in the middle of the message`);
    const next = whole.subarray(at, end);
    at = end;
    step = pull.next(next);
  }
}

/** Runs a decoder over bytes as they come. */
export async function decodeStream<T>(pull: Pull<T>, take: (count: number) => Promise<Buffer>): Promise<T> {
  let left = MAX_REPLY_BYTES;
  for (let step = pull.next(); ; ) {
    if (step.done === true) return step.value;
    left -= step.value;
    if (left < 0) throw new ThriftError(`the reply is longer than ${MAX_REPLY_BYTES} bytes`);
    step = pull.next(await take(step.value));
  }
}
