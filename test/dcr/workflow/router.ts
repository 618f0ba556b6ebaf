import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ToldEvent {
  readonly phase: string;
  readonly correlationid: string;
  readonly data: { readonly state: string; readonly cluster: string; readonly message?: string; readonly percent?: number };
}

/** The router's CloudEvents source, as far as a sender sees it: takes batches. What it makes of them is in test/dcr/process/notify.test.ts. */
export async function startRouterSource(): Promise<{ url: string; events: ToldEvent[]; close(): Promise<void> }> {
  const events: ToldEvent[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      events.push(...(JSON.parse(Buffer.concat(chunks).toString('utf8')) as ToldEvent[]));
      response.writeHead(202, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/ingest/events`,
    events,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
