import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { Prng } from '#test/simulation/prng.js';
import { KafkaCluster } from '#test/support/kafka.js';
import { until } from '#test/support/processes.js';
import { Fleet, pause } from './fleet.js';
import { Load } from './load.js';
import { judge } from './verdict.js';

const LONG = process.env.LONG === '1';
const PER_SECOND = Number(process.env.PER_SECOND ?? (LONG ? 500 : 100));
const ROUNDS = LONG ? 6 : 1;
const LEAST_SECONDS = 120;
/** Chosen anew each time and printed; the plan of faults repeats with it, the moments of real processes do not. */
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const SESSION_MS = 3_000;

const STEP_TIMEOUT_MS = 3_000;

const quick = { timeout: `${STEP_TIMEOUT_MS}ms`, retry: { backoff: '100ms', maxBackoff: '1s' } };
const MAPPING = {
  routes: {
    'chaos.event': [
      {
        name: 'chaos',
        actions: [
          { id: 'tell', use: 'slack.message', with: { channel: '#chaos-${{ data.channel }}', text: 'event ${{ data.number }}' }, ...quick },
          {
            id: 'ticket',
            use: 'jira.issue',
            when: 'data.isTicket',
            with: { project: 'SRE', summary: 'event ${{ data.number }}' },
            ...quick,
          },
          { id: 'bounce', use: 'sre.task', with: { task: 'bounce', params: { number: '${{ data.number }}' } }, ...quick },
        ],
      },
    ],
  },
};
const event = (number: number) => ({
  type: 'chaos.event',
  id: `e${number}`,
  source: `key-${number % 500}`,
  data: { number, channel: number % 20, isTicket: number % 5 === 0 },
});
const EXPECTED = {
  route: 'chaos',
  steps: { tell: 'probed', ticket: 'probed', bounce: 'idempotent' },
  has: (step: string, number: number) => step !== 'ticket' || number % 5 === 0,
} as const;

let cluster: KafkaCluster;
const fleets: Fleet[] = [];
beforeAll(async () => {
  cluster = await KafkaCluster.start({
    nodes: 3,
    proxied: true,
    properties: {
      'group.min.session.timeout.ms': '1000',
      'broker.session.timeout.ms': '3000',
      'broker.heartbeat.interval.ms': '500',
      'controller.quorum.election.timeout.ms': '1000',
      'controller.quorum.fetch.timeout.ms': '2000',
    },
  });
}, 120_000);
afterEach(() => Promise.all(fleets.splice(0).map((fleet) => fleet.close())));
afterAll(() => cluster.close());

const seconds = (sinceMs: number): number => Math.round((Date.now() - sinceMs) / 1_000);

/** What befalls routers and brokers; each resolves when all of it runs again. */
function faultsOf(fleet: Fleet, random: Prng): Readonly<Record<string, () => Promise<void>>> {
  const any = (): number => random.int(fleet.size);
  return {
    'a router is killed': async () => {
      const index = any();
      await fleet.kill(index, 'SIGKILL');
      await pause(random.between(0, 5_000));
      await fleet.start(index);
    },
    'a router sleeps beyond its session': async () => {
      const index = any();
      await fleet.kill(index, 'SIGSTOP');
      await pause(SESSION_MS * 2);
      await fleet.kill(index, 'SIGCONT');
      await fleet.ready(index);
      // It tells what it did meanwhile when its calls have ended; killed before, it could not.
      await pause(STEP_TIMEOUT_MS + 2_000);
    },
    'a leader is killed': async () => {
      const id = random.between(1, cluster.size);
      await cluster.kill(id);
      await pause(random.between(4_000, 8_000));
      cluster.startNode(id);
      await cluster.ready();
    },
    'all brokers are down for 20 s': async () => {
      const ids = [1, 2, 3];
      await Promise.all(ids.map((id) => cluster.kill(id)));
      await pause(20_000);
      for (const id of ids) cluster.startNode(id);
      await cluster.ready();
    },
    'connections to the brokers are cut': async () => {
      for (const proxy of cluster.proxies) {
        proxy.down(true);
        await pause(random.between(100, 1_000));
        proxy.down(false);
      }
    },
    'the routers are replaced one after the other': async () => {
      for (let index = 0; index < fleet.size; index += 1) {
        expect(await fleet.kill(index, 'SIGTERM')).toBe(0);
        await fleet.start(index);
      }
    },
  };
}

/** Targets answer late, not at all, with errors, or lose their answers, all along. */
async function harass(fleet: Fleet, random: Prng, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const target = random.pick(['slack', 'jira', 'sre'] as const);
    const fault = random.pick(['refuse', 'answer-lost', '500', '500-after', 'malformed', 'hang', 'slow'] as const);
    await fleet.fault(target, { route: '*', fault, times: random.between(1, 5), ms: 150 });
    await pause(random.between(500, 3_000));
  }
  for (const target of ['slack', 'jira', 'sre'] as const) await fleet.fault(target, { route: '*', fault: 'none' });
}

test(
  `${PER_SECOND} events/s on 3 routers and 3 brokers that die, sleep and come back: each event has one outcome and one of each effect, in order`,
  async () => {
    const random = new Prng(SEED);
    const fleet = await Fleet.open(cluster, {
      routers: 3,
      partitions: 12,
      mappings: { 'chaos.json': MAPPING },
      sessionTimeout: `${SESSION_MS}ms`,
      destinations: { slack: { settle: '1s' }, jira: { settle: '1s' } },
    });
    fleets.push(fleet);
    await fleet.startAll();
    await until('every partition to have an owner', async () => ((await fleet.sum('sre_router_partitions')) === 12 ? true : undefined));
    const startMs = Date.now();
    const load = new Load(fleet, { perSecond: PER_SECOND, event });
    let isOver = false;
    const harassing = harass(fleet, random, () => isOver);
    const faults = faultsOf(fleet, random);
    const plan = Array.from({ length: ROUNDS }, () => random.shuffle([...Object.keys(faults), 'a router is killed'])).flat();
    for (const name of plan) {
      await pause(random.between(1_000, 4_000));
      await faults[name]?.();
    }
    await pause(Math.max(0, startMs + LEAST_SECONDS * 1_000 - Date.now()));
    isOver = true;
    await harassing;
    process.stdout.write(`chaos: ${seconds(startMs)} s, ${load.accepted.size} of ${load.sent} accepted: all is well again\n`);
    await load.end();
    await fleet.settled(240_000);
    const { wrong, ...told } = await judge(fleet, load.accepted, EXPECTED);
    process.stdout.write(`chaos: ${JSON.stringify({ seed: SEED, plan, sent: load.sent, seconds: seconds(startMs), ...told })}\n`);
    expect({ seed: SEED, wrong: wrong.slice(0, 20), count: wrong.length }).toEqual({ seed: SEED, wrong: [], count: 0 });
    expect(load.sent).toBeGreaterThanOrEqual(PER_SECOND * LEAST_SECONDS);
  },
  (LONG ? 60 : 12) * 60_000,
);
