import type { Alert } from '#synth/charts/sre-router/monitoring/alert.js';

/** Samples every 30 s, in promtool's notation: `1x9` is ten times 1, `0+2x9` rises by 2. Series of the router get namespace and job. */
export type Series = Readonly<Record<string, string>>;

interface Firing {
  readonly labels?: Readonly<Record<string, string>>;
  readonly summary: string;
}

export interface AlertCase {
  readonly alert: Alert['name'];
  /** What is the matter, for the name of the test. */
  readonly when: string;
  readonly series: Series;
  /** Minutes after the first sample. */
  readonly atMinutes: number;
  /** None: the nearest thing that must stay quiet. */
  readonly fires: readonly Firing[];
}

const fires = (alert: Alert['name'], when: string, atMinutes: number, series: Series, ...firing: Firing[]): AlertCase => ({
  alert,
  when,
  series,
  atMinutes,
  fires: firing,
});
const quiet = (alert: Alert['name'], when: string, atMinutes: number, series: Series): AlertCase => fires(alert, when, atMinutes, series);

const INGEST = 'endpoint="/ingest/{source}"';
const requests = (status: string): string => `sre_router_http_requests_total{${INGEST},status="${status}",pod="p0"}`;
const API_UP = { 'up{role="api",pod="a0"}': '1x120' };
const BOTH_UP = { 'up{role="router",pod="p0"}': '1x60', 'up{role="ingest",pod="i0"}': '1x60', ...API_UP };
const queue = (fast: string, all: string): Series => ({
  'sre_router_queue_seconds_bucket{le="1"}': fast,
  'sre_router_queue_seconds_bucket{le="60"}': all,
  'sre_router_queue_seconds_bucket{le="+Inf"}': all,
});
const replicas = (topic: string, values: string, exporter = 'e0'): Series => ({
  [`kafka_topic_partition_under_replicated_partition{topic="${topic}",partition="0",pod="${exporter}"}`]: values,
});

