import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { effectsOf, recorded } from '#test/contract/main-job.contract.js';
import { type CliRun, cli } from '#test/support/cli.js';
import { KafkaCluster } from '#test/support/kafka.js';
import { KafkaRouter } from '#test/support/kafka-router.js';
import { Processes, type SandboxUrls, until } from '#test/support/processes.js';

jest.setTimeout(120_000);

let cluster: KafkaCluster;
let sandbox: SandboxUrls;
let router: KafkaRouter;
const processes = new Processes();
/** A webhook for a source that is not configured yet, one that is broken, and bytes that nothing can be made of. */
const [ALERT = ''] = recorded('storm');
const OTHER_ALERT = ALERT.replaceAll('9899a4fcafdb51ad', '9899a4fcafdb51ae');
const UNKNOWN = JSON.stringify({ event: { id: 'a-1', subject: 'alertmanager-eu' }, body: JSON.parse(ALERT) as unknown });
const BROKEN = OTHER_ALERT.replace('"version":"4"', '"version":4');
const HOPELESS = Buffer.from([0xff, 0xfe]);
const MAPPINGS = {
  'tasks.json': {
    routes: { 'alertmanager.alert': [{ name: 'each', actions: [{ id: 'task', use: 'sre.task', with: { task: 'note' } }] }] },
  },
};

beforeAll(async () => {
  cluster = await KafkaCluster.start({ properties: { 'group.min.session.timeout.ms': '1000' } });
  sandbox = await processes.sandbox();
  router = await KafkaRouter.write(processes, cluster, { mappings: MAPPINGS, sandbox });
  const producer = cluster.client().producer();
  await producer.connect();
  await producer.send({ topic: router.topic('raw'), messages: [UNKNOWN, BROKEN, HOPELESS].map((value) => ({ partition: 1, value })) });
  await producer.disconnect();
  await router.start();
  await router.settled(3);
}, 90_000);
afterAll(async () => {
  await processes.close();
  await cluster.close();
});

const replayAt = (url: string, ...args: string[]): Promise<CliRun> => cli(['replay', '--dlq', ...args], { env: { SRE_ROUTER_URL: url } });
const replay = (...args: string[]): Promise<CliRun> => replayAt(router.url, ...args);
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

test('the list says what stands and why, newest first', async () => {
  const { code, out, err } = await replay('--list');
  expect(code).toBe(0);
  expect(lines(out).map((line) => line.trim().split('/').slice(0, 2).join('/').slice(0, 3))).toEqual([
    '1/2',
    'No ',
    '1/1',
    'No ',
    '1/0',
    'No ',
  ]);
  expect(lines(out)[5]).toContain('No source named "alertmanager-eu"');
  expect(err).toMatch(/^3 stand\./);
});

test('without --yes nothing happens: it tells what this release cannot read', async () => {
  const { code, out, err } = await replay();
  expect(code).toBe(1);
  expect(lines(out)).toHaveLength(3);
  expect(err).toBe('0 would be sent again, 3 cannot be read. Nothing was done.\n');
  expect(await router.read('events')).toEqual([]);
});

test('one is shown as it came, and sent on mended; again it is not', async () => {
  const shown = await replay('--record', '1/1', '--show');
  expect([shown.code, shown.out]).toEqual([0, BROKEN]);
  const file = processes.file('mended.json', shown.out.replace('"version":4', '"version":"4"'));
  expect((await replay('--record', '1/1', '--body', file)).out).toMatch(/^1\/1\/\d+ {2}would be {2}\S+\n$/);
  const sent = await replay('--record', '1/1', '--body', file, '--reason', 'version was a number', '--yes');
  expect([sent.code, sent.err]).toEqual([0, '1 sent again, 0 still cannot be read.\n']);
  await router.settled(3);
  expect(await effectsOf(sandbox)).toMatchObject({ tasks: 1, doubled: 0 });
  expect((await replay('--record', '1/1', '--body', file, '--reason', 'again', '--yes')).out).toContain('was sent again at');
  expect(await router.read('events')).toHaveLength(1);
});

test('what another configuration can read is sent once, though two people ask two processes at once; the law still holds', async () => {
  await router.child?.kill('SIGTERM');
  const sources = { argo: { kind: 'argo' }, alertmanager: { kind: 'alertmanager' }, 'alertmanager-eu': { kind: 'alertmanager' } };
  await router.reconfigure({ sources });
  await router.start();
  const urls = [router.url, await router.startAnother('api')];
  const [one, two] = (await Promise.all(urls.map((url) => replayAt(url, '--reason', 'eu is configured', '--yes')))) as [CliRun, CliRun];
  expect([one.code, two.code]).toEqual([1, 1]);
  const ids = [...one.out.matchAll(/sent again as {2}(\S+)/g), ...two.out.matchAll(/sent again as {2}(\S+)/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(1);
  await router.settled(3);
  await until('the alert to be done', async () =>
    (await router.get<{ state: string }>(`/api/v1/events/${ids[0]}`))?.state === 'done' ? true : undefined,
  );
  expect(await effectsOf(sandbox)).toMatchObject({ tasks: 2, doubled: 0 });
  for (const url of urls) expect((await replayAt(url, '--list')).err).toMatch(/^1 stand\./);
  expect(await router.metric('sre_router_raw_dead_letters')).toBe(3);
  expect(await router.metric('sre_router_raw_conservation')).toBe(0);
});

test('bytes that are no text are shown in base64 only', async () => {
  expect((await replay('--record', '1/2', '--show')).code).toBe(2);
  const { out } = await replay('--record', '1/2', '--show', '--format', 'json');
  expect(Buffer.from((JSON.parse(out) as { base64: string }).base64, 'base64')).toEqual(HOPELESS);
});

test('events that have ended are sent again as new ones, told apart from those sent before', async () => {
  const events = (...args: string[]): Promise<CliRun> => cli(['replay', ...args], { env: { SRE_ROUTER_URL: router.url } });
  const sent = await events('--type', 'alertmanager.alert', '--state', 'done', '--reason', 'r', '--yes');
  expect([sent.code, lines(sent.out)]).toEqual([0, [expect.stringMatching(/^(\S+): sent again as \1~1$/), expect.anything()]]);
  await router.settled(3);
  expect((await events('--type', 'alertmanager.alert', '--state', 'done')).err).toMatch(/\n0 would be sent again, 2 left out\./);
});
