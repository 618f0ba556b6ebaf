import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { runTool } from '#test/support/tool.js';
import { alertsOf, EVERYTHING, groupsOf, monitored, queriesOf, RELEASE } from '#test/synth/monitoring/monitored.js';
import { ALERT_CASES, AT_WORK, type Series } from './alert-cases.js';

const PROMTOOL = process.env.PROMTOOL_BIN ?? 'promtool';
const folder = mkdtempSync(join(tmpdir(), 'sre-router-rules-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ALERTS = new Map(alertsOf().map((one) => [one.alert, one]));
const RULES = put('rules.json', { groups: groupsOf(monitored()) });

function put(name: string, content: unknown): string {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(content));
  return file;
}

/** As Prometheus stores them: what the ServiceMonitor adds stands beside the series' own labels. */
const inputOf = (series: Series): unknown[] =>
  Object.entries(series).map(([name, values]) => ({
    series: name.startsWith('kafka_') ? name : name.replace(/\{/, `{namespace="${RELEASE.namespace}",job="${RELEASE.name}",`),
    values,
  }));

const promtoolTests = (series: Series, alert_rule_test: readonly unknown[]): unknown => ({
  rule_files: [RULES],
  evaluation_interval: '30s',
  tests: [{ interval: '30s', input_series: inputOf(series), alert_rule_test }],
});

test.each([
  ['everything', EVERYTHING],
  ['one role, the embedded log', { monitoring: { rules: true } }],
])('Prometheus takes the rules: %s', async (_, values) => {
  const file = put('checked.json', { groups: groupsOf(monitored(values)) });
  const { code, text } = await runTool(PROMTOOL, ['check', 'rules', '--lint=all', '--lint-fatal', file]);
  expect({ code, text }).toMatchObject({ code: 0, text: expect.stringContaining(`${alertsOf(monitored(values)).length} rules found`) });
});

test('Prometheus understands every query of the dashboard', async () => {
  const queries = queriesOf(monitored());
  const rules = queries.map((expr, index) => ({ record: `panel:query:${index}`, expr: expr.replaceAll('$__rate_interval', '5m') }));
  expect(rules.length).toBeGreaterThan(25);
  const file = put('dashboard.json', { groups: [{ name: 'dashboard', rules }] });
  expect(await runTool(PROMTOOL, ['check', 'rules', file])).toMatchObject({ code: 0 });
});

test('every alert has a case in which it fires and one in which it does not', () => {
  const cases = (kind: (count: number) => boolean): string[] => [
    ...new Set(ALERT_CASES.flatMap(({ alert, fires }) => (kind(fires.length) ? [alert] : []))),
  ];
  expect(cases((count) => count > 0).sort()).toEqual([...ALERTS.keys()].sort());
  expect(cases((count) => count === 0).sort()).toEqual([...ALERTS.keys()].sort());
});

test.each(ALERT_CASES.map((one) => [`${one.alert} ${one.fires.length > 0 ? 'fires' : 'is quiet'}: ${one.when}`, one] as const))(
  '%s',
  async (_, { alert, series, atMinutes, fires }) => {
    const rule = ALERTS.get(alert);
    const { description = '', runbook_url = '' } = rule?.annotations ?? {};
    const exp_alerts = fires.map(({ labels = {}, summary }) => ({
      exp_labels: { ...labels, ...rule?.labels },
      exp_annotations: { summary, description, runbook_url },
    }));
    const file = put('case.json', promtoolTests(series, [{ eval_time: `${atMinutes}m`, alertname: alert, exp_alerts }]));
    const { code, text } = await runTool(PROMTOOL, ['test', 'rules', file]);
    expect(code === 0 ? '' : text).toBe('');
  },
);

test('a router at work alerts nobody', async () => {
  const checks = [5, 20, 40, 60].flatMap((minutes) =>
    [...ALERTS.keys()].map((alertname) => ({ eval_time: `${minutes}m`, alertname, exp_alerts: [] })),
  );
  const { code, text } = await runTool(PROMTOOL, ['test', 'rules', put('at-work.json', promtoolTests(AT_WORK, checks))]);
  expect(code === 0 ? '' : text).toBe('');
});
