import { CANARY_TYPE } from '../event-sources.js';
import type { V } from '../values.js';
import type { Alert } from './alert.js';
import { grew, moved, series } from './promql.js';
import { rolesOf } from './service-monitor.js';

/** Is the router there, does it take events, does it get on with them? */
export function alertsOfFlow(v: V): Alert[] {
  const { queueSeconds, oldestSeconds } = v.monitoring.thresholds;
  const up = series(v, 'up');
  const ready = series(v, 'sre_router_ready');
  const received = series(v, 'sre_router_received_total');
  const running = series(v, 'sre_router_unfinished', 'state="running"');
  const answers = (status: string): string => series(v, 'sre_router_http_requests_total', 'endpoint="/ingest/{source}"', `status${status}`);
  return [
    {
      name: 'SreRouterDown',
      severity: 'critical',
      expr: [`sum by (role) (${up}) == 0`, ...rolesOf(v).map((role) => `absent(${series(v, 'up', `role="${role}"`)})`)].join('\nor\n'),
      for: '2m',
      summary: 'No router of role {{ $labels.role }} answers.',
      description:
        'ingest: senders wait; router: nothing runs; api: nobody can look or settle. kubectl get pods, then describe and logs --previous of the first that is not Running.',
    },
    {
      name: 'SreRouterPodDown',
      severity: 'warning',
      expr: `${up} == 0\nand on (role)\nsum by (role) (${up}) > 0`,
      for: '5m',
      summary: 'Pod {{ $labels.pod }} of the router does not answer; others do.',
      description: 'Its partitions are with others. kubectl describe and kubectl logs --previous say why it is not there.',
    },
    {
      name: 'SreRouterNotReady',
      severity: 'critical',
      expr: `${ready} == 0`,
      for: '2m',
      summary: 'Pod {{ $labels.pod }} of the router is not ready.',
      description:
        'GET /readyz on the pod names the reasons: restoring, the disk, brokers or topics it waits for, events it does not take.',
    },
    {
      name: 'SreRouterConservationBroken',
      severity: 'critical',
      expr: `${series(v, 'sre_router_conservation')} != 0`,
      for: '1m',
      summary: 'Received is not outcomes plus unfinished in pod {{ $labels.pod }}: {{ $value }} events too many or too few.',
      description:
        'An event may be lost or doubled: a defect of the router or of its storage. Keep the logs and the data, restart nothing yet, and follow the runbook.',
    },
    ...(v.canary.enabled && v.delivery !== 'direct'
      ? [
          {
            name: 'SreRouterCanaryAbsent',
            severity: 'critical',
            expr: `vector(1)\nunless\n${moved(series(v, 'sre_router_received_total', `type="${CANARY_TYPE}"`), '2m')}`,
            for: '30s',
            summary: 'The canary event of every minute does not arrive.',
            description:
              'A hop between Argo Events and the router is broken, and alerts may take the same way. Follow the hops in the runbook from the EventSource on.',
          } as const,
        ]
      : []),
    ...(v.monitoring.watchdog
      ? [
          {
            name: 'SreRouterWatchdogAbsent',
            severity: 'critical',
            expr: `vector(1)\nunless\n${moved(series(v, 'sre_router_received_total', 'type="alertmanager.alert"'), '10m')}`,
            for: '1m',
            summary: 'No alert has arrived for ten minutes, though Watchdog always fires.',
            description:
              "The way from Alertmanager to the router is broken. Alertmanager's log and alertmanager_notifications_failed_total say what the webhook answers.",
          } as const,
        ]
      : []),
    {
      name: 'SreRouterIntakeStalled',
      severity: 'critical',
      expr: `sum(increase(${answers('="202"')}[5m])) > 0
unless
${moved(received, '5m')}
or
sum(increase(${answers('="503"')}[2m])) > 0`,
      for: '5m',
      summary: 'The router accepts events and does not take them, or refuses them with 503.',
      description:
        'Senders try again, so nothing is lost yet. GET /readyz names the reason: a full disk, no brokers, or too many unfinished runs (limits.unfinished), which people must settle.',
    },
    {
      name: 'SreRouterQueueSlow',
      severity: 'warning',
      expr: `histogram_quantile(0.99, sum by (le) (rate(${series(v, 'sre_router_queue_seconds_bucket')}[5m]))) > ${queueSeconds}`,
      for: '5m',
      summary: 'Events wait {{ $value | humanizeDuration }} before they are looked at.',
      description: 'More comes in than is taken: see the rates on the dashboard, then processes, CPU and, with Kafka, partitions.',
    },
    {
      name: 'SreRouterNoProgress',
      severity: 'critical',
      expr: `sum(${running}) > 0
unless
${moved(series(v, 'sre_router_step_attempts_total'), '15m')}
unless
${moved(series(v, 'sre_router_outcomes_total'), '15m')}`,
      for: '5m',
      summary: '{{ $value }} runs are under way and none has made a step for 15 minutes.',
      description: 'sre-router events --state running, then sre-router explain of the oldest: what is it waiting for?',
    },
    {
      name: 'SreRouterOldestTooOld',
      severity: 'warning',
      expr: `max(${series(v, 'sre_router_oldest_unfinished_seconds')}) > ${oldestSeconds}`,
      for: '5m',
      summary: 'The oldest unfinished run is {{ $value | humanizeDuration }} old.',
      description: 'sre-router events --state waiting (then parked, ambiguous): explain says what it waits for and what a person can do.',
    },
    {
      name: 'SreRouterSenderRefused',
      severity: 'warning',
      expr: grew('status', answers('=~"4.."'), '15m'),
      summary: 'A sender was refused with {{ $labels.status }}.',
      description:
        '401 and 403: its token or role. 4xx else: the answer has a pointer to what is wrong; Alertmanager logs it, and its alerts do not arrive until it is mended.',
    },
  ];
}
