import { Counter, Gauge, Histogram, Registry } from 'prom-client';

interface MetricRow {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
  readonly labels: readonly string[];
  readonly help: string;
  /** Upper bounds in seconds. */
  readonly buckets?: readonly number[];
  /** What to alert on, for docs/metrics.md. */
  readonly alert?: string;
}

const CALL_BUCKETS_S = [0.005, 0.02, 0.1, 0.5, 2, 10, 60];
const ANSWER_BUCKETS_S = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10];
const QUEUE_BUCKETS_S = [0.005, 0.02, 0.1, 1, 10, 60, 600];

/**
 * Every metric, in the order of the documentation. docs/metrics.md is generated from here.
 * Label values come from the configuration, the mappings and the code alone, never from a payload: their number is bounded, and so is what a stranger reads.
 */
export const METRICS = {
  received: {
    type: 'counter',
    name: 'sre_router_received_total',
    labels: ['type'],
    help: 'Events taken from the log for the first time. A type that neither a schema nor a route names counts as other.',
    alert: '`increase(sre_router_received_total[15m]) == 0` where events are certain to come (a canary)',
  },
  outcomes: {
    type: 'counter',
    name: 'sre_router_outcomes_total',
    labels: ['outcome'],
    help: 'Events that ended, by outcome.',
    alert: '`increase(sre_router_outcomes_total{outcome=~"failed|quarantined"}[15m]) > 0`',
  },
  unfinished: {
    type: 'gauge',
    name: 'sre_router_unfinished',
    labels: ['state'],
    help: 'Unfinished runs by state: running, waiting, parked and ambiguous; the last two wait for a person.',
    alert: '`sre_router_unfinished{state=~"parked|ambiguous"} > 0` for 10 min: a person has to decide',
  },
  conservation: {
    type: 'gauge',
    name: 'sre_router_conservation',
    labels: [],
    help: 'Received minus outcomes minus unfinished. Must be 0: anything else is a lost or doubled event.',
    alert: '`sre_router_conservation != 0` for 1 min',
  },
  oldestUnfinished: {
    type: 'gauge',
    name: 'sre_router_oldest_unfinished_seconds',
    labels: [],
    help: 'Age of the oldest unfinished run; 0 when there is none.',
    alert: '`sre_router_oldest_unfinished_seconds > 3600`',
  },
  partitions: {
    type: 'gauge',
    name: 'sre_router_partitions',
    labels: [],
    help: 'Partitions that this process owns. With Kafka their sum over all processes is the number of partitions.',
    alert: '`sum(sre_router_partitions) < 12` (as many as there are) for 5 min: nobody works on some of them',
  },
  lostToRetention: {
    type: 'counter',
    name: 'sre_router_lost_to_retention_total',
    labels: [],
    help: 'Events that Kafka deleted before anybody decided about them: the outage was longer than their retention.',
    alert: '`increase(sre_router_lost_to_retention_total[1h]) > 0`',
  },
  rawRecords: {
    type: 'gauge',
    name: 'sre_router_raw_records',
    labels: ['partition'],
    help: 'Records of the raw topic that were carried over since its group began, by owned partition.',
  },
  rawDeadLetters: {
    type: 'gauge',
    name: 'sre_router_raw_dead_letters',
    labels: ['partition'],
    help: 'Those of them that could not be read and are in the dead-letter topic.',
    alert: '`increase(sre_router_raw_dead_letters[1h]) > 0`: `sre-router replay --dlq` shows and sends them again',
  },
  rawConservation: {
    type: 'gauge',
    name: 'sre_router_raw_conservation',
    labels: ['partition'],
    help: 'Records of the raw topic minus those split into events minus dead letters. Must be 0.',
    alert: '`sre_router_raw_conservation != 0` for 1 min',
  },
  viewBehind: {
    type: 'gauge',
    name: 'sre_router_view_behind_records',
    labels: [],
    help: 'Records that are in the topics and not yet in the copy from which this process answers; 0 on the embedded log.',
    alert: '`sre_router_view_behind_records > 10000` for 5 min',
  },
  queue: {
    type: 'histogram',
    name: 'sre_router_queue_seconds',
    labels: [],
    help: 'From the acceptance of a request to the moment its events are looked at.',
    buckets: QUEUE_BUCKETS_S,
    alert: '`histogram_quantile(0.99, rate(sre_router_queue_seconds_bucket[5m])) > 10`',
  },
  ready: {
    type: 'gauge',
    name: 'sre_router_ready',
    labels: [],
    help: '1 while /readyz answers 200, else 0.',
    alert: '`sre_router_ready == 0` for 2 min; /readyz says why',
  },
  stepAttempts: {
    type: 'counter',
    name: 'sre_router_step_attempts_total',
    labels: ['action', 'result'],
    help: 'How steps came out, attempts and skips included: done, skipped, failed, retry, unsettled, parked, ambiguous.',
    alert: '`sum by (action) (rate(sre_router_step_attempts_total{result=~"failed|retry|unsettled"}[10m])) > 0.1`',
  },
  stepDuration: {
    type: 'histogram',
    name: 'sre_router_step_duration_seconds',
    labels: ['action', 'result'],
    help: 'Duration of calls to destinations.',
    buckets: CALL_BUCKETS_S,
  },
  inFlight: {
    type: 'gauge',
    name: 'sre_router_in_flight',
    labels: ['destination'],
    help: 'Calls under way.',
  },
  destinationWaiting: {
    type: 'gauge',
    name: 'sre_router_destination_waiting',
    labels: ['destination'],
    help: "Steps that wait for a destination's budget, concurrency or breaker.",
    alert: '`sre_router_destination_waiting > 100` for 10 min: the budget is too small or the destination too slow',
  },
  breakerOpen: {
    type: 'gauge',
    name: 'sre_router_breaker_open',
    labels: ['destination'],
    help: "1 while a destination's breaker is open: it failed several times in a row and is called only now and then.",
    alert: '`sre_router_breaker_open == 1` for 5 min',
  },
  whenErrors: {
    type: 'counter',
    name: 'sre_router_when_errors_total',
    labels: ['route'],
    help: "Errors in a route's when, which count as no match.",
    alert: '`increase(sre_router_when_errors_total[15m]) > 0`: the mapping reads what is not always there',
  },
  keyErrors: {
    type: 'counter',
    name: 'sre_router_key_errors_total',
    labels: ['source'],
    help: "Errors in a source's key; the events got their default key.",
    alert: '`increase(sre_router_key_errors_total[15m]) > 0`: the key reads what is not always there',
  },
  unknownType: {
    type: 'counter',
    name: 'sre_router_unknown_type_total',
    labels: [],
    help: 'Events of a type without a schema; their data is carried unchecked.',
  },
  damaged: {
    type: 'counter',
    name: 'sre_router_damaged_total',
    labels: [],
    help: 'Stored values that failed their checksum and were set aside.',
    alert: '`increase(sre_router_damaged_total[1h]) > 0`: look at the disk',
  },
  httpRequests: {
    type: 'counter',
    name: 'sre_router_http_requests_total',
    labels: ['endpoint', 'status'],
    help: 'Answers by endpoint and status; endpoint is none for unknown paths.',
    alert: '`rate(sre_router_http_requests_total{endpoint="/ingest/{source}",status=~"4..|503"}[5m]) > 0`: a sender is refused',
  },
  httpDuration: {
    type: 'histogram',
    name: 'sre_router_http_request_duration_seconds',
    labels: ['endpoint'],
    help: 'From the end of the headers to the end of the answer. For ingest this includes the disk.',
    buckets: ANSWER_BUCKETS_S,
  },
  info: {
    type: 'gauge',
    name: 'sre_router_info',
    labels: ['version', 'mappings'],
    help: 'Always 1: the version, and the first digits of the hash of the mappings in force.',
  },
} as const satisfies Record<string, MetricRow>;

