import { afterEach, expect, test } from '@jest/globals';
import { type Child, freePort, Processes, type SandboxUrls, until, writeRouter } from '#test/support/processes.js';

const opened: Processes[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((processes) => processes.close()));
});

const ROUTE = {
  routes: {
    'adhoc.task': [
      {
        name: 'four-steps',
        actions: [
          { id: 'tell', use: 'slack.message', timeout: '400ms', with: { channel: '#sre', text: 'down' }, retry: { backoff: '50ms' } },
          { id: 'ticket', use: 'jira.issue', timeout: '400ms', with: { project: 'SRE', summary: 'down' }, retry: { backoff: '50ms' } },
          { id: 'bounce', use: 'sre.task', timeout: '400ms', with: { task: 'bounce' }, retry: { backoff: '50ms' } },
          {
            id: 'note',
            use: 'slack.reply',
            timeout: '400ms',
            with: { to: '${{ steps.tell }}', text: 'bounced ${{ steps.bounce.id }}' },
            retry: { backoff: '50ms' },
          },
        ],
      },
    ],
  },
};

/** The first call at each target meets the fault; the reply is the second call of chat.postMessage. */
const TARGETS: readonly (keyof SandboxUrls)[] = ['slack', 'jira', 'sre'];

interface Setting {
  processes: Processes;
  sandbox: SandboxUrls;
  config: string;
  port: number;
  url: string;
}

async function open(fault: string): Promise<Setting> {
  const processes = new Processes();
  opened.push(processes);
  const sandbox = await processes.sandbox();
  const port = await freePort();
  const config = writeRouter(processes, { mappings: { 'route.json': ROUTE }, sandbox, port });
  const routes = { slack: 'chat.postMessage', jira: 'issue.create', sre: 'tasks.submit' };
  for (const target of TARGETS) {
    await fetch(new URL('/__sandbox/faults', sandbox[target]), {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ route: routes[target], fault, times: 1 }),
    });
  }
  return { processes, sandbox, config, port, url: `http://127.0.0.1:${port}` };
}

const start = async ({ processes, config, url }: Setting, crashAt?: string): Promise<Child> => {
  const child = processes.start('test/dist/crash/router.js', [config], crashAt === undefined ? {} : { CRASH_AT: crashAt });
  await until('readiness or the crash', async () => (child.exited || (await fetch(`${url}/readyz`)).ok ? true : undefined), 30_000);
  return child;
};

/** Accepted once or not at all: a sender repeats under the same id what was not answered. */
async function send(url: string): Promise<void> {
  await fetch(`${url}/ingest/adhoc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'adhoc.task', id: 'the-one', data: { task: 'bounce' } }),
  }).then(
    (response) => response.text(),
    () => undefined,
  );
}

async function finished({ url }: Setting, child: Child): Promise<string> {
  return until(
    'the run to end',
    async () => {
      const { events } = (await (await fetch(`${url}/api/v1/events`)).json()) as { events: { id: string; state: string }[] };
      const original = events.find(({ state }) => state !== 'duplicate');
      return original !== undefined && ['done', 'failed', 'ambiguous', 'parked'].includes(original.state) ? original.state : undefined;
    },
    30_000,
    child,
  );
}

async function effects(sandbox: SandboxUrls): Promise<Record<string, number>> {
  const counts: Record<string, number> = { roots: 0, replies: 0, issues: 0, tasks: 0 };
  for (const target of TARGETS) {
    const { effects: made } = (await (await fetch(new URL('/__sandbox/state', sandbox[target]))).json()) as {
      effects: { route: string; key: string | null; what?: string }[];
    };
    for (const { route, key } of made) {
      if (route === 'issue.create') counts.issues = (counts.issues ?? 0) + 1;
      if (route === 'tasks.submit') counts.tasks = (counts.tasks ?? 0) + 1;
      if (route === 'chat.postMessage') counts[`slack ${key}`] = (counts[`slack ${key}`] ?? 0) + 1;
    }
  }
  return counts;
}

function expectOnce(counts: Record<string, number>): void {
  const slack = Object.entries(counts).filter(([name]) => name.startsWith('slack '));
  expect(slack.map(([, count]) => count)).toEqual([1, 1]);
  expect(counts).toMatchObject({ issues: 1, tasks: 1 });
}

/** Journal boundaries of one whole run under this fault. */
async function boundaries(fault: string): Promise<number> {
  const setting = await open(fault);
  const child = await start(setting);
  await send(setting.url);
  expect(await finished(setting, child)).toBe('done');
  expectOnce(await effects(setting.sandbox));
  return Number(/puts (\d+)\n(?![\s\S]*puts)/.exec(child.output)?.[1]);
}

/** Registers the test for one fault; a file each, so that they run side by side. */
export function testCrashesUnder(fault: 'answer-lost' | '500-after' | 'hang'): void {
  test(`SIGKILL at every journal boundary of a four-step run whose first calls end in "${fault}" leaves one message, one ticket, one task, one reply`, async () => {
    const count = await boundaries(fault);
    expect(count).toBeGreaterThanOrEqual(6);
    let crashes = 0;
    for (let at = 1; at <= count; at += 1) {
      for (const point of [`before:${at}`, `after:${at}`]) if (await crashesAt(fault, point)) crashes += 1;
    }
    // Commits fall together by chance, so the last boundaries of one run need not exist in another.
    expect(crashes).toBeGreaterThanOrEqual(12);
  }, 300_000);
}

/** One run with one crash; false when it ended before the boundary came. */
async function crashesAt(fault: string, point: string): Promise<boolean> {
  const setting = await open(fault);
  const doomed = await start(setting, point);
  await send(setting.url);
  const crashed = await Promise.race([
    until(`the crash ${point}`, async () => (doomed.exited ? true : undefined)),
    finished(setting, doomed).then(
      () => doomed.exited,
      () => true,
    ),
  ]);
  if (crashed) {
    const next = await start(setting);
    await send(setting.url);
    expect(`${point} ${await finished(setting, next)}`).toBe(`${point} done`);
  }
  expectOnce(await effects(setting.sandbox));
  expect(await (await fetch(`${setting.url}/metrics`)).text()).toContain('sre_router_conservation 0');
  await setting.processes.close();
  return crashed;
}