/** Flow: is it there, does it take, does it get on. */
const FLOW: readonly AlertCase[] = [
  fires(
    'SreRouterDown',
    'the only pod of a role does not answer',
    5,
    { ...BOTH_UP, 'up{role="router",pod="p0"}': '1x3 0x20' },
    { labels: { role: 'router' }, summary: 'No router of role router answers.' },
  ),
  fires(
    'SreRouterDown',
    'a role has no target at all',
    5,
    { 'up{role="router",pod="p0"}': '1x60', ...API_UP },
    { labels: { role: 'ingest' }, summary: 'No router of role ingest answers.' },
  ),
  quiet('SreRouterDown', 'one of two pods answers', 10, { ...BOTH_UP, 'up{role="router",pod="p1"}': '0x60' }),
  fires(
    'SreRouterPodDown',
    'one of two pods does not answer',
    6,
    { ...BOTH_UP, 'up{role="router",pod="p1"}': '0x60' },
    { labels: { role: 'router', pod: 'p1' }, summary: 'Pod p1 of the router does not answer; others do.' },
  ),
  quiet('SreRouterPodDown', 'no pod of the role answers, which is another alert', 10, { ...BOTH_UP, 'up{role="router",pod="p0"}': '0x60' }),
  fires(
    'SreRouterNotReady',
    'a pod says so for two minutes',
    3,
    { 'sre_router_ready{pod="p0"}': '0x20', 'sre_router_ready{pod="p1"}': '1x20' },
    { labels: { pod: 'p0' }, summary: 'Pod p0 of the router is not ready.' },
  ),
  quiet('SreRouterNotReady', 'a pod starts within a minute', 3, { 'sre_router_ready{pod="p0"}': '0x2 1x20' }),
  fires(
    'SreRouterConservationBroken',
    'one event is missing',
    3,
    { 'sre_router_conservation{pod="p0"}': '0x1 1x20' },
    { labels: { pod: 'p0' }, summary: 'Received is not outcomes plus unfinished in pod p0: 1 events too many or too few.' },
  ),
  fires(
    'SreRouterConservationBroken',
    'one event is doubled',
    3,
    { 'sre_router_conservation{pod="p0"}': '-1x20' },
    { labels: { pod: 'p0' }, summary: 'Received is not outcomes plus unfinished in pod p0: -1 events too many or too few.' },
  ),
  quiet('SreRouterConservationBroken', 'one scrape met it between two counters', 3, { 'sre_router_conservation{pod="p0"}': '0x2 1 0x20' }),
  fires(
    'SreRouterCanaryAbsent',
    'the canary stopped and other events still come',
    8,
    {
      'sre_router_received_total{type="canary.beat",pod="p0"}': '0 0 1 1 2 2 2x30',
      'sre_router_received_total{type="alertmanager.alert",pod="p0"}': '0+1x60',
    },
    { summary: 'The canary event of every minute does not arrive.' },
  ),
  fires('SreRouterCanaryAbsent', 'it never came', 2, {}, { summary: 'The canary event of every minute does not arrive.' }),
  quiet('SreRouterCanaryAbsent', 'it comes every minute', 10, {
    'sre_router_received_total{type="canary.beat",pod="p0"}': '0 0 1 1 2 2 3 3 4 4 5 5 6 6 7 7 8 8 9 9 10 10',
  }),
  quiet('SreRouterCanaryAbsent', 'it comes, and its pod has just started anew', 5, {
    'sre_router_received_total{type="canary.beat",pod="p0"}': '0 0 1 1 2 2 3 3 stale',
    'sre_router_received_total{type="canary.beat",pod="p1"}': '_x7 1 1',
  }),
  fires(
    'SreRouterWatchdogAbsent',
    'no alert for ten minutes, though canaries come',
    22,
    {
      'sre_router_received_total{type="alertmanager.alert",pod="p0"}': '0+1x10 10x60',
      'sre_router_received_total{type="canary.beat",pod="p0"}': '0+1x60',
    },
    { summary: 'No alert has arrived for ten minutes, though Watchdog always fires.' },
  ),
  quiet('SreRouterWatchdogAbsent', 'alerts paused for five minutes', 14, {
    'sre_router_received_total{type="alertmanager.alert",pod="p0"}': '0+1x18 18x10 19x30',
  }),
  fires(
    'SreRouterIntakeStalled',
    'requests are accepted and no event is taken',
    16,
    { [requests('202')]: '0+1x60', 'sre_router_received_total{type="x",pod="p0"}': '5x60' },
    { summary: 'The router accepts events and does not take them, or refuses them with 503.' },
  ),
  fires(
    'SreRouterIntakeStalled',
    'requests are refused with 503',
    10,
    { [requests('503')]: '0+1x60' },
    { summary: 'The router accepts events and does not take them, or refuses them with 503.' },
  ),
  quiet('SreRouterIntakeStalled', 'accepted events are taken', 16, {
    [requests('202')]: '0+1x60',
    'sre_router_received_total{type="x",pod="p0"}': '0+1x60',
  }),
  quiet('SreRouterIntakeStalled', 'a few 503 while a pod was restarted', 10, { [requests('503')]: '0x4 3x60', [requests('202')]: '0x60' }),
  fires('SreRouterQueueSlow', 'half of the events wait long', 15, queue('0+1x60', '0+2x60'), {
    summary: 'Events wait 58.82s before they are looked at.',
  }),
  quiet('SreRouterQueueSlow', 'all but a few are looked at within a second', 15, queue('0+1000x60', '0+1001x60')),
  fires(
    'SreRouterNoProgress',
    'runs and nothing moves',
    25,
    {
      'sre_router_unfinished{state="running",pod="p0"}': '3x60',
      'sre_router_step_attempts_total{action="sre.task",result="done",pod="p0"}': '7x60',
      'sre_router_outcomes_total{outcome="done",pod="p0"}': '4x60',
    },
    { summary: '3 runs are under way and none has made a step for 15 minutes.' },
  ),
  quiet('SreRouterNoProgress', 'a step every ten minutes', 25, {
    'sre_router_unfinished{state="running",pod="p0"}': '3x60',
    'sre_router_step_attempts_total{action="sre.task",result="done",pod="p0"}': '7x19 8x20 9x60',
  }),
  quiet('SreRouterNoProgress', 'runs wait for a person', 25, {
    'sre_router_unfinished{state="running",pod="p0"}': '0x60',
    'sre_router_unfinished{state="ambiguous",pod="p0"}': '3x60',
  }),
  fires(
    'SreRouterOldestTooOld',
    'a run is older than an hour',
    10,
    { 'sre_router_oldest_unfinished_seconds{pod="p0"}': '3599 3660x60', 'sre_router_oldest_unfinished_seconds{pod="p1"}': '5x60' },
    { summary: 'The oldest unfinished run is 1h 1m 0s old.' },
  ),
  quiet('SreRouterOldestTooOld', 'an hour is not over', 10, { 'sre_router_oldest_unfinished_seconds{pod="p0"}': '3600x60' }),
  fires(
    'SreRouterSenderRefused',
    'a sender has no token',
    10,
    { [requests('401')]: '_x10 1x60' },
    { labels: { status: '401' }, summary: 'A sender was refused with 401.' },
  ),
  quiet('SreRouterSenderRefused', 'it was long ago', 30, { [requests('401')]: '1x90' }),
  quiet('SreRouterSenderRefused', 'somebody looks for a page that is not there', 10, {
    'sre_router_http_requests_total{endpoint="none",status="404",pod="p0"}': '0+1x60',
  }),
];

