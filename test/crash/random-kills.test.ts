import { afterEach, expect, test } from '@jest/globals';
import { stepKey } from '#runtime/event/step-key.js';
import { Prng } from '#test/simulation/prng.js';
import { type Child, freePort, Processes, type SandboxUrls, until, writeRouter } from '#test/support/processes.js';

const KILLS = process.env.LONG === '1' ? 400 : 60;
const EVENTS_A_LIFE = 6;
/** Chosen anew each time and printed on failure; the moments of real processes do not repeat, the faults do. */
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);

const quick = { timeout: '500ms', retry: { backoff: '50ms', maxBackoff: '500ms' } };
const STEPS = {
  tell: { id: 'tell', use: 'slack.message', with: { channel: '#sre', text: 'down' }, ...quick },
  ticket: { id: 'ticket', use: 'jira.issue', with: { project: 'SRE', summary: 'down' }, ...quick },
  bounce: { id: 'bounce', use: 'sre.task', with: { task: 'bounce' }, ...quick },
  note: { id: 'note', use: 'slack.reply', with: { to: '${{ steps.tell }}', text: 'bounced ${{ steps.bounce.id }}' }, ...quick },
};
const MAPPING = { routes: { 'adhoc.task': [{ name: 'four-steps', actions: Object.values(STEPS) }] } };

const TARGETS: readonly (keyof SandboxUrls)[] = ['slack', 'jira', 'sre'];
const FAULTS = ['refuse', 'answer-lost', '429', '500', '500-after', 'malformed', 'hang'];
const opened: Processes[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((processes) => processes.close()));
});

async function fault(url: string, name: string, times: number): Promise<void> {
  const response = await fetch(new URL('/__sandbox/faults', url), {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ route: '*', fault: name, times }),
  });
  expect(response.status).toBeLessThan(300);
}

/** The id under which the router has the event; undefined: no answer, to be sent again. */
async function send(url: string, number: number): Promise<string | undefined> {
  try {
    const response = await fetch(`${url}/ingest/adhoc`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'adhoc.task', id: `e${number}`, source: `key-${number % 5}`, data: { task: 'bounce' } }),
    });
    return response.status === 202 ? ((await response.json()) as { events: { id: string }[] }).events[0]?.id : undefined;
  } catch {
    return undefined;
  }
}

test(`${KILLS} kills at random moments under load and faults: nothing is lost, each event has one message, ticket, task and reply`, async () => {
  const random = new Prng(SEED);
  const processes = new Processes();
  opened.push(processes);
  const sandbox = await processes.sandbox();
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = writeRouter(processes, { mappings: { 'route.json': MAPPING }, sandbox, port });
  const accepted = new Map<number, string>();
  const start = async (): Promise<Child> => {
    const child = processes.start('runtime/dist/cli.js', ['serve', '--config', config]);
    await until('readiness', async () => ((await fetch(`${url}/readyz`)).ok ? true : undefined), 60_000, child);
    return child;
  };
  let sent = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const child = await start();
    await fault(sandbox[random.pick(TARGETS)], random.pick(FAULTS), random.between(1, 3));
    const numbers = Array.from({ length: EVENTS_A_LIFE }, () => sent++);
    // Senders repeat what was not answered: some of it had been accepted all the same.
    for (let number = Math.max(0, sent - 3 * EVENTS_A_LIFE); number < sent; number += 1)
      if (!accepted.has(number) && !numbers.includes(number)) numbers.push(number);
    const sending = Promise.all(
      numbers.map(async (number) => {
        const id = await send(url, number);
        if (id !== undefined) accepted.set(number, id);
      }),
    );
    // The moment of the kill is what the test is about; nothing is waited for.
    await new Promise((resolve) => setTimeout(resolve, random.int(400)));
    await child.kill('SIGKILL');
    await sending;
  }
  for (const target of TARGETS) await fault(sandbox[target], 'none', 1);
  const child = await start();
  for (let number = 0; number < sent; number += 1) {
    const id = accepted.get(number) ?? (await send(url, number));
    expect(`${number} ${id === undefined}`).toBe(`${number} false`);
    accepted.set(number, id as string);
  }
  await until(
    'every run to end',
    async () => (/^sre_router_unfinished\{state="(running|waiting)"\} [1-9]/m.test(await metrics(url)) ? undefined : true),
    120_000,
    child,
  );
  expect(await metrics(url)).toMatch(/^sre_router_conservation 0$/m);
  const byKey = new Map<string, number>();
  for (const target of TARGETS) {
    const state = (await (await fetch(new URL('/__sandbox/state', sandbox[target]))).json()) as { byKey: Record<string, number> };
    for (const [key, count] of Object.entries(state.byKey)) byKey.set(key, (byKey.get(key) ?? 0) + count);
  }
  const wrong: string[] = [];
  for (const [number, id] of accepted) {
    const { state, branches } = (await (await fetch(`${url}/api/v1/events/${id}`)).json()) as { state: string; branches: unknown };
    const counts = Object.keys(STEPS).map((step) => {
      const key = stepKey(id, 'four-steps', step);
      return byKey.get(step === 'ticket' ? `sre-${key.slice(0, 12)}` : key) ?? 0;
    });
    if (state === 'done' ? counts.some((count) => count !== 1) : state !== 'ambiguous' || counts.some((count) => count > 1))
      wrong.push(
        `e${number} ${state}: ${Object.keys(STEPS).map((step, index) => `${step} ${counts[index]}`)} (seed ${SEED}) ${JSON.stringify(branches)}`,
      );
  }
  expect(wrong).toEqual([]);
}, 1_800_000);

async function metrics(url: string): Promise<string> {
  return (await fetch(`${url}/metrics`)).text();
}
