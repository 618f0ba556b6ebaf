import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type CloudEvent, Kafka } from 'cloudevents';
import type { KafkaMessage } from 'kafkajs';
import { type CliRun, cli } from '#test/support/cli.js';
import { KafkaCluster } from '#test/support/kafka.js';
import { KafkaRouter } from '#test/support/kafka-router.js';
import { Processes, until } from '#test/support/processes.js';

jest.setTimeout(90_000);

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const SANDBOX = { slack: 'http://127.0.0.1:9/', jira: 'http://127.0.0.1:9/', sre: 'http://127.0.0.1:9/' };
const processes = new Processes();
let cluster: KafkaCluster;
let router: KafkaRouter;
beforeAll(async () => {
  cluster = await KafkaCluster.start({ properties: { 'group.min.session.timeout.ms': '1000' } });
  router = await KafkaRouter.write(processes, cluster, { mappings: {}, sandbox: SANDBOX });
  await router.start();
}, 90_000);
afterAll(async () => {
  await processes.close();
  await cluster.close();
});

/** As another team reads the topic: kafkajs' own consumer, in a group of its own. */
async function consume(topic: string, count: number): Promise<KafkaMessage[]> {
  const consumer = cluster.client('other-team').consumer({ groupId: `other-${topic}` });
  const got: KafkaMessage[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => void got.push(message) });
  await until('the messages to come', async () => (got.length >= count ? true : undefined));
  await consumer.disconnect();
  return got;
}

test("other teams read events with the CloudEvents SDK's Kafka binding, and find the trace where tracing libraries look", async () => {
  const sent = { specversion: '1.0', id: 'd-1', source: '/ci', type: 'deploy.finished', subject: 'Münster', data: { build: 7, no: false } };
  const answer = await fetch(`${router.url}/ingest/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json', traceparent: TRACEPARENT },
    body: JSON.stringify({ ...sent, correlationid: 'build-7' }),
  });
  expect(answer.status).toBe(202);
  const [message] = await consume(router.topic('events'), 1);
  const headers = Object.fromEntries(Object.entries(message?.headers ?? {}).map(([name, value]) => [name, String(value)]));
  expect(headers).toEqual({ 'content-type': 'application/cloudevents+json; charset=UTF-8', traceparent: TRACEPARENT });
  expect(message?.key?.toString()).toBe('build-7');
  const value = message?.value?.toString() ?? '';
  const received = { headers, key: 'build-7', value, body: value, timestamp: message?.timestamp ?? '' };
  expect(Kafka.isEvent(received)).toBe(true);
  const read = Kafka.toEvent(received) as CloudEvent<unknown>;
  expect(read.validate()).toBe(true);
  expect(read.toJSON()).toMatchObject({
    ...sent,
    id: expect.stringMatching(/^d-1-/),
    originid: 'd-1',
    partitionkey: 'build-7',
    correlationid: 'build-7',
    traceparent: TRACEPARENT,
  });
});

test('send waits for what it sent although the view of the events is a copy', async () => {
  const send = (...args: string[]): Promise<CliRun> => cli(['send', ...args], { env: { SRE_ROUTER_URL: router.url } });
  for (let index = 0; index < 5; index += 1) {
    const { code, out, err } = await send('--type', 'nobody.takes.it');
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain(': unrouted');
  }
});

test('an event that is not there is told; a command for it as well', async () => {
  const ask = async (path: string, init: RequestInit = {}): Promise<unknown> => (await fetch(`${router.url}${path}`, init)).json();
  expect(await ask('/api/v1/events/nowhere')).toMatchObject({ status: 404, detail: expect.stringMatching(/^No event nowhere\./) });
  const headers = { 'content-type': 'application/json' };
  const command = { method: 'POST', headers, body: '{"reason":"r"}' };
  expect(await ask('/api/v1/events/nowhere/retry', command)).toMatchObject({
    status: 404,
    detail: expect.stringMatching(/^No event nowhere\./),
  });
});
