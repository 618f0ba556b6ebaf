import { connect, type Socket } from 'node:net';
import { ByteSource } from './byte-source.js';
import { DcrError } from './dcr-error.js';
import { binaryProtocol } from './thrift-binary.js';
import { compactProtocol } from './thrift-compact.js';
import { decodeStream, decodeWhole, readReply } from './thrift-reply.js';
import { MAX_REPLY_BYTES, type Pull, ThriftError, type ThriftProtocol, type ThriftValue } from './thrift-wire.js';

export const TRANSPORTS = ['framed', 'buffered'] as const;
export const PROTOCOLS = ['binary', 'compact'] as const;

export interface NodeAddress {
  readonly host: string;
  readonly port: number;
  /** Never guessed: a client of the other transport hangs, or is taken for garbage. */
  readonly transport: (typeof TRANSPORTS)[number];
  readonly protocol: (typeof PROTOCOLS)[number];
}

export interface AskLimits {
  /** Longest time until the connection stands. */
  readonly connectTimeoutMs: number;
  /** Longest time for all, the connection included. Real time: sockets know no other. */
  readonly timeoutMs: number;
}

const FRAME_HEADER_BYTES = 4;
const protocols: Readonly<Record<NodeAddress['protocol'], ThriftProtocol>> = { binary: binaryProtocol, compact: compactProtocol };

export const addressText = ({ host, port, transport, protocol }: NodeAddress): string => `${host}:${port} (${transport}, ${protocol})`;

/**
 * Calls methods without arguments, one after the other, on one new connection, and closes it. Nothing is pooled, retried or sent twice: the node's protocol
 * keeps a dictionary per connection, and the same bytes can fail the second time. So each method may be named once.
 * @throws DcrError CONNECT, or RPC when the node closes, is silent, or answers what is no reply.
 */
export async function askThrift(address: NodeAddress, methods: readonly string[], limits: AskLimits): Promise<ThriftValue[]> {
  const deadline = AbortSignal.timeout(limits.timeoutMs);
  const socket = await open(address, limits);
  const source = new ByteSource(socket, MAX_REPLY_BYTES + FRAME_HEADER_BYTES);
  const late = (): void => {
    socket.destroy(new Error(`no whole answer within ${limits.timeoutMs} ms`));
  };
  deadline.addEventListener('abort', late, { once: true });
  try {
    const answers: ThriftValue[] = [];
    for (const [index, method] of methods.entries()) answers.push(await callOnce(socket, source, address, method, index + 1));
    return answers;
  } catch (error) {
    if (!(error instanceof ThriftError)) throw error;
    throw new DcrError('RPC', `${addressText(address)}: ${error.message}.`, error);
  } finally {
    deadline.removeEventListener('abort', late);
    socket.destroy();
  }
}

async function callOnce(socket: Socket, source: ByteSource, address: NodeAddress, method: string, seqId: number): Promise<ThriftValue> {
  const protocol = protocols[address.protocol];
  const call = protocol.call(method, seqId);
  const reply: Pull<ThriftValue> = readReply(protocol, method, seqId);
  if (address.transport === 'buffered') {
    socket.write(call);
    return decodeStream(reply, (count) => source.take(count));
  }
  const head = Buffer.alloc(FRAME_HEADER_BYTES);
  head.writeUInt32BE(call.length);
  socket.write(Buffer.concat([head, call]));
  const length = (await source.take(FRAME_HEADER_BYTES)).readUInt32BE(0);
  if (length === 0 || length > MAX_REPLY_BYTES)
    throw new ThriftError(`a frame of ${length} bytes; expected 1 to ${MAX_REPLY_BYTES}. Is the node's transport buffered?`);
  return decodeWhole(reply, await source.take(length));
}

function open(address: NodeAddress, { connectTimeoutMs, timeoutMs }: AskLimits): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const withinMs = Math.min(connectTimeoutMs, timeoutMs);
    const signal = AbortSignal.timeout(withinMs);
    const socket = connect({ host: address.host, port: address.port, noDelay: true });
    const give = (why: string, cause?: unknown): void => {
      signal.removeEventListener('abort', late);
      socket.destroy();
      reject(new DcrError('CONNECT', `${addressText(address)}: no connection: ${why}.`, cause));
    };
    const late = (): void => give(`not within ${withinMs} ms`);
    const broken = (error: NodeJS.ErrnoException): void => give(error.message || String(error.code), error);
    signal.addEventListener('abort', late, { once: true });
    socket.once('error', broken);
    socket.once('connect', () => {
      signal.removeEventListener('abort', late);
      socket.removeListener('error', broken);
      resolve(socket);
    });
  });
}
