import { connect, type Socket } from 'node:net';
import { systemClock } from '#runtime/clock.js';
import { RouterError } from '#runtime/errors.js';
import { createHttpServer, type HttpPorts, type HttpServer } from '#runtime/http/server.js';

/** The HTTP room alone, with ports that a test scripts. */
export class BareServer {
  readonly errors: Error[] = [];
  readonly answers: string[] = [];
  readonly #server: HttpServer;
  readonly #sockets: Socket[] = [];
  url = '';

  constructor(ports: Partial<HttpPorts> = {}) {
    this.#server = createHttpServer({
      clock: systemClock,
      version: '0.0.0-test',
      host: '127.0.0.1',
      port: 0,
      tokensFile: undefined,
      rate: { perSecond: 1_000, burst: 1_000 },
      bodyBytes: 100_000,
      view: {
        event: async () => undefined,
        events: async () => ({ events: [] }),
        incident: async () => undefined,
        incidents: async () => ({ incidents: [] }),
        absent: (what) => new RouterError('NOT_FOUND', what),
      },
      ingest: async () => [{ id: 'one' }],
      readJson: (body) => JSON.parse(body.toString('utf8')),
      letters: {
        list: async () => ({ letters: [], standing: 0 }),
        show: () => Promise.reject(new RouterError('NOT_FOUND', 'none')),
        replay: async () => ({ results: [] }),
      },
      command: async () => ({ id: 'one' }),
      readiness: async () => ({ ready: true, reasons: [] }),
      mappings: () => ({ hash: '', routes: [] }),
      metricsText: async () => '',
      metricsType: 'text/plain',
      answered: (endpoint, status) => void this.answers.push(`${endpoint} ${status}`),
      onError: (error) => void this.errors.push(error),
      ...ports,
    });
  }

  async start(): Promise<this> {
    this.url = await this.#server.listen();
    return this;
  }

  /** A connection of one's own: what it was sent so far is in `received`. */
  socket(): RawConnection {
    const socket = connect(Number(new URL(this.url).port), '127.0.0.1');
    this.#sockets.push(socket);
    return new RawConnection(socket);
  }

  stop(): Promise<void> {
    return this.#server.close();
  }

  async close(): Promise<void> {
    const stopped = this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await stopped;
  }
}

export class RawConnection {
  readonly socket: Socket;
  received = '';
  readonly ended: Promise<string>;
  #look: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    // The server may cut a hostile connection; what it said before is what counts.
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1');
      this.#look();
    });
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        resolve(this.received);
        this.#look();
      });
    });
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Resolves when what was received contains this; throws when the connection ends before. */
  async until(text: string): Promise<string> {
    for (;;) {
      if (this.received.includes(text)) return this.received;
      if (this.socket.destroyed) throw new Error(`ended before ${JSON.stringify(text)}: ${this.received}`);
      await new Promise<void>((resolve) => {
        this.#look = resolve;
      });
    }
  }
}