/** Runs, destinations, mappings, disk. */
const RUNS: readonly AlertCase[] = [
  fires(
    'SreRouterAmbiguous',
    'two runs of two pods',
    11,
    { 'sre_router_unfinished{state="ambiguous",pod="p0"}': '1x60', 'sre_router_unfinished{state="ambiguous",pod="p1"}': '1x60' },
    { summary: '2 runs do not know whether a step was done.' },
  ),
  quiet('SreRouterAmbiguous', 'only parked ones', 30, { 'sre_router_unfinished{state="parked",pod="p0"}': '1x90' }),
  fires(
    'SreRouterParked',
    'one run',
    11,
    { 'sre_router_unfinished{state="parked",pod="p0"}': '1x60' },
    { summary: '1 runs failed for certain and wait for a person.' },
  ),
  quiet('SreRouterParked', 'a person settled it within minutes', 11, { 'sre_router_unfinished{state="parked",pod="p0"}': '1x10 0x60' }),
  fires(
    'SreRouterRunsFailed',
    'the first of all fails',
    5,
    { 'sre_router_outcomes_total{outcome="failed",pod="p0"}': '_x6 1x60' },
    { labels: { outcome: 'failed' }, summary: 'Runs failed in the last 15 minutes.' },
  ),
  quiet('SreRouterRunsFailed', 'runs end well', 20, { 'sre_router_outcomes_total{outcome="done",pod="p0"}': '0+1x60' }),
  fires(
    'SreRouterQuarantineGrowing',
    'one more',
    20,
    { 'sre_router_outcomes_total{outcome="quarantined",pod="p0"}': '4x30 5x30' },
    {
      labels: { outcome: 'quarantined' },
      summary: 'Events were quarantined in the last 15 minutes: they do not have the shape of their type.',
    },
  ),
  quiet('SreRouterQuarantineGrowing', 'none for half an hour', 40, {
    'sre_router_outcomes_total{outcome="quarantined",pod="p0"}': '5x90',
  }),
  fires(
    'SreRouterBreakerOpen',
    'a breaker is open in one of two pods',
    6,
    { 'sre_router_breaker_open{destination="jira",pod="p0"}': '0x60', 'sre_router_breaker_open{destination="jira",pod="p1"}': '1x60' },
    { labels: { destination: 'jira' }, summary: 'Destination jira fails again and again and is called only now and then.' },
  ),
  quiet('SreRouterBreakerOpen', 'it closed after a minute', 6, { 'sre_router_breaker_open{destination="jira",pod="p0"}': '1x2 0x60' }),
  fires(
    'SreRouterStepsFail',
    'one call in five seconds fails',
    20,
    { 'sre_router_step_attempts_total{action="jira.issue",result="retry",pod="p0"}': '0+6x90' },
    { labels: { action: 'jira.issue' }, summary: 'Calls of jira.issue fail: 0.2 a second.' },
  ),
  quiet('SreRouterStepsFail', 'calls come out well', 20, {
    'sre_router_step_attempts_total{action="jira.issue",result="done",pod="p0"}': '0+60x90',
    'sre_router_step_attempts_total{action="jira.issue",result="skipped",pod="p0"}': '0+60x90',
  }),
  fires(
    'SreRouterDestinationBacklog',
    'more than a hundred wait',
    11,
    { 'sre_router_destination_waiting{destination="slack",pod="p0"}': '101x60' },
    { labels: { destination: 'slack' }, summary: '101 steps wait for destination slack.' },
  ),
  quiet('SreRouterDestinationBacklog', 'a hundred wait', 11, { 'sre_router_destination_waiting{destination="slack",pod="p0"}': '100x60' }),
  fires(
    'SreRouterWhenErrors',
    'the first error of a route',
    5,
    { 'sre_router_when_errors_total{route="gov",pod="p0"}': '_x4 1x60' },
    { labels: { route: 'gov' }, summary: 'The condition of route gov failed, which counts as no match.' },
  ),
  quiet('SreRouterWhenErrors', 'it was mended half an hour ago', 40, { 'sre_router_when_errors_total{route="gov",pod="p0"}': '7x90' }),
  fires(
    'SreRouterKeyErrors',
    'one more error',
    20,
    { 'sre_router_key_errors_total{source="adhoc",pod="p0"}': '2x30 3x30' },
    { labels: { source: 'adhoc' }, summary: 'The key of source adhoc failed; those events have their default key.' },
  ),
  quiet('SreRouterKeyErrors', 'none', 20, { 'sre_router_key_errors_total{source="adhoc",pod="p0"}': '0x60' }),
  fires(
    'SreRouterDataDamaged',
    'one value',
    5,
    { 'sre_router_damaged_total{pod="p0"}': '0x4 1x60' },
    { labels: { pod: 'p0' }, summary: 'Pod p0 found stored values that fail their checksum.' },
  ),
  quiet('SreRouterDataDamaged', 'none', 70, { 'sre_router_damaged_total{pod="p0"}': '0x200' }),
];

