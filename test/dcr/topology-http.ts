import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NodeEntry, Registration, Topology, TopologyAnswer } from './topology.js';

/** The registry over HTTP: one POST a call, {call, args}. */
export async function serveTopology(topology: Topology, port = 0): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { call, args } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { call: keyof Topology; args: unknown[] };
      const result: unknown = await (topology[call] as (...all: unknown[]) => Promise<unknown>).apply(topology, args);
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ result }));
    };
    answer().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The registry of another process. */
export class HttpTopology implements Topology {
  readonly #url: string;
  constructor(url: string) {
    this.#url = url;
  }

  register(node: Registration): Promise<TopologyAnswer> {
    return this.#call('register', node);
  }
  remove(name: string, boot: string): Promise<void> {
    return this.#call('remove', name, boot);
  }
  nodes(): Promise<readonly NodeEntry[]> {
    return this.#call('nodes');
  }
  reached(name: string, boot: string): Promise<void> {
    return this.#call('reached', name, boot);
  }
  giveUp(name: string, boot: string, why: string): Promise<void> {
    return this.#call('giveUp', name, boot, why);
  }

  async #call<T>(call: keyof Topology, ...args: unknown[]): Promise<T> {
    const answer = await fetch(this.#url, { method: 'POST', body: JSON.stringify({ call, args }), signal: AbortSignal.timeout(10_000) });
    if (!answer.ok) throw new Error(`topology: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { result: T }).result;
  }
}
