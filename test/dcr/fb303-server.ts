import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import thrift from 'thrift';

/** A request without arguments is below 64 B. Apache's receiver never ends on a negative length, which an unframed client sends. */
const MAX_FRAME_BYTES = 65_536;

/** What the server answers now. */
export interface ServedStatus {
  readonly code: number;
  readonly details: string;
  readonly counters: Readonly<Record<string, number>>;
}

/**
 * none: as it should. hang: takes requests and never answers. eof: closes instead of answering, as a Java server does on an unchecked exception. garbage: bytes that are no
 * Thrift. exception: a TApplicationException. wrong-seq: a reply to another call. flood: a reply without end.
 */
export type WireFault = 'none' | 'hang' | 'eof' | 'garbage' | 'exception' | 'wrong-seq' | 'flood';

export interface Fb303ServerOptions {
  readonly transport: 'framed' | 'buffered';
  readonly protocol: 'binary' | 'compact';
  /** Keeps a dictionary per connection, as the product's modified protocol does: the same request a second time on one connection fails. */
  readonly dictionary?: boolean;
  readonly host?: string;
  readonly port?: number;
  status(): ServedStatus;
  fault?(): WireFault;
  /** Before each answer. */
  delay?(): Promise<void>;
}

export interface Fb303Server {
  readonly port: number;
  readonly connections: number;
  readonly requests: number;
  close(): Promise<void>;
}

const { TBinaryProtocol, TCompactProtocol, TBufferedTransport, TFramedTransport, Thrift } = thrift;

/** fb303 over Apache Thrift's own transports and protocols, on a real socket. */
export async function startFb303(options: Fb303ServerOptions): Promise<Fb303Server> {
  const Transport = options.transport === 'framed' ? TFramedTransport : TBufferedTransport;
  const Protocol = options.protocol === 'binary' ? TBinaryProtocol : TCompactProtocol;
  const sockets = new Set<Socket>();
  let connections = 0;
  let requests = 0;

  function reply(socket: Socket, name: string, seqId: number): void {
    const fault = options.fault?.() ?? 'none';
    if (socket.destroyed || fault === 'hang') return;
    if (fault === 'eof') return void socket.end();
    if (fault === 'garbage') return void socket.write(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    if (fault === 'flood') {
      // A length that is never filled, then more bytes than anybody wants.
      const pour = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536, 0x80)));
      };
      socket.on('drain', pour);
      return pour();
    }
    const output = new Protocol(
      new Transport(undefined, (bytes?: Buffer) => void (bytes !== undefined && !socket.destroyed && socket.write(bytes))),
    );
    const { code, details, counters } = options.status();
    const answers: Record<string, () => void> = {
      getStatus: () => {
        output.writeFieldBegin('success', Thrift.Type.I32, 0);
        output.writeI32(code);
      },
      getStatusDetails: () => {
        output.writeFieldBegin('success', Thrift.Type.STRING, 0);
        output.writeString(details);
      },
      getCounters: () => {
        output.writeFieldBegin('success', Thrift.Type.MAP, 0);
        output.writeMapBegin(Thrift.Type.STRING, Thrift.Type.I64, Object.keys(counters).length);
        for (const [counter, value] of Object.entries(counters)) {
          output.writeString(counter);
          output.writeI64(value);
        }
        output.writeMapEnd();
      },
    };
    const answer = fault === 'exception' ? undefined : answers[name];
    output.writeMessageBegin(
      name,
      answer === undefined ? Thrift.MessageType.EXCEPTION : Thrift.MessageType.REPLY,
      fault === 'wrong-seq' ? seqId + 1 : seqId,
    );
    if (answer === undefined) {
      const type =
        fault === 'exception' ? Thrift.TApplicationExceptionType.INTERNAL_ERROR : Thrift.TApplicationExceptionType.UNKNOWN_METHOD;
      const text = fault === 'exception' ? 'it broke' : `Invalid method name: '${name}'`;
      const error = new Thrift.TApplicationException(type, text) as unknown as { code: number; write(to: unknown): void };
      // Apache's library writes `code` and sets `type`.
      error.code = type;
      error.write(output);
    } else {
      output.writeStructBegin(`${name}_result`);
      answer();
      output.writeFieldEnd();
      output.writeFieldStop();
      output.writeStructEnd();
    }
    output.writeMessageEnd();
    output.flush();
  }

  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const dictionary = new Set<string>();
    const receive = Transport.receiver((received: InstanceType<typeof TBufferedTransport>) => {
      const input = new Protocol(received);
      for (;;) {
        let call: { fname: string; rseqid: number };
        try {
          call = input.readMessageBegin() as never;
          input.skip(Thrift.Type.STRUCT);
          input.readMessageEnd();
          received.commitPosition();
        } catch (error) {
          if (error instanceof Error && error.name === 'InputBufferUnderrunError') received.rollbackPosition();
          else socket.destroy();
          return;
        }
        requests += 1;
        const isKnown = dictionary.has(call.fname);
        dictionary.add(call.fname);
        if (options.dictionary === true && isKnown) return void socket.destroy();
        const later = options.delay?.();
        if (later === undefined) reply(socket, call.fname, call.rseqid);
        else later.then(() => reply(socket, call.fname, call.rseqid)).catch(() => socket.destroy());
      }
    }, 0) as (data: Buffer) => void;
    socket.on('data', (chunk: Buffer) => {
      const isFirst = dictionary.size === 0;
      if (options.transport === 'framed' && isFirst && chunk.length >= 4 && chunk.readUInt32BE(0) > MAX_FRAME_BYTES) socket.destroy();
      else receive(chunk);
    });
  });
  server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    get connections() {
      return connections;
    },
    get requests() {
      return requests;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      await closed;
    },
  };
}
