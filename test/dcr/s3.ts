import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkSignature, type SigV4Keys } from './sigv4.js';

export const S3_KEYS: SigV4Keys = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI-not-a-key', region: 'us-east-1' };

export interface S3StandIn {
  /** Without a trailing slash. Path style: <url>/<bucket>/<key>. */
  readonly url: string;
  /** By bucket/key. */
  readonly objects: Map<string, Buffer>;
  /** "PUT bucket/key", in order. */
  readonly requests: string[];
  /** Answers every request so until it is undefined again. */
  fault: { status: number; code: string } | undefined;
  close(): Promise<void>;
}

/** S3 over HTTP, path style: GET, HEAD, PUT, DELETE of objects, each with its signature checked. Objects live in memory. */
export async function startS3(options: { port?: number; keys?: SigV4Keys } = {}): Promise<S3StandIn> {
  const keys = options.keys ?? S3_KEYS;
  const objects = new Map<string, Buffer>();
  const requests: string[] = [];
  const standIn: { fault: S3StandIn['fault'] } = { fault: undefined };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://s3').pathname).slice(1);
    const refuse = (status: number, code: string): void => {
      const text = request.method === 'HEAD' ? '' : `<?xml version="1.0"?><Error><Code>${code}</Code><Message>stand-in</Message></Error>`;
      response.writeHead(status, { 'content-type': 'application/xml' }).end(text);
    };
    requests.push(`${request.method} ${path}`);
    if (standIn.fault !== undefined) return refuse(standIn.fault.status, standIn.fault.code);
    const wrong = checkSignature(request, body, keys, Date.now());
    if (wrong !== undefined) return refuse(403, wrong);
    const etag = (data: Buffer): string => `"${createHash('md5').update(data).digest('hex')}"`;
    const found = objects.get(path);
    switch (request.method) {
      case 'PUT':
        objects.set(path, body);
        return void response.writeHead(200, { etag: etag(body) }).end();
      case 'DELETE':
        objects.delete(path);
        return void response.writeHead(204).end();
      case 'GET':
      case 'HEAD':
        if (found === undefined) return refuse(404, 'NoSuchKey');
        response.writeHead(200, { etag: etag(found), 'content-length': found.length });
        return void response.end(request.method === 'HEAD' ? undefined : found);
      default:
        return refuse(405, 'MethodNotAllowed');
    }
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    requests,
    get fault() {
      return standIn.fault;
    },
    set fault(fault) {
      standIn.fault = fault;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
