import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { ERRORS } from '#runtime/errors.js';
import { METRICS } from '#runtime/metrics.js';
import { STATES } from '#runtime/view/shapes.js';
import { StrictSchemas } from '#test/support/strict-schemas.js';
import { alertsOf, EVERYTHING, monitored, panelsOf } from './monitored.js';
import { familyOf, groupedBy, selectorsOf } from './selectors.js';

const { UPSTREAM_SCHEMAS } = process.env;
const ROWS = Object.values(METRICS);
/** What the ServiceMonitors and Prometheus add, and the labels of a histogram's buckets. */
const SCRAPED = ['namespace', 'job', 'role', 'pod', 'le'];
/** What Prometheus and a Kafka exporter tell beside the router. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  up: [],
  kafka_consumergroup_lag: ['consumergroup', 'topic', 'partition'],
  kafka_topic_partitions: ['topic'],
  kafka_topic_partition_under_replicated_partition: ['topic', 'partition'],
};

const labelsOf = (metric: string): readonly string[] | undefined =>
  OTHERS[metric] ?? ROWS.find(({ name }) => name === familyOf(metric))?.labels;

/** Names and labels that nobody exports. */
function unknownIn(expr: string): string[] {
  const selectors = selectorsOf(expr);
  const known = new Set([...SCRAPED, ...selectors.flatMap(({ metric }) => labelsOf(metric) ?? [])]);
  return [
    ...selectors.flatMap(({ metric, matchers }) => {
      const labels = labelsOf(metric);
      if (labels === undefined) return [metric];
      return matchers.flatMap(({ label }) => ([...SCRAPED, ...labels].includes(label) ? [] : [`${metric}{${label}}`]));
    }),
    ...groupedBy(expr).filter((label) => !known.has(label)),
  ];
}

const panels = (): { title: string; expr: string; legendFormat: string }[] =>
  panelsOf(monitored()).flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })));

test('nothing is made of what is not switched on', () => {
  const kinds = new Set(monitored({}).map(({ apiVersion }) => apiVersion));
  expect(kinds).not.toContain('monitoring.coreos.com/v1');
  expect(JSON.stringify(monitored({}))).not.toContain('metrics');
  expect(JSON.stringify(monitored({}))).not.toContain('dashboard');
});

