import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { type Child, freePort, Processes, startRouter, until, writeRouter } from '#test/support/processes.js';

const BINARY = process.env.ALERTMANAGER_BIN ?? 'alertmanager';
const opened: Processes[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((processes) => processes.close()));
});

const MAPPING = {
  routes: {
    'alertmanager.alert': [
      {
        name: 'all',
        actions: [{ id: 'tell', use: 'slack.message', with: { channel: '#sre', text: '${{ data.labels.alertname }} is firing' } }],
        reopened: [{ id: 'again', use: 'slack.reply', with: { to: '${{ incident.steps.tell }}', text: 'firing again' } }],
        resolved: [{ id: 'green', use: 'slack.update', with: { to: '${{ incident.steps.tell }}', text: 'resolved' } }],
      },
    ],
  },
};

interface Row {
  meaning?: string;
  state: string;
}

interface Setting {
  processes: Processes;
  url: string;
  config: string;
  port: number;
  slack: string;
}

async function open(): Promise<Setting> {
  const processes = new Processes();
  opened.push(processes);
  const sandbox = await processes.sandbox();
  const port = await freePort();
  const config = writeRouter(processes, { mappings: { 'all.json': MAPPING }, sandbox, port });
  return { processes, config, port, url: `http://127.0.0.1:${port}`, slack: sandbox.slack };
}

/** A real Alertmanager that posts to the router, every second, repeating every two. */
async function startAlertmanager(
  { processes, url }: Setting,
  name: string,
  peers: readonly number[] = [],
  clusterPort = 0,
): Promise<{ port: number; child: Child }> {
  const port = await freePort();
  const dir = join(processes.dir, name);
  const file = processes.file(
    `${name}.yml`,
    JSON.stringify({
      route: { receiver: 'sre-router', group_by: ['alertname'], group_wait: '1s', group_interval: '1s', repeat_interval: '2s' },
      receivers: [{ name: 'sre-router', webhook_configs: [{ url: `${url}/ingest/alertmanager`, send_resolved: true }] }],
    }),
  );
  const cluster =
    clusterPort === 0
      ? ['--cluster.listen-address=']
      : [
          `--cluster.listen-address=127.0.0.1:${clusterPort}`,
          '--cluster.gossip-interval=50ms',
          '--cluster.pushpull-interval=500ms',
          '--cluster.settle-timeout=500ms',
          '--cluster.peer-timeout=2s',
          ...peers.map((peer) => `--cluster.peer=127.0.0.1:${peer}`),
        ];
  const child = processes.run(BINARY, [
    '--config.file',
    file,
    '--storage.path',
    dir,
    '--web.listen-address',
    `127.0.0.1:${port}`,
    ...cluster,
  ]);
  await until(
    'Alertmanager to be ready',
    async () => ((await fetch(`http://127.0.0.1:${port}/-/ready`)).ok ? true : undefined),
    30_000,
    child,
  );
  return { port, child };
}

async function alert(port: number, instance: string, startsAt: Date, endsAt?: Date): Promise<void> {
  const body = [
    {
      labels: { alertname: 'InstanceDown', instance, severity: 'critical' },
      annotations: { summary: `${instance} is down` },
      startsAt,
      endsAt: endsAt ?? new Date(Date.now() + 240_000),
    },
  ];
  const response = await fetch(`http://127.0.0.1:${port}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
}

const meanings = async (url: string): Promise<string[]> =>
  ((await (await fetch(`${url}/api/v1/events?limit=500`)).json()) as { events: Row[] }).events
    .map(({ meaning }) => meaning ?? '')
    .reverse();

const seen = (url: string, meaning: string, count = 1): Promise<string[]> =>
  until(`${count} × ${meaning}`, async () => {
    const all = await meanings(url);
    return all.filter((one) => one === meaning).length >= count ? all : undefined;
  });

const roots = async (slack: string): Promise<string[]> => {
  const { effects } = (await (await fetch(new URL('/__sandbox/state', slack))).json()) as { effects: { route: string; what: string }[] };
  return effects.map(({ route }) => route);
};

test('fire, repeat, resolve and flap of a real Alertmanager are one message, its edits and its thread', async () => {
  const setting = await open();
  await startRouter(setting.processes, setting.config, setting.port);
  const { port } = await startAlertmanager(setting, 'am');
  const start = new Date();
  await alert(port, 'web-1', start);
  await seen(setting.url, 'opens');
  await seen(setting.url, 'repeat');
  await alert(port, 'web-1', start, new Date());
  await seen(setting.url, 'closes');
  await alert(port, 'web-1', new Date());
  const all = await seen(setting.url, 'reopens');
  expect(all.filter((meaning) => meaning === 'opens')).toHaveLength(1);
  const made = await until('the reply', async () => {
    const effects = await roots(setting.slack);
    return effects.length >= 3 ? effects : undefined;
  });
  expect(made.filter((route) => route === 'chat.postMessage').length + made.filter((route) => route === 'chat.update').length).toBe(
    made.length,
  );
});

test('what fires while the router is down arrives when it is back, once', async () => {
  const setting = await open();
  const { port } = await startAlertmanager(setting, 'am');
  await alert(port, 'web-1', new Date());
  await startRouter(setting.processes, setting.config, setting.port);
  const all = await seen(setting.url, 'opens');
  expect(all.filter((meaning) => meaning === 'opens')).toHaveLength(1);
});

test('two Alertmanagers as a pair, and the restart of one, open one incident', async () => {
  const setting = await open();
  await startRouter(setting.processes, setting.config, setting.port);
  const clusterA = await freePort();
  const clusterB = await freePort();
  const a = await startAlertmanager(setting, 'a', [], clusterA);
  const b = await startAlertmanager(setting, 'b', [clusterA], clusterB);
  const start = new Date();
  await Promise.all([alert(a.port, 'web-1', start), alert(b.port, 'web-1', start)]);
  await seen(setting.url, 'opens');
  await b.child.kill('SIGKILL');
  const again = await startAlertmanager(setting, 'b', [clusterA], clusterB);
  await alert(again.port, 'web-1', start);
  await seen(setting.url, 'repeat', 2);
  await Promise.all([alert(a.port, 'web-1', start, new Date()), alert(again.port, 'web-1', start, new Date())]);
  const all = await seen(setting.url, 'closes');
  expect(all.filter((meaning) => meaning === 'opens')).toHaveLength(1);
});
