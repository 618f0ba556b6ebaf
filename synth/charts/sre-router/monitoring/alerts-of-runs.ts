import type { V } from '../values.js';
import type { Alert } from './alert.js';
import { grew, series } from './promql.js';

/** How runs end, what waits for a person, and how destinations and mappings behave. */
export function alertsOfRuns(v: V): Alert[] {
  const unfinished = (state: string): string => `sum(${series(v, 'sre_router_unfinished', `state="${state}"`)}) > 0`;
  const outcome = (name: string): string => grew('outcome', series(v, 'sre_router_outcomes_total', `outcome="${name}"`), '15m');
  const attempts = series(v, 'sre_router_step_attempts_total', 'result=~"failed|retry|unsettled"');
  return [
    {
      name: 'SreRouterAmbiguous',
      severity: 'warning',
      expr: unfinished('ambiguous'),
      for: '10m',
      summary: '{{ $value }} runs do not know whether a step was done.',
      description: 'sre-router events --state ambiguous. Look at the target whether it was done, then retry, resolve or abandon.',
    },
    {
      name: 'SreRouterParked',
      severity: 'warning',
      expr: unfinished('parked'),
      for: '10m',
      summary: '{{ $value }} runs failed for certain and wait for a person.',
      description: 'sre-router events --state parked, explain; mend the cause, then retry, or abandon.',
    },
    {
      name: 'SreRouterRunsFailed',
      severity: 'warning',
      expr: outcome('failed'),
      summary: 'Runs failed in the last 15 minutes.',
      description: 'sre-router events --state failed, then explain. resubmit runs an event once more, as a new one.',
    },
    {
      name: 'SreRouterQuarantineGrowing',
      severity: 'warning',
      expr: outcome('quarantined'),
      summary: 'Events were quarantined in the last 15 minutes: they do not have the shape of their type.',
      description: 'sre-router events --state quarantined, then explain: it points to the field. Mend the sender, then resubmit.',
    },
    {
      name: 'SreRouterBreakerOpen',
      severity: 'warning',
      expr: `max by (destination) (${series(v, 'sre_router_breaker_open')}) == 1`,
      for: '5m',
      summary: 'Destination {{ $labels.destination }} fails again and again and is called only now and then.',
      description: 'Its steps wait and go on by themselves. sre-router check --online tells whether token, rights and address are right.',
    },
    {
      name: 'SreRouterStepsFail',
      severity: 'warning',
      expr: `sum by (action) (rate(${attempts}[10m])) > 0.1`,
      for: '5m',
      summary: 'Calls of {{ $labels.action }} fail: {{ $value | printf "%.1f" }} a second.',
      description: "The router's log names destination and answer of each; retries are under way. sre-router check --online.",
    },
    {
      name: 'SreRouterDestinationBacklog',
      severity: 'warning',
      expr: `max by (destination) (${series(v, 'sre_router_destination_waiting')}) > ${v.monitoring.thresholds.waitingCount}`,
      for: '10m',
      summary: '{{ $value }} steps wait for destination {{ $labels.destination }}.',
      description: 'Its budget or concurrency is too small for what comes, or it is slow: compare calls and durations on the dashboard.',
    },
    {
      name: 'SreRouterWhenErrors',
      severity: 'warning',
      expr: grew('route', series(v, 'sre_router_when_errors_total'), '15m'),
      summary: 'The condition of route {{ $labels.route }} failed, which counts as no match.',
      description: "Its when reads what is not always there. The router's log has event and cause; mend the mapping with has().",
    },
    {
      name: 'SreRouterKeyErrors',
      severity: 'warning',
      expr: grew('source', series(v, 'sre_router_key_errors_total'), '15m'),
      summary: 'The key of source {{ $labels.source }} failed; those events have their default key.',
      description: 'sources.<name>.key reads what is not always there: events that belong together may run side by side.',
    },
    {
      name: 'SreRouterDataDamaged',
      severity: 'critical',
      expr: grew('pod', series(v, 'sre_router_damaged_total'), '1h'),
      summary: 'Pod {{ $labels.pod }} found stored values that fail their checksum.',
      description: 'Look at the disk first: it is likely to get worse. docs/embedded-log.md says what became of each kind of value.',
    },
  ];
}