/** With log.kind kafka: what the router tells, and what an exporter tells. */
const KAFKA: readonly AlertCase[] = [
  fires(
    'SreRouterPartitionsNotOwned',
    'a pod is gone and nobody has its partitions',
    8,
    { 'sre_router_partitions{pod="p0"}': '6x60', 'sre_router_partitions{pod="p1"}': '6x3 stale' },
    { summary: '6 of 12 partitions have an owner.' },
  ),
  quiet('SreRouterPartitionsNotOwned', 'they move from one pod to another', 8, {
    'sre_router_partitions{pod="p0"}': '6x3 0x3 12x60',
    'sre_router_partitions{pod="p1"}': '6x3 0x60',
  }),
  fires(
    'SreRouterLostToRetention',
    'one event',
    5,
    { 'sre_router_lost_to_retention_total{pod="p0"}': '0x4 1x60' },
    { labels: { pod: 'p0' }, summary: 'Kafka deleted events that nobody had decided about.' },
  ),
  quiet('SreRouterLostToRetention', 'none', 70, { 'sre_router_lost_to_retention_total{pod="p0"}': '0x200' }),
  fires(
    'SreRouterRawConservationBroken',
    'one record of a partition',
    3,
    { 'sre_router_raw_conservation{partition="4",pod="p0"}': '1x60', 'sre_router_raw_conservation{partition="5",pod="p0"}': '0x60' },
    {
      labels: { partition: '4', pod: 'p0' },
      summary: 'Partition 4 of the raw topic: 1 records are neither split into events nor dead letters.',
    },
  ),
  quiet('SreRouterRawConservationBroken', 'all are split', 3, { 'sre_router_raw_conservation{partition="4",pod="p0"}': '0x60' }),
  fires(
    'SreRouterDeadLetters',
    'two more, and the partition moves meanwhile',
    10,
    {
      'sre_router_raw_dead_letters{partition="4",pod="p0"}': '7x5 8x2 stale',
      'sre_router_raw_dead_letters{partition="4",pod="p1"}': '_x9 9x60',
    },
    { summary: '2 records of the raw topic could not be read in the last 15 minutes.' },
  ),
  quiet('SreRouterDeadLetters', 'a partition with old ones moves', 10, {
    'sre_router_raw_dead_letters{partition="4",pod="p0"}': '7x7 stale',
    'sre_router_raw_dead_letters{partition="4",pod="p1"}': '_x9 7x60',
  }),
  fires(
    'SreRouterViewBehind',
    'a pod reads too slowly',
    6,
    { 'sre_router_view_behind_records{pod="p0"}': '10001x60', 'sre_router_view_behind_records{pod="p1"}': '0x60' },
    { labels: { pod: 'p0' }, summary: 'Pod p0 answers from a copy that is 10001 records behind.' },
  ),
  quiet('SreRouterViewBehind', 'it catches up within five minutes', 6, { 'sre_router_view_behind_records{pod="p0"}': '50000x9 0x60' }),
  fires(
    'SreRouterKafkaLag',
    'records wait in the raw topic, told by two exporters',
    11,
    Object.fromEntries(
      ['e0', 'e1'].map((exporter) => [
        `kafka_consumergroup_lag{consumergroup="sre-router.raw",topic="sre-router.raw",partition="0",pod="${exporter}"}`,
        '10001x60',
      ]),
    ),
    { labels: { topic: 'sre-router.raw' }, summary: '10001 records of sre-router.raw wait for the router.' },
  ),
  quiet('SreRouterKafkaLag', 'another group lags', 11, {
    'kafka_consumergroup_lag{consumergroup="audit",topic="sre-router.events",partition="0"}': '99999x60',
  }),
  fires('SreRouterTopicUnderReplicated', 'one partition', 11, replicas('sre-router.journal', '1x60'), {
    labels: { topic: 'sre-router.journal' },
    summary: '1 partitions of sre-router.journal have too few replicas in sync.',
  }),
  quiet('SreRouterTopicUnderReplicated', 'a topic of others', 11, replicas('orders', '1x60')),
  fires(
    'SreRouterPartitionsDiffer',
    'somebody added partitions to events',
    5,
    { 'kafka_topic_partitions{topic="sre-router.events"}': '24x60', 'kafka_topic_partitions{topic="sre-router.journal"}': '12x60' },
    { summary: 'Topics events and journal have different numbers of partitions.' },
  ),
  quiet('SreRouterPartitionsDiffer', 'both have as many', 5, {
    'kafka_topic_partitions{topic="sre-router.events"}': '12x60',
    'kafka_topic_partitions{topic="sre-router.journal"}': '12x60',
  }),
];

