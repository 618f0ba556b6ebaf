import { gunzipSync } from 'node:zlib';
import { afterEach, expect, jest, test } from '@jest/globals';
import kafkajs, { type Message } from 'kafkajs';
import { effectsOf, MAC, recorded } from '#test/contract/main-job.contract.js';
import { produceByConsole } from '#test/support/console-producer.js';
import { useKafka } from '#test/support/kafka-hooks.js';
import { OFFSET_COMMIT } from '#test/support/kafka-proxy.js';
import { KafkaRouter, type KafkaRouterOptions } from '#test/support/kafka-router.js';
import { Processes, until } from '#test/support/processes.js';

jest.setTimeout(120_000);

const kafka = useKafka({ proxied: true });

const opened: Processes[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((processes) => processes.close()));
});

async function open(mappings: KafkaRouterOptions['mappings']) {
  const processes = new Processes();
  opened.push(processes);
  const sandbox = await processes.sandbox();
  return { sandbox, router: await KafkaRouter.write(processes, kafka(), { mappings, sandbox }) };
}

async function produce(topic: string, messages: Message[], compression = kafkajs.CompressionTypes.None): Promise<void> {
  const producer = kafka().client().producer();
  await producer.connect();
  await producer.send({ topic, messages, compression });
  await producer.disconnect();
}

const [FIRING = '', RESOLVED = ''] = recorded('mac-cluster');
const OTHER = recorded('jira-outage')[0] as string;
const CONTEXT = { id: '9f0c0d2e', source: 'ingress', subject: 'alertmanager', time: '2026-07-13T07:03:49Z' };
const HEADER = { 'Content-Type': ['application/json'] };

/** As a Sensor's Kafka trigger writes it: reference of Argo Events, "Exact message". */
const sensorPayload = (body: string): string =>
  JSON.stringify({ schema: 'alertmanager.v4', event: CONTEXT, alertCount: 1, body: JSON.parse(body) as unknown, header: HEADER });
/** As a webhook EventSource publishes it on a Kafka EventBus. */
const busEvent = (body: string): string =>
  JSON.stringify({
    specversion: '1.0',
    type: 'webhook',
    datacontenttype: 'application/json',
    ...CONTEXT,
    id: 'b05e11',
    data: { header: HEADER, body: JSON.parse(body) as unknown },
  });

const TASKS = {
  routes: {
    'alertmanager.alert': [
      {
        name: 'each',
        actions: [{ id: 'task', use: 'sre.task', with: { task: 'note', params: { pod: '${{ data.labels.pod }}' } } }],
      },
    ],
    'deploy.finished': [
      { name: 'deploy', actions: [{ id: 'tell', use: 'slack.message', with: { channel: '#sre', text: '${{ event.subject }}' } }] },
    ],
  },
};

test('what triggers, buses and others write, whatever its compression, does the whole job', async () => {
  const { router, sandbox } = await open({
    'mac-cluster.json': MAC,
    'tasks.json': { routes: { 'deploy.finished': TASKS.routes['deploy.finished'] } },
  });
  await router.start();
  const raw = router.topic('raw');
  await produceByConsole(kafka(), raw, 'gzip', [sensorPayload(FIRING)]);
  await router.settled(1);
  await produceByConsole(kafka(), raw, 'snappy', [busEvent(RESOLVED)]);
  await produceByConsole(kafka(), raw, 'lz4', [OTHER]);
  const headers = [
    'ce_specversion:1.0',
    'ce_id:d-1',
    'ce_source:/ci',
    'ce_type:deploy.finished',
    'ce_subject:100%25 of Münster',
    'content-type:application/json',
  ];
  await produceByConsole(kafka(), raw, 'zstd', [`${headers.join(',')}\t{"build":7}`], true);
  await router.settled(4);
  const { events } = (await router.get<{ events: { type: string; state: string; meaning?: string }[] }>('/api/v1/events')) ?? {
    events: [],
  };
  expect(events.map(({ type, state, meaning }) => `${type} ${state} ${meaning ?? 'none'}`).sort()).toEqual([
    'alertmanager.alert done closes',
    'alertmanager.alert done opens',
    'alertmanager.alert done opens',
    'deploy.finished done none',
  ]);
  expect(await effectsOf(sandbox)).toMatchObject({ issues: 2, tasks: 2, doubled: 0 });
  const slack = JSON.stringify(await (await fetch(new URL('/__sandbox/state', sandbox.slack))).json());
  // In Kafka's binding a header's value is what it is: nothing in it is percent-encoded.
  expect(slack).toContain('100%25 of Münster');
});

