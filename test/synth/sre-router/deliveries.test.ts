import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { K8sObject } from '#synth/k8s-object.js';
import { recordings } from '#test/replay/recordings.js';
import { Served } from '#test/support/served.js';
import { type BusEvent, calendarEvent, triggered, webhookEvent } from './argo-interpreter.js';
import { INSTALLATIONS, ofKind, rendered } from './installations.js';

/** What a person sends. */
const ADHOC = { type: 'adhoc.message', correlationid: 'deploy-42', data: { text: 'hello', channel: '#sre' } };
const folder = join(process.cwd(), 'test/fixtures/alertmanager');
const requests = recordings(folder)
  .filter(({ name }) => /^(?:01-fire-resolve|02-group-of-five|05-utf8|10-flap).*0\.34\.2$/.test(name))
  .flatMap((recording) => recording.requests)
  .map(({ body }) => JSON.parse(body.toString()) as { groupKey: string; alerts: unknown[] });

const WAYS: Readonly<Record<string, (objects: readonly K8sObject[], event: BusEvent) => string>> = {
  'http over JetStream': (objects, event) => triggered(objects, event).body,
  'http over Kafka': (objects, event) => triggered(objects, event).body,
  kafka: (objects, event) => triggered(objects, event).body,
  'kafka with TLS and a login': (objects, event) => triggered(objects, event).body,
  // The router reads the bus itself.
  bus: (_, event) => JSON.stringify(event),
  'an existing bus': (_, event) => JSON.stringify(event),
};

const running: Served[] = [];
afterAll(async () => {
  for (const router of running) await router.close();
});

/** A router with the sources and the mapping of the canary as the chart has them. */
async function routerOf(objects: readonly K8sObject[]): Promise<Served> {
  const maps = ofKind(objects, 'ConfigMap');
  const text = (name: string, file: string): string => maps.find(({ metadata }) => metadata.name === name)?.data[file];
  const router = new Served(parse(text('rel-mapping-canary', 'canary.yaml')));
  running.push(router);
  const { sources, incidents } = parse(text('rel-config', 'router.yaml'));
  await router.start({ sources, incidents });
  return router;
}

interface Told {
  readonly state: unknown;
  readonly meaning: unknown;
  readonly type: unknown;
  readonly source: unknown;
  readonly phase: unknown;
  readonly incident: unknown;
  readonly data: unknown;
}

/** What became of a request, without what is another at each delivery. */
async function outcome(router: Served, path: string, body: string): Promise<Told[]> {
  const answer = await router.post(path, body);
  expect(answer.status).toBe(202);
  const told: Told[] = [];
  for (const { id, quarantine } of answer.body.events as unknown as { id: string; quarantine?: string }[]) {
    expect(quarantine).toBeUndefined();
    const { state, meaning, incident, event } = (await router.ended(id)) as unknown as { event: Record<string, unknown> } & Told;
    told.push({ state, meaning, incident, type: event.type, source: event.ingestsource, phase: event.phase, data: event.data });
  }
  return told;
}

describe('what the rendered manifests send', () => {
  let direct: Told[][] | undefined;
  async function directly(): Promise<Told[][]> {
    if (direct) return direct;
    const router = await routerOf(rendered(INSTALLATIONS.direct));
    const all: Told[][] = [];
    for (const body of requests) all.push(await outcome(router, '/ingest/alertmanager', JSON.stringify(body)));
    all.push(await outcome(router, '/ingest/adhoc', JSON.stringify(ADHOC)));
    direct = all;
    return all;
  }

  test('recorded requests reach the router directly', async () => {
    const told = (await directly()).flat();
    expect(told.length).toBeGreaterThan(10);
    expect(new Set(told.map(({ meaning }) => meaning))).toEqual(new Set(['opens', 'reopens', 'repeat', 'closes']));
  });

  test.each(Object.keys(WAYS))('is taken by the router, and leads to what a direct post leads to: %s', async (installation) => {
    const objects = rendered(INSTALLATIONS[installation]);
    const send = WAYS[installation] as (typeof WAYS)[string];
    const router = await routerOf(objects);
    const all: Told[][] = [];
    for (const [index, body] of requests.entries())
      all.push(await outcome(router, '/ingest/argo', send(objects, webhookEvent(objects, 'alertmanager', `am-${index}`, body))));
    all.push(await outcome(router, '/ingest/argo', send(objects, webhookEvent(objects, 'adhoc', 'adhoc-1', ADHOC))));
    expect(all).toEqual(await directly());
    const [beat] = await outcome(router, '/ingest/argo', send(objects, calendarEvent(objects, 'canary', 'beat-1')));
    expect(beat).toMatchObject({ state: 'done', type: 'canary.beat', source: 'adhoc', data: { at: expect.stringMatching(/^2026-07-13/) } });
  });

  test.each(['http over JetStream', 'bus'])('is known again when it is sent again, whoever sends it: %s', async (installation) => {
    const objects = rendered(INSTALLATIONS[installation]);
    const send = WAYS[installation] as (typeof WAYS)[string];
    const router = await routerOf(objects);
    const body = send(objects, webhookEvent(objects, 'alertmanager', 'am-0', requests[0]));
    const first = await router.post('/ingest/argo', body);
    const again = await router.post('/ingest/argo', body);
    expect(again).toEqual(first);
  });

  test('a record of Kafka is keyed by its group, or by what the caller says belongs together', () => {
    const objects = rendered(INSTALLATIONS.kafka);
    const keyOf = (name: string, body: unknown): string | undefined => triggered(objects, webhookEvent(objects, name, 'x', body)).key;
    for (const body of requests) expect(keyOf('alertmanager', body)).toBe(body.groupKey);
    expect(keyOf('adhoc', ADHOC)).toBe('deploy-42');
    expect(keyOf('adhoc', { type: 'adhoc.message', data: {} })).toBe('unkeyed');
    expect(triggered(objects, calendarEvent(objects, 'canary', 'x')).key).toBe('canary');
  });
});
