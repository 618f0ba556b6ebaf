import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';

export interface TargetRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface TargetAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** The connection is cut instead. */
  readonly lost?: boolean;
}

/** An HTTP server on loopback that answers as the test says. */
export class HttpTarget {
  readonly requests: TargetRequest[] = [];
  answer: (request: TargetRequest) => TargetAnswer | Promise<TargetAnswer> = () => ({ body: '{"ok":true}' });
  readonly #server = createServer();
  url = '';

  async start(): Promise<this> {
    this.#server.on('request', (message, response) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('end', async () => {
        const request = {
          method: message.method ?? '',
          path: message.url ?? '',
          headers: message.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        };
        this.requests.push(request);
        const { status = 200, headers = { 'content-type': 'application/json' }, body = '', lost = false } = await this.answer(request);
        if (lost) response.destroy();
        else response.writeHead(status, headers).end(body);
      });
    });
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    this.url = `http://127.0.0.1:${address.port}/`;
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