test('records that cannot be read go to dlq as they came, and hold nobody behind them up', async () => {
  const { router, sandbox } = await open({ 'tasks.json': TASKS });
  const [good = '', more = ''] = recorded('storm');
  const poison: readonly (readonly [string, Buffer | null, RegExp])[] = [
    ['no JSON', Buffer.from('alert! {'), /argo: .*JSON.*alertmanager: .*events: /],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x00]), /UTF-8/],
    ['a tombstone', null, /argo: /],
    ['JSON of nobody', Buffer.from('{"hello":"world"}'), /Neither a trigger payload/],
    ['a trigger without its id', Buffer.from(sensorPayload(good).replace('"id":"9f0c0d2e",', '')), /\/event\/id/],
    ['an older webhook', Buffer.from(good.replace('"version":"4"', '"version":"3"')), /version/],
  ];
  const messages = poison.map(([name, value]) => ({ partition: 0, key: 'k', value, headers: { 'x-sender': name, 'x-reason': 'forged' } }));
  await produce(router.topic('raw'), [{ partition: 0, value: good }, ...messages, { partition: 0, value: more }]);
  await router.start();
  await router.settled(poison.length + 2);
  const letters = await router.read('dlq');
  expect(letters.map(({ headers }) => headers['x-sender'])).toEqual(poison.map(([name]) => name));
  const raw = (await router.read('raw')).filter(({ partition }) => partition === 0);
  for (const [index, [, bytes, says]] of poison.entries()) {
    const letter = letters[index];
    const at = raw[index + 1];
    expect(letter?.value).toEqual(bytes ?? Buffer.alloc(0));
    expect(letter?.key?.toString()).toBe(`0/${index + 1}/${at?.timestampMs}`);
    expect(letter?.headers).toMatchObject({ 'x-raw-partition': '0', 'x-raw-offset': String(index + 1), 'x-reason': 'BODY_INVALID' });
    expect(letter?.headers['x-detail']).toMatch(says);
  }
  expect(await effectsOf(sandbox)).toMatchObject({ tasks: 2, doubled: 0 });
  expect(await router.metric('sre_router_raw_dead_letters')).toBe(poison.length);
  expect(await router.metric('sre_router_raw_conservation')).toBe(0);
});

test('a batch that becomes too large when it is inflated becomes dead letters and holds nobody up', async () => {
  const { router, sandbox } = await open({ 'tasks.json': TASKS });
  const [good = '', more = ''] = recorded('storm');
  const raw = router.topic('raw');
  await produce(raw, [{ partition: 0, value: good }]);
  const bomb = [0, 1, 2].map((index) => ({ partition: 0, value: Buffer.alloc(25_000_000, `alert ${index} `) }));
  await produce(raw, bomb, kafkajs.CompressionTypes.GZIP);
  await produce(raw, [{ partition: 0, value: more }]);
  await router.start();
  await router.settled(5);
  const letters = await router.read('dlq');
  expect(letters.map(({ headers }) => [headers['x-raw-offset'], headers['x-reason']])).toEqual(
    ['1', '2', '3'].map((offset) => [offset, 'BODY_NOT_INFLATABLE']),
  );
  expect(gunzipSync(letters[0]?.value ?? Buffer.alloc(0)).length).toBeGreaterThan(75_000_000);
  expect(letters[1]?.headers['x-detail']).toMatch(/^The gzip batch does not inflate, or to more than 67108864 bytes/);
  expect(await effectsOf(sandbox)).toMatchObject({ tasks: 2, doubled: 0 });
  expect(await router.metric('sre_router_raw_conservation')).toBe(0);
});

const COMMIT_FAILED = /could not be carried over; tried again/g;

test('through kill -9 between the writing of events and the commit every record is split or a dead letter, and every event ends once', async () => {
  const RECORDS = 200;
  const EVERY = 10;
  const { router, sandbox } = await open({ 'tasks.json': TASKS });
  const webhook = JSON.parse(recorded('storm')[0] as string) as { alerts: object[] };
  // Three alerts each, every alert in one record only.
  const alertsOf = (index: number): object[] =>
    [0, 1, 2].map((more) => ({ ...webhook.alerts[0], fingerprint: (index * 3 + more).toString(16).padStart(16, '0') }));
  const records = Array.from({ length: RECORDS }, (_, index) =>
    index % EVERY === 0 ? `poison ${index}` : JSON.stringify({ ...webhook, alerts: alertsOf(index) }),
  );
  const put = (part: string[]): Promise<void> =>
    produce(
      router.topic('raw'),
      part.map((value, index) => ({ partition: index % 2, value })),
    );
  await router.start();
  await put(records.slice(0, RECORDS / 2));
  await router.settled(RECORDS / 2);
  kafka().proxies[0]?.fail({ apiKey: OFFSET_COMMIT, what: 'request-lost', times: 10_000 });
  await put(records.slice(RECORDS / 2));
  const letters = async (): Promise<string[]> => (await router.read('dlq')).map(({ key }) => String(key));
  await until('the rest to be written', async () => ((await letters()).length >= RECORDS / EVERY ? true : undefined));
  await until('a commit to be tried again', async () => ((router.child?.output.match(COMMIT_FAILED) ?? []).length > 1 ? true : undefined));
  expect(await letters()).toHaveLength(RECORDS / EVERY);
  await router.child?.kill('SIGKILL');
  kafka().proxies[0]?.fail();
  await router.start();
  await router.settled(RECORDS);
  const alerts = (RECORDS - RECORDS / EVERY) * 3;
  const ids = (await router.read('events')).map(({ value }) => (JSON.parse(String(value)) as { id: string }).id);
  // Read and written twice, under the same ids.
  expect([new Set(ids).size, ids.length > alerts]).toEqual([alerts, true]);
  expect([new Set(await letters()).size, (await letters()).length > RECORDS / EVERY]).toEqual([RECORDS / EVERY, true]);
  expect(await router.metric('sre_router_raw_records')).toBe(RECORDS);
  expect(await router.metric('sre_router_raw_dead_letters')).toBe(RECORDS / EVERY);
  expect(await router.metric('sre_router_raw_conservation')).toBe(0);
  expect(await router.metric('sre_router_conservation')).toBe(0);
  expect(await effectsOf(sandbox)).toMatchObject({ tasks: alerts, doubled: 0 });
});
