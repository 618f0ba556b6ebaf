import { stepKey } from '#runtime/event/step-key.js';
import { until } from '#test/support/processes.js';
import type { Fleet } from './fleet.js';

export interface Verdict {
  /** What must not be; each a sentence that names the event. */
  readonly wrong: string[];
  readonly outcomes: Readonly<Record<string, number>>;
  /** Effects that were made twice, all of them listed as doubled by the router. */
  readonly doubled: number;
  /** Records in the topic that repeat one that was sent before. */
  readonly repeated: number;
}

export interface Expectation {
  readonly route: string;
  /** Its steps that make effects, with what their target can do: find an effect by its key, or refuse to repeat it. */
  readonly steps: Readonly<Record<string, 'probed' | 'idempotent'>>;
  /** Whether the event with this number has the step. */
  readonly has: (step: string, number: number) => boolean;
}

interface Detail {
  readonly state: string;
  readonly branches: readonly { readonly steps: readonly { readonly id: string; readonly doubled?: object }[] }[];
}

/** What the topic, the targets and the API say of every event that was accepted. */
export async function judge(fleet: Fleet, accepted: ReadonlyMap<number, string>, expectation: Expectation): Promise<Verdict> {
  const wrong: string[] = [];
  const order = await firstRecords(fleet);
  const states = await statesOf(fleet);
  const made = new Map<string, number[]>();
  for (const [index, { key }] of (await fleet.effects()).entries()) if (key !== null) made.set(key, [...(made.get(key) ?? []), index]);
  const effectsOf = (id: string, step: string): readonly number[] => {
    const key = stepKey(id, expectation.route, step);
    return made.get(key) ?? made.get(`sre-${key.slice(0, 12)}`) ?? [];
  };
  const outcomes: Record<string, number> = {};
  let doubled = 0;
  for (const [number, id] of accepted) {
    const state = states.get(id) ?? 'missing';
    outcomes[state] = (outcomes[state] ?? 0) + 1;
    if (!order.firstOf.has(id)) wrong.push(`e${number} ${id} is not in the topic`);
    if (state !== 'done' && state !== 'ambiguous') wrong.push(`e${number} ${id} is ${state}`);
    for (const [step, kind] of Object.entries(expectation.steps)) {
      const count = effectsOf(id, step).length;
      const least = expectation.has(step, number) && state === 'done' ? 1 : 0;
      const most = expectation.has(step, number) ? 1 : 0;
      if (count < least) wrong.push(`e${number} ${id} ${step}: no effect`);
      if (count <= most) continue;
      const detail = (await (await fetch(`${fleet.url(0)}/api/v1/events/${id}`)).json()) as Detail;
      const isListed = detail.branches.some(({ steps }) => steps.some((shown) => shown.id === step && shown.doubled !== undefined));
      if (kind === 'idempotent' || count > most + 1 || !isListed)
        wrong.push(`e${number} ${id} ${step}: ${count} effects at a target that is ${kind}, ${isListed ? '' : 'not '}listed as doubled`);
      else doubled += 1;
    }
  }
  for (const [key, ids] of order.byKey) {
    for (const step of Object.keys(expectation.steps)) {
      const firsts = ids.map((id) => effectsOf(id, step)[0]).filter((first) => first !== undefined);
      if (firsts.some((first, index) => first < (firsts[index - 1] ?? -1))) wrong.push(`${step} is out of order for key ${key}`);
    }
  }
  for (let index = 0; index < fleet.size; index += 1) {
    const conservation = await fleet.metric(index, 'sre_router_conservation');
    if (conservation !== 0) wrong.push(`router ${index}: conservation ${conservation}`);
  }
  return { wrong, outcomes, doubled, repeated: order.records - order.firstOf.size };
}

/** Every event by its state, from the pages of one router; duplicates are told with their originals. */
async function statesOf(fleet: Fleet): Promise<Map<string, string>> {
  await until('the view to be whole', async () => ((await fleet.metric(0, 'sre_router_view_behind_records')) === 0 ? true : undefined));
  const states = new Map<string, string>();
  let cursor = '';
  do {
    const response = await fetch(`${fleet.url(0)}/api/v1/events?limit=500${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
    const page = (await response.json()) as { events: { id: string; state: string }[]; next?: string };
    for (const { id, state } of page.events) if (state !== 'duplicate' || !states.has(id)) states.set(id, state);
    cursor = page.next ?? '';
  } while (cursor !== '');
  return states;
}

/** The events topic, read whole by a client that is not ours: in which order did the events of a key come first? */
async function firstRecords(fleet: Fleet): Promise<{ firstOf: Set<string>; byKey: Map<string, string[]>; records: number }> {
  const kafka = fleet.cluster.client('judge');
  const topic = `${fleet.prefix}.events`;
  const admin = kafka.admin();
  await admin.connect();
  const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, Number(high)]));
  await admin.disconnect();
  const firstOf = new Set<string>();
  const byKey = new Map<string, string[]>();
  let records = 0;
  const left = new Set([...ends].filter(([, end]) => end > 0).map(([partition]) => partition));
  const consumer = kafka.consumer({ groupId: `${fleet.prefix}-judge-${process.pid}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      const { id } = JSON.parse(String(message.value)) as { id: string };
      const key = String(message.key);
      records += 1;
      if (!firstOf.has(id)) {
        firstOf.add(id);
        byKey.set(key, [...(byKey.get(key) ?? []), id]);
      }
      if (Number(message.offset) + 1 >= (ends.get(partition) ?? 0)) left.delete(partition);
    },
  });
  await until('the topic to be read', async () => (left.size === 0 ? true : undefined), 60_000);
  await consumer.disconnect();
  return { firstOf, byKey, records };
}