type Table = typeof METRICS;
type Named<Type extends MetricRow['type']> = { [Name in keyof Table]: Table[Name]['type'] extends Type ? Name : never }[keyof Table];
type LabelsOf<Name extends keyof Table> = { readonly [Label in Table[Name]['labels'][number]]: string };
type Sample<Name extends keyof Table> = { readonly labels: LabelsOf<Name>; readonly value: number };

/** What gauges read when they are scraped. */
export type MetricsReaders = { readonly [Name in Named<'gauge'>]: () => readonly Sample<Name>[] | Promise<readonly Sample<Name>[]> };

export interface Metrics {
  readonly contentType: string;
  /** `by`: default 1. */
  count<Name extends Named<'counter'>>(name: Name, labels: LabelsOf<Name>, by?: number): void;
  observe<Name extends Named<'histogram'>>(name: Name, labels: LabelsOf<Name>, seconds: number): void;
  /** Called once. */
  watch(readers: MetricsReaders): void;
  /** Prometheus text format. */
  text(): Promise<string>;
}

/** A registry of its own: two routers in one process (tests) do not meet. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counters = new Map<string, Counter>();
  const histograms = new Map<string, Histogram>();
  const rows: [string, MetricRow][] = Object.entries(METRICS);
  for (const [key, { type, name, help, labels, buckets = [] }] of rows) {
    const labelNames = [...labels];
    if (type === 'counter') counters.set(key, new Counter({ name, help, labelNames, registers }));
    if (type === 'histogram') histograms.set(key, new Histogram({ name, help, labelNames, buckets: [...buckets], registers }));
  }
  return {
    contentType: registry.contentType,
    count: (name, labels, by = 1) => counters.get(name)?.inc(labels, by),
    observe: (name, labels, seconds) => histograms.get(name)?.observe(labels, seconds),
    watch(readers) {
      for (const [key, read] of Object.entries(readers)) {
        const { name, help, labels } = METRICS[key as keyof MetricsReaders];
        void new Gauge({
          name,
          help,
          labelNames: [...labels],
          registers,
          async collect() {
            // Partitions come and go.
            this.reset();
            for (const sample of await read()) this.set(sample.labels, sample.value);
          },
        });
      }
    },
    text: () => registry.metrics(),
  };
}
