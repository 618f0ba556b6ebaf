/** A query and how its series are called. */
interface Query {
  readonly expr: string;
  readonly legend: string;
}

interface Panel {
  readonly kind: 'stat' | 'timeseries';
  readonly title: string;
  /** For people: what is well, what is not. */
  readonly description?: string;
  readonly unit: 'short' | 's' | 'ops';
  /** Of the 24 columns of a row. */
  readonly width: number;
  /** From here on a stat is red. */
  readonly redFrom?: number;
  readonly queries: readonly Query[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Series of the installation chosen above the dashboard. */
const of = (metric: string, ...matchers: string[]): string =>
  `${metric}{${['namespace="$namespace"', 'job="$job"', ...matchers].join(',')}}`;
const rate = (by: string, counter: string): string => `sum by (${by}) (rate(${counter}[$__rate_interval]))`;
const quantile = (q: number, by: string, histogram: string): string => `histogram_quantile(${q}, ${rate(`le${by}`, histogram)})`;

const stat = (title: string, expr: string, redFrom: number, description: string, unit: Panel['unit'] = 'short'): Panel => ({
  kind: 'stat',
  title,
  description,
  unit,
  width: 4,
  redFrom,
  queries: [{ expr, legend: '' }],
});

const graph = (title: string, unit: Panel['unit'], queries: readonly Query[], description?: string): Panel => ({
  kind: 'timeseries',
  title,
  unit,
  width: 12,
  queries,
  ...(description !== undefined && { description }),
});

const INGEST = 'endpoint="/ingest/{source}"';
const needsPerson = (state: string): string => `sum(${of('sre_router_unfinished', `state="${state}"`)})`;

/** What a person looks at, from the top: is it well, what comes in, what becomes of it, how do destinations do. */
export const ROWS: readonly Row[] = [
  {
    title: 'Is it well?',
    panels: [
      stat('Not ready', `count(${of('sre_router_ready')} == 0) or vector(0)`, 1, 'Pods that answer /readyz with reasons.'),
      stat(
        'Conservation',
        `sum(abs(${of('sre_router_conservation')}))`,
        1,
        'Received minus outcomes minus unfinished. Anything but 0 is lost or doubled.',
      ),
      stat('Ambiguous', needsPerson('ambiguous'), 1, 'Was the step done? A person has to look.'),
      stat('Parked', needsPerson('parked'), 1, 'Failed for certain; a person has to decide.'),
      stat('Oldest unfinished', `max(${of('sre_router_oldest_unfinished_seconds')})`, 3_600, 'Age of the oldest unfinished run.', 's'),
      stat('Breakers open', `sum(max by (destination) (${of('sre_router_breaker_open')}))`, 1, 'Destinations that fail again and again.'),
    ],
  },
  {
    title: 'What comes in',
    panels: [
      graph('Answers to senders', 'ops', [{ expr: rate('status', of('sre_router_http_requests_total', INGEST)), legend: '{{status}}' }]),
      graph('Events taken, by type', 'ops', [{ expr: rate('type', of('sre_router_received_total')), legend: '{{type}}' }]),
      graph('Answer to a sender', 's', [
        { expr: quantile(0.5, '', of('sre_router_http_request_duration_seconds_bucket', INGEST)), legend: 'p50' },
        { expr: quantile(0.99, '', of('sre_router_http_request_duration_seconds_bucket', INGEST)), legend: 'p99' },
      ]),
      graph(
        'From acceptance to a look at the event',
        's',
        [
          { expr: quantile(0.5, '', of('sre_router_queue_seconds_bucket')), legend: 'p50' },
          { expr: quantile(0.99, '', of('sre_router_queue_seconds_bucket')), legend: 'p99' },
        ],
        'Seconds, not milliseconds: the router is behind.',
      ),
    ],
  },
  {
    title: 'What becomes of it',
    panels: [
      graph('Events that ended, by outcome', 'ops', [{ expr: rate('outcome', of('sre_router_outcomes_total')), legend: '{{outcome}}' }]),
      graph('Unfinished runs, by state', 'short', [{ expr: `sum by (state) (${of('sre_router_unfinished')})`, legend: '{{state}}' }]),
      graph('Steps, by result', 'ops', [
        { expr: rate('action, result', of('sre_router_step_attempts_total')), legend: '{{action}} {{result}}' },
      ]),
      graph('Errors of mappings', 'ops', [
        { expr: rate('route', of('sre_router_when_errors_total')), legend: 'when of {{route}}' },
        { expr: rate('source', of('sre_router_key_errors_total')), legend: 'key of {{source}}' },
        { expr: `sum(rate(${of('sre_router_unknown_type_total')}[$__rate_interval]))`, legend: 'types without a schema' },
      ]),
    ],
  },
  {
    title: 'Destinations',
    panels: [
      graph('Calls, p99 by action', 's', [
        { expr: quantile(0.99, ', action', of('sre_router_step_duration_seconds_bucket')), legend: '{{action}}' },
      ]),
      graph('Calls under way', 'short', [{ expr: `sum by (destination) (${of('sre_router_in_flight')})`, legend: '{{destination}}' }]),
      graph('Steps that wait for a destination', 'short', [
        { expr: `sum by (destination) (${of('sre_router_destination_waiting')})`, legend: '{{destination}}' },
      ]),
      graph('Damaged values', 'short', [{ expr: `sum by (pod) (increase(${of('sre_router_damaged_total')}[1h]))`, legend: '{{pod}}' }]),
    ],
  },
  {
    title: 'Kafka',
    panels: [
      graph('Partitions, by owner', 'short', [{ expr: `sum by (pod) (${of('sre_router_partitions')})`, legend: '{{pod}}' }]),
      graph('Raw records carried over', 'ops', [
        { expr: `sum(rate(${of('sre_router_raw_records')}[$__rate_interval]))`, legend: 'records' },
      ]),
      graph(
        'Raw records that are no events',
        'short',
        [
          { expr: `sum(max by (partition) (${of('sre_router_raw_dead_letters')}))`, legend: 'dead letters in all' },
          { expr: `sum(abs(${of('sre_router_raw_conservation')}))`, legend: 'unaccounted for' },
        ],
        'Dead letters could not be read and are kept. Unaccounted for must be 0.',
      ),
      graph(
        'Lost to retention in an hour',
        'short',
        [{ expr: `sum(increase(${of('sre_router_lost_to_retention_total')}[1h]))`, legend: 'events' }],
        'Must be 0.',
      ),
      graph('Records behind, by pod', 'short', [{ expr: `max by (pod) (${of('sre_router_view_behind_records')})`, legend: '{{pod}}' }]),
    ],
  },
  {
    title: 'Versions',
    panels: [
      graph('Version and mappings', 'short', [
        { expr: `count by (version, mappings) (${of('sre_router_info')})`, legend: '{{version}}, mappings {{mappings}}' },
      ]),
      graph('Pods that answer', 'short', [{ expr: `sum by (role) (${of('up')})`, legend: '{{role}}' }]),
    ],
  },
];
