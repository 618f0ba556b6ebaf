import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

/** Replays requests that a real Alertmanager sent, and shows what the router makes of them. */
const { values } = parseArgs({
  options: { router: { type: 'string' }, slack: { type: 'string' }, jira: { type: 'string' }, sre: { type: 'string' } },
});
const { router, slack, jira, sre } = values;
if (router === undefined || slack === undefined || jira === undefined || sre === undefined)
  throw new Error('usage: main.js --router URL --slack URL --jira URL --sre URL');

const FIXTURES = new URL('../../fixtures/demo/', import.meta.url);
const END_STATES = new Set(['done', 'failed', 'repeat', 'unrouted', 'expired', 'quarantined', 'duplicate', 'parked', 'ambiguous']);

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const recorded = (scene: string): string[] =>
  readFileSync(new URL(`${scene}.jsonl`, FIXTURES), 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { body: string }).body);

async function post(body: string): Promise<string[]> {
  const response = await fetch(`${router}/ingest/alertmanager`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  if (response.status !== 202) throw new Error(`the router answered ${response.status}: ${await response.text()}`);
  return ((await response.json()) as { events: { id: string }[] }).events.map(({ id }) => id);
}

interface Detail {
  state: string;
  meaning: string;
}

/** The demo plays scenes at a pace that people can follow, and looks again at what the router does. */
const later = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function ended(id: string): Promise<Detail> {
  for (;;) {
    const response = await fetch(`${router}/api/v1/events/${id}`);
    const detail = response.ok ? ((await response.json()) as Detail) : undefined;
    if (detail !== undefined && END_STATES.has(detail.state)) return detail;
    await later(100);
  }
}

async function tell(bodies: readonly string[]): Promise<void> {
  for (const body of bodies)
    for (const id of await post(body)) say(`  ← ${id}: ${await ended(id).then(({ state, meaning }) => `${meaning}, ${state}`)}`);
}

const faults = (url: string, fault: object): Promise<Response> =>
  fetch(new URL('/__sandbox/faults', url), { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fault) });

say('\n1. A MAC cluster fails: told in Slack, a ticket, bounced once; then it resolves, in the same message.');
await tell(recorded('mac-cluster'));

say('\n2. A flapping alert: fires, resolves, fires again, resolves.');
await tell(recorded('flap'));

say('\n3. Jira is down when the next cluster fails: the message is out and only the ticket waits, until Jira is back.');
await faults(jira, { route: '*', fault: 'refuse' });
const [firing, resolved] = recorded('jira-outage') as [string, string];
const [outage] = (await post(firing)) as [string];
await later(2_500);
say(`  ← ${outage}: ${((await (await fetch(`${router}/api/v1/events/${outage}`)).json()) as Detail).state}; Jira comes back now`);
await faults(jira, { route: '*', fault: 'none' });
say(`  ← ${outage}: ${(await ended(outage)).state}`);
await tell([resolved]);

const storm = recorded('storm');
say(`\n4. A storm: ${storm.length} alerts at once, on a Slack that takes one message a second and channel.`);
const startedMs = Date.now();
const ids = (await Promise.all(storm.map(post))).flat();
say(`  ← ${ids.length} accepted in ${Date.now() - startedMs} ms, each durable before it was answered`);
const states = new Map<string, number>();
for (const id of ids) {
  const { state } = await ended(id);
  states.set(state, (states.get(state) ?? 0) + 1);
}
const unfinished = async (): Promise<number> =>
  [...(await (await fetch(`${router}/metrics`)).text()).matchAll(/^sre_router_unfinished\{[^}]*\} (\d+)$/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
for (const deadlineMs = Date.now() + 60_000; (await unfinished()) > 0 && Date.now() < deadlineMs; ) await later(200);
const { effects } = (await (await fetch(new URL('/__sandbox/state', slack))).json()) as { effects: unknown[] };
say(
  `  ← after ${Math.round((Date.now() - startedMs) / 1_000)} s: ${[...states].map(([state, count]) => `${count} ${state}`).join(', ')}; ${effects.length} messages, edits and replies in Slack in all: what was over budget is rows of one digest`,
);

const metrics = await (await fetch(`${router}/metrics`)).text();
const conservation = /^sre_router_conservation (-?\d+)$/m.exec(metrics)?.[1];
say(`\nReceived minus outcomes minus unfinished is ${conservation}: ${conservation === '0' ? 'nothing is lost.' : 'that must not be!'}`);
process.exitCode = conservation === '0' ? 0 : 1;
