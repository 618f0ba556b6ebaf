import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net';

/** Numbers of Kafka's requests, as on the wire. */
export const PRODUCE = 0;
export const FETCH = 1;
export const JOIN_GROUP = 11;
export const HEARTBEAT = 12;
export const OFFSET_COMMIT = 8;

/** What befalls the next requests of a kind: the answer is lost after the broker has acted, or the request never arrives. */
export interface ProxyFault {
  readonly apiKey: number;
  readonly what: 'answer-lost' | 'request-lost';
  /** How many of them are let through before. */
  readonly skip?: number;
  readonly times: number;
}

/** A TCP proxy in front of one broker that knows where requests and answers begin. The broker advertises the proxy's port, so that all clients go through it. */
export class KafkaProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #faults: (ProxyFault & { left: number; skipped: number })[] = [];
  #isDown = false;
  /** Requests by api key. */
  readonly seen = new Map<number, number>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(target: () => number): Promise<KafkaProxy> {
    const server = createServer();
    const proxy = new KafkaProxy(server);
    server.on('connection', (client) => proxy.#join(client, target()));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  fail(...faults: readonly ProxyFault[]): void {
    this.#faults = faults.map((fault) => ({ ...fault, left: fault.times, skipped: 0 }));
  }

  /** Cuts every connection; while down, new ones are cut at once. */
  down(isDown: boolean): void {
    this.#isDown = isDown;
    if (isDown) for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.down(true);
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket, port: number): void {
    if (this.#isDown) return void client.destroy();
    const broker = dial({ host: '127.0.0.1', port });
    const doomed = new Set<number>();
    const end = (): void => {
      client.destroy();
      broker.destroy();
    };
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      socket.on('error', end);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    client.on(
      'data',
      frames((frame) => {
        const apiKey = frame.readInt16BE(4);
        this.seen.set(apiKey, (this.seen.get(apiKey) ?? 0) + 1);
        const fault = this.#next(apiKey);
        if (fault === 'request-lost') return end();
        if (fault === 'answer-lost') doomed.add(frame.readInt32BE(8));
        broker.write(frame);
      }),
    );
    broker.on(
      'data',
      frames((frame) => {
        if (doomed.has(frame.readInt32BE(4))) return end();
        client.write(frame);
      }),
    );
  }

  #next(apiKey: number): ProxyFault['what'] | undefined {
    const fault = this.#faults.find((candidate) => candidate.apiKey === apiKey && candidate.left > 0);
    if (fault === undefined) return undefined;
    if (fault.skipped < (fault.skip ?? 0)) {
      fault.skipped += 1;
      return undefined;
    }
    fault.left -= 1;
    return fault.what;
  }
}

/** Calls `take` with each whole frame (its length included). */
function frames(take: (frame: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0);
      const frame = rest.subarray(0, end);
      rest = rest.subarray(end);
      take(frame);
    }
  };
}