test.each(alertsOf().map((one) => [one.alert, one] as const))(
  '%s reads what somebody exports, says how bad it is, and leads to its runbook',
  (name, one) => {
    expect(unknownIn(one.expr)).toEqual([]);
    expect(['critical', 'warning']).toContain(one.labels.severity);
    expect(one.labels.about).toBe('sre-router');
    expect(one.labels.job).toBe('rel');
    expect(one.annotations.summary).toMatch(/^[A-Z{].*\.$/);
    expect(one.annotations.description).toMatch(/^[A-Za-z0-9].{20,}[.?]$/);
    expect(one.annotations.runbook_url).toBe(`https://git.example/sre-router/docs/runbooks.md#${name.toLowerCase()}`);
  },
);

test('every alert has one section in the runbooks, and every section its alert', () => {
  const sections = [...readFileSync('docs/runbooks.md', 'utf8').matchAll(/^## (SreRouter\S+)$/gm)].map(([, name]) => name);
  expect(sections.sort()).toEqual(
    alertsOf()
      .map(({ alert }) => alert)
      .sort(),
  );
});

test('a runbook names no state of events and no error code that the router does not have', () => {
  const text = [readFileSync('docs/runbooks.md', 'utf8'), ...alertsOf().map(({ annotations }) => annotations.description)].join('\n');
  const states = [...text.matchAll(/--state ([a-z]+)/g)].map(([, state]) => state ?? '');
  expect(states.length).toBeGreaterThan(8);
  expect(states.filter((state) => !(STATES as readonly string[]).includes(state))).toEqual([]);
  const codes = [...text.matchAll(/`([A-Z]+(?:_[A-Z]+)+|OVERLOADED)`/g)].map(([, code]) => code ?? '');
  expect(codes.length).toBeGreaterThan(5);
  expect(codes.filter((code) => !(code in ERRORS))).toEqual([]);
});

test('Kubernetes and the prometheus-operator take the objects, where their schemas are at hand', () => {
  const objects = monitored();
  const kinds = new Set(objects.map(({ kind }) => kind));
  for (const kind of ['ServiceMonitor', 'PrometheusRule', 'ConfigMap', 'Service']) expect(kinds).toContain(kind);
  if (UPSTREAM_SCHEMAS === undefined) return;
  const schemas = new StrictSchemas(UPSTREAM_SCHEMAS, '1.27');
  expect(objects.flatMap((object) => schemas.problems(object))).toEqual([]);
});

test('what docs/metrics.md says to alert on is alerted on', () => {
  const read = new Set(alertsOf().flatMap(({ expr }) => selectorsOf(expr).map(({ metric }) => familyOf(metric))));
  const advised = ROWS.flatMap((row) => ('alert' in row ? [row.name] : []));
  expect(advised.filter((name) => !read.has(name))).toEqual([]);
});

test('the alerts of one installation see no series of another', () => {
  for (const { expr } of alertsOf())
    for (const { metric, matchers } of selectorsOf(expr).filter(({ metric: name }) => !name.startsWith('kafka_')))
      expect([metric, matchers.slice(0, 2)]).toEqual([
        metric,
        [
          { label: 'namespace', operator: '=', value: 'alerts' },
          { label: 'job', operator: '=', value: 'rel' },
        ],
      ]);
});

test('without Kafka or its exporter, a canary or a repeated Watchdog nothing waits for them', () => {
  const names = (values: object): string[] => alertsOf(monitored(values)).map(({ alert }) => alert);
  const bare = names({ delivery: 'direct', monitoring: { rules: true } });
  expect(names(EVERYTHING).filter((name) => !bare.includes(name))).toEqual([
    'SreRouterCanaryAbsent',
    'SreRouterWatchdogAbsent',
    'SreRouterPartitionsNotOwned',
    'SreRouterLostToRetention',
    'SreRouterRawConservationBroken',
    'SreRouterDeadLetters',
    'SreRouterViewBehind',
    'SreRouterKafkaLag',
    'SreRouterTopicUnderReplicated',
    'SreRouterPartitionsDiffer',
  ]);
  expect(names({ delivery: 'direct', monitoring: { rules: true, kafkaExporter: true } })).toEqual(bare);
  expect(names({ canary: { enabled: false }, monitoring: { rules: true } })).toEqual(bare);
});

interface Selecting {
  readonly selector: { readonly matchLabels: object };
  readonly endpoints: readonly { readonly port: string; readonly relabelings: readonly object[] }[];
}
interface Serving {
  readonly selector: object;
  readonly ports: readonly { readonly name: string; readonly targetPort: string }[];
}
interface Running {
  readonly template: { readonly metadata: { readonly labels: object } };
}

test.each([
  ['single', { monitoring: { serviceMonitor: true } }],
  ['split', EVERYTHING],
])('router.topology %s: every pod of the router is scraped once, and all of them are one job', (_, values) => {
  const objects = monitored(values);
  const specs = <T>(kind: string): [name: string, labels: object, spec: T][] =>
    objects
      .filter((object) => object.kind === kind)
      .map(({ metadata, spec }) => [metadata.name, metadata.labels ?? {}, spec as unknown as T]);
  const scrapes = specs<Selecting>('ServiceMonitor').flatMap(([name, , { selector, endpoints }]) =>
    specs<Serving>('Service')
      .filter(([, labels]) => isSubset(selector.matchLabels, labels))
      .flatMap(([, , service]) =>
        specs<Running>('Deployment')
          .filter(([, , { template }]) => isSubset(service.selector, template.metadata.labels))
          .map(([pods]) => ({ name, pods, endpoints, ports: service.ports })),
      ),
  );
  expect(scrapes.map(({ pods }) => pods).sort()).toEqual(
    specs('Deployment')
      .map(([name]) => name)
      .sort(),
  );
  for (const { name, endpoints, ports } of scrapes) {
    expect(ports).toMatchObject([{ name: endpoints[0]?.port, targetPort: 'http' }]);
    expect(endpoints[0]?.relabelings).toEqual([
      { targetLabel: 'job', replacement: 'rel' },
      { targetLabel: 'role', replacement: name.replace('rel-', '') },
    ]);
  }
});

const isSubset = (part: object, whole: object): boolean => JSON.stringify({ ...whole, ...part }) === JSON.stringify(whole);

test.each(panels().map((one) => [`${one.title}: ${one.legendFormat}`, one] as const))(
  'the panel "%s" reads what somebody exports',
  (_, { expr, legendFormat }) => {
    expect(unknownIn(expr)).toEqual([]);
    const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
    expect(shown.filter((label) => !groupedBy(expr).includes(label ?? ''))).toEqual([]);
  },
);

test('every metric of the router can be seen on the dashboard', () => {
  const shown = new Set(panels().flatMap(({ expr }) => selectorsOf(expr).map(({ metric }) => familyOf(metric))));
  expect(ROWS.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual([]);
});

test('panels of the dashboard neither overlap nor leave its 24 columns', () => {
  const all = panelsOf(monitored());
  const cells = all.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(Math.max(...all.map(({ gridPos }) => gridPos.x + gridPos.w))).toBe(24);
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
});
