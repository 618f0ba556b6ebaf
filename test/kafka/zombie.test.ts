import { afterEach, expect, jest, test } from '@jest/globals';
import { useKafka } from '#test/support/kafka-hooks.js';
import { until } from '#test/support/processes.js';
import { Fleet } from './fleet.js';

jest.setTimeout(90_000);

const kafka = useKafka();
const fleets: Fleet[] = [];
afterEach(() => Promise.all(fleets.splice(0).map((fleet) => fleet.close())));

interface Step {
  readonly id: string;
  readonly state: string;
  readonly doubled?: { readonly isCertain: boolean; readonly out?: unknown };
}
interface Detail {
  readonly state: string;
  readonly explanation: { readonly sentences: readonly string[] };
  readonly branches: readonly { readonly steps: readonly Step[] }[];
}

const routeOf = (step: object) => ({
  'route.json': { routes: { 'zombie.event': [{ name: 'zombie', actions: [step] }] } },
});

async function open(step: object, script?: string): Promise<Fleet> {
  const options = { routers: 2, partitions: 1, mappings: routeOf(step), sessionTimeout: '2s', ...(script === undefined ? {} : { script }) };
  const fleet = await Fleet.open(kafka(), options);
  fleets.push(fleet);
  return fleet;
}

async function post(fleet: Fleet, index: number): Promise<string> {
  const body = JSON.stringify({ type: 'zombie.event', id: 'the-one', source: 'a', data: {} });
  const response = await fetch(`${fleet.url(index)}/ingest/adhoc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  return ((await response.json()) as { events: { id: string }[] }).events[0]?.id ?? '';
}

const detailOf = async (fleet: Fleet, index: number, id: string): Promise<Detail> =>
  (await (await fetch(`${fleet.url(index)}/api/v1/events/${id}`)).json()) as Detail;

const stepOf = ({ branches }: Detail): Step | undefined => branches[0]?.steps[0];

/** One router has the partition and a call under way, and sleeps until another one has finished the run. */
async function sleepThrough(fleet: Fleet, effects: number): Promise<string> {
  await fleet.start(0);
  await fleet.start(1);
  const owner = (await fleet.metric(0, 'sre_router_partitions')) === 1 ? 0 : 1;
  const other = 1 - owner;
  const id = await post(fleet, other);
  await until('the call to be under way', async () => ((await fleet.metric(owner, 'sre_router_in_flight')) === 1 ? true : undefined));
  await fleet.kill(owner, 'SIGSTOP');
  await until('the other to finish it', async () => ((await detailOf(fleet, other, id)).state === 'done' ? true : undefined));
  await until('the effects at the target', async () => ((await fleet.effects()).length === effects ? true : undefined));
  await fleet.kill(owner, 'SIGCONT');
  return id;
}

const tell = (timeout: string) => ({ id: 'tell', use: 'slack.message', timeout, with: { channel: '#sre', text: 'down' } });

test('a call that was under way as its process slept, and reached a probed target only after the look for it, is done twice and listed with both answers', async () => {
  const fleet = await open(tell('30s'));
  await fleet.fault('slack', { route: 'chat.postMessage', fault: 'slow', ms: 7_000, times: 1 });
  const id = await sleepThrough(fleet, 2);
  for (const index of [0, 1]) {
    const told = await until('it to be listed', async () => {
      const detail = await detailOf(fleet, index, id);
      return stepOf(detail)?.doubled === undefined ? undefined : detail;
    });
    expect(stepOf(told)?.doubled).toMatchObject({ isCertain: true, out: { channel: expect.any(String) } });
    expect(told.explanation.sentences.join(' ')).toContain('Done twice, or maybe: zombie → tell');
  }
});

test('where the sleeper does not learn what came of its call, it says so, and it is listed as maybe done twice', async () => {
  const fleet = await open(tell('5s'));
  await fleet.fault('slack', { route: 'chat.postMessage', fault: 'slow', ms: 7_000, times: 1 });
  const id = await sleepThrough(fleet, 2);
  const told = await until('it to be listed', async () => stepOf(await detailOf(fleet, 0, id))?.doubled);
  expect(told).toMatchObject({ isCertain: false });
});

test('a target that takes an idempotency key has one effect, whoever called it how often', async () => {
  const fleet = await open({ id: 'bounce', use: 'sre.task', timeout: '30s', with: { task: 'bounce' } });
  await fleet.fault('sre', { route: 'tasks.submit', fault: 'slow', ms: 7_000, times: 1 });
  const id = await sleepThrough(fleet, 1);
  await until('the sleeper to be back', async () => ((await fleet.sum('sre_router_in_flight')) === 0 ? true : undefined));
  expect(await fleet.effects()).toHaveLength(1);
  expect((await detailOf(fleet, 0, id)).state).toBe('done');
});

test('a router that slept between an intent and its call does not call: it asks first whether the partition is still its own', async () => {
  const fleet = await open(tell('30s'), 'test/dist/crash/router.js');
  await fleet.start(0, { SLEEP_AT_INTENT: '1' });
  const id = await post(fleet, 0);
  await fleet.start(1);
  await until('the other to finish it', async () => ((await detailOf(fleet, 1, id)).state === 'done' ? true : undefined));
  await fleet.kill(0, 'SIGCONT');
  await fleet.ready(0);
  await until('its view to be whole', async () => ((await detailOf(fleet, 0, id)).state === 'done' ? true : undefined));
  expect(await fleet.effects()).toHaveLength(1);
  expect(stepOf(await detailOf(fleet, 0, id))?.doubled).toBeUndefined();
});