export const ALERT_CASES: readonly AlertCase[] = [...FLOW, ...RUNS, ...KAFKA];

/** A split router at work, for an hour: nothing may fire. */
export const AT_WORK: Series = {
  'up{role="router",pod="p0"}': '1x120',
  'up{role="ingest",pod="i0"}': '1x120',
  ...API_UP,
  'sre_router_ready{pod="p0"}': '1x120',
  'sre_router_ready{pod="i0"}': '1x120',
  'sre_router_received_total{type="canary.beat",pod="p0"}': '0+1x120',
  'sre_router_received_total{type="alertmanager.alert",pod="p0"}': '0+3x120',
  'sre_router_outcomes_total{outcome="done",pod="p0"}': '0+4x120',
  'sre_router_outcomes_total{outcome="failed",pod="p0"}': '0x120',
  'sre_router_outcomes_total{outcome="quarantined",pod="p0"}': '0x120',
  'sre_router_unfinished{state="running",pod="p0"}': '2x120',
  'sre_router_unfinished{state="waiting",pod="p0"}': '5x120',
  'sre_router_unfinished{state="parked",pod="p0"}': '0x120',
  'sre_router_unfinished{state="ambiguous",pod="p0"}': '0x120',
  'sre_router_conservation{pod="p0"}': '0x120',
  'sre_router_oldest_unfinished_seconds{pod="p0"}': '60x120',
  'sre_router_step_attempts_total{action="slack.message",result="done",pod="p0"}': '0+4x120',
  'sre_router_step_attempts_total{action="slack.message",result="retry",pod="p0"}': '0+1x120',
  'sre_router_breaker_open{destination="slack",pod="p0"}': '0x120',
  'sre_router_destination_waiting{destination="slack",pod="p0"}': '1x120',
  'sre_router_partitions{pod="p0"}': '12x120',
  'sre_router_raw_dead_letters{partition="0",pod="p0"}': '3x120',
  'sre_router_raw_conservation{partition="0",pod="p0"}': '0x120',
  'sre_router_lost_to_retention_total{pod="p0"}': '0x120',
  'sre_router_view_behind_records{pod="p0"}': '12x120',
  'sre_router_when_errors_total{route="gov",pod="p0"}': '0x120',
  'sre_router_key_errors_total{source="adhoc",pod="p0"}': '0x120',
  'sre_router_damaged_total{pod="p0"}': '0x120',
  [requests('202')]: '0+4x120',
  [requests('401')]: '0x120',
  ...queue('0+4x120', '0+4x120'),
  ...replicas('sre-router.events', '0x120'),
  'kafka_consumergroup_lag{consumergroup="sre-router",topic="sre-router.events",partition="0"}': '9x120',
  'kafka_topic_partitions{topic="sre-router.events"}': '12x120',
  'kafka_topic_partitions{topic="sre-router.journal"}': '12x120',
};
