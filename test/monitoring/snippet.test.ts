import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { runTool } from '#test/support/tool.js';
import { alertsOf } from '#test/synth/monitoring/monitored.js';

const AMTOOL = process.env.AMTOOL_BIN ?? 'amtool';
const folder = mkdtempSync(join(tmpdir(), 'sre-router-amtool-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [, snippet = ''] = /```yaml\n# alertmanager.yml\n([\s\S]*?)\n```/.exec(readFileSync('docs/monitoring.md', 'utf8')) ?? [];
const file = join(folder, 'alertmanager.yml');
writeFileSync(file, snippet);

interface Receiver {
  readonly name: string;
  readonly webhook_configs?: readonly { readonly url: string }[];
}

/** Receivers of an alert, by Alertmanager's own matching. */
async function receiversOf(labels: Readonly<Record<string, string>>): Promise<string[]> {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const { code, text } = await runTool(AMTOOL, ['config', 'routes', 'test', '--config.file', file, ...pairs]);
  expect({ code, text }).toMatchObject({ code: 0 });
  return text.trim().split(',');
}

test('Alertmanager takes the snippet of docs/monitoring.md', async () => {
  expect(await runTool(AMTOOL, ['check-config', file])).toMatchObject({ code: 0 });
});

test('alerts about the router go to a receiver that does not need the router, and to no other', async () => {
  const { receivers } = parse(snippet) as { receivers: readonly Receiver[] };
  const throughRouter = receivers.filter(({ webhook_configs = [] }) => webhook_configs.some(({ url }) => url.includes('/ingest/')));
  expect(throughRouter.map(({ name }) => name)).toEqual(['sre-router']);
  for (const { alert, labels } of alertsOf()) expect(await receiversOf({ alertname: alert, ...labels })).toEqual(['pager']);
});

test('all other alerts go to the router, and Watchdog to the dead man’s switch as well', async () => {
  expect(await receiversOf({ alertname: 'MacClusterDown', severity: 'critical' })).toEqual(['sre-router']);
  expect(await receiversOf({ alertname: 'Watchdog', severity: 'none' })).toEqual(['dead-mans-switch', 'sre-router']);
});
