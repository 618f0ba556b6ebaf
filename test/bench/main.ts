import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread, Worker } from 'node:worker_threads';
import { fetch as undiciFetch } from 'undici';
import { KINDS } from '#runtime/catalog.js';
import { parseConfig } from '#runtime/config.js';
import { destinationTools } from '#runtime/destination-tools.js';
import { createLogger } from '#runtime/observe.js';
import { serve } from '#runtime/serve.js';

/**
 * `npm run bench [-- --events N] [--smoke]`: events a second from ingest to finished with 0, 1, 2 and 4 journaled steps against an instant HTTP target,
 * beside a floor that makes the same calls with the same client and journals nothing, in one run. Prints ratios, gates on nothing.
 */
const CONCURRENCY = 100;
const BATCH = 50;

interface Row {
  steps: number;
  perSecond: number;
  floorPerSecond: number | undefined;
  cpuMicrosecondsPerEvent: number;
}

if (isMainThread) await main();
else target();

/** Answers at once; in a thread of its own, so that its work is not counted as ours. */
function target(): void {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"ok":true}');
    });
  });
  server.listen(0, '127.0.0.1', () => {
    void import('node:worker_threads').then(({ parentPort }) => parentPort?.postMessage((server.address() as AddressInfo).port));
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { events: { type: 'string', default: '20000' }, smoke: { type: 'boolean', default: false } } });
  const events = values.smoke ? 500 : Number(values.events);
  const worker = new Worker(new URL(import.meta.url));
  const [port] = (await once(worker, 'message')) as [number];
  const url = `http://127.0.0.1:${port}`;
  const rows: Row[] = [];
  for (const steps of [0, 1, 2, 4]) rows.push(await measure(steps, events, url));
  process.stdout.write(`${events} events of 1 KiB, ${CONCURRENCY} at once, Node ${process.version}\n`);
  process.stdout.write('steps  events/s  floor/s  ratio  CPU µs/event\n');
  for (const { steps, perSecond, floorPerSecond, cpuMicrosecondsPerEvent } of rows) {
    const ratio = floorPerSecond === undefined ? '-' : (perSecond / floorPerSecond).toFixed(2);
    process.stdout.write(
      `${String(steps).padStart(5)}  ${perSecond.toFixed(0).padStart(8)}  ${(floorPerSecond?.toFixed(0) ?? '-').padStart(7)}  ${ratio.padStart(5)}  ${cpuMicrosecondsPerEvent.toFixed(0).padStart(12)}\n`,
    );
  }
  await worker.terminate();
}

async function measure(steps: number, events: number, targetUrl: string): Promise<Row> {
  const dir = mkdtempSync(join(tmpdir(), 'sre-router-bench-'));
  try {
    const actions = Array.from({ length: steps }, (_, index) => ({
      id: `s${index}`,
      use: 'http.request',
      destination: 'target',
      with: { method: 'PUT', path: `/${index}`, body: { n: 1 } },
    }));
    writeFileSync(join(dir, 'route.json'), JSON.stringify({ routes: { 'bench.event': [{ name: 'bench', actions }] } }));
    const config = parseConfig(
      {
        http: { port: 0 },
        log: { dir: join(dir, 'data') },
        mappings: dir,
        destinations: { target: { kind: 'http', baseUrl: targetUrl, concurrency: CONCURRENCY } },
      },
      KINDS,
    );
    const router = await serve(config, { logger: createLogger({ level: 'error' }) });
    const pad = 'x'.repeat(900);
    const cpu = process.cpuUsage();
    const startedMs = performance.now();
    let next = 0;
    const sender = async (): Promise<void> => {
      while (next < events) {
        const batch = Array.from({ length: Math.min(BATCH, events - next) }, () => ({
          specversion: '1.0',
          type: 'bench.event',
          source: 'bench',
          id: `e${next++}`,
          data: { pad },
        }));
        const response = await undiciFetch(`${router.url}/ingest/events`, {
          method: 'POST',
          headers: { 'content-type': 'application/cloudevents-batch+json' },
          body: JSON.stringify(batch),
        });
        if (response.status !== 202) throw new Error(await response.text());
        await response.text();
      }
    };
    await Promise.all(Array.from({ length: 4 }, sender));
    for (;;) {
      const text = await (await undiciFetch(`${router.url}/metrics`)).text();
      if (Number(/outcomes_total\{outcome="done"\} (\d+)/.exec(text)?.[1] ?? 0) >= events) break;
      await new Promise((later) => setTimeout(later, 10));
    }
    const seconds = (performance.now() - startedMs) / 1_000;
    const used = process.cpuUsage(cpu);
    await router.stop();
    const floorPerSecond = steps === 0 ? undefined : await floor(steps, Math.min(events, 5_000), targetUrl);
    return { steps, perSecond: events / seconds, floorPerSecond, cpuMicrosecondsPerEvent: (used.user + used.system) / events };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function floor(steps: number, events: number, targetUrl: string): Promise<number> {
  const tools = destinationTools('bench');
  const startedMs = performance.now();
  let next = 0;
  const one = async (): Promise<void> => {
    while (next++ < events) {
      for (let index = 0; index < steps; index += 1) {
        await tools.transport({
          method: 'PUT',
          url: `${targetUrl}/${index}`,
          headers: { 'content-type': 'application/json' },
          body: '{"n":1}',
          signal: AbortSignal.timeout(10_000),
          maxBytes: 1_048_576,
        });
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, one));
  const perSecond = events / ((performance.now() - startedMs) / 1_000);
  await tools.close();
  return perSecond;
}
