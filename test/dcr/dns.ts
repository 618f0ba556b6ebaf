import { createSocket } from 'node:dgram';
import { promises } from 'node:dns';
import { once } from 'node:events';

const TYPE_A = 1;
const NXDOMAIN = 3;
const HEADER_BYTES = 12;
const TTL_SECONDS = 5;

/** A DNS server on loopback that answers A questions from a function; undefined is NXDOMAIN. */
export async function startDns(lookUp: (name: string) => string | undefined): Promise<{ port: number; close(): Promise<void> }> {
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const answer = answerTo(query, lookUp);
    if (answer !== undefined) socket.send(answer, from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    async close() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

function answerTo(query: Buffer, lookUp: (name: string) => string | undefined): Buffer | undefined {
  if (query.length < HEADER_BYTES + 5) return undefined;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = query.readUInt16BE(at + 1);
  const question = query.subarray(HEADER_BYTES, at + 5);
  const ip = lookUp(labels.join('.').toLowerCase());
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  // Response, authoritative, recursion as asked.
  header.writeUInt16BE(0x8400 | (query.readUInt16BE(2) & 0x0100) | (ip === undefined ? NXDOMAIN : 0), 2);
  header.writeUInt16BE(1, 4);
  if (ip === undefined || type !== TYPE_A) return Buffer.concat([header, question]);
  header.writeUInt16BE(1, 6);
  const record = Buffer.alloc(16);
  record.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(TTL_SECONDS, 6);
  record.writeUInt16BE(4, 10);
  for (const [index, part] of ip.split('.').entries()) record[12 + index] = Number(part);
  return Buffer.concat([header, question, record]);
}

/** Asks this DNS server alone, never /etc/hosts or the machine's resolver. [] for NXDOMAIN, no data and no answer. */
export function dnsResolver(server: string): (name: string) => Promise<readonly string[]> {
  const resolver = new promises.Resolver({ timeout: 1_000, tries: 2 });
  resolver.setServers([server]);
  return (name) => resolver.resolve4(name).catch((): string[] => []);
}
