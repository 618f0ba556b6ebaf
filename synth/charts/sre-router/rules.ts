import { all, any, atMost, implies, is, isEmpty, not, require, times } from '../../require.js';
import { destinationsIn } from './mapping-files.js';
import { MAPPINGS } from './mappings.js';

const DESTINATIONS = ['slack', 'jira', 'sre'] as const;
const MINUTES_OF_DAY = 1_440;
const used = new Set(MAPPINGS.flatMap(({ text }) => [...destinationsIn(text)]));

/** What values must not be together, with the reason that people read. */
export const sreRouterRules = [
  require(implies(
    is('log.kind', 'embedded'),
    atMost('router.replicas', 1),
  ), 'log.kind: embedded has one pod: set router.replicas to 1, or log.kind to kafka'),
  require(implies(is('router.topology', 'split'), is('log.kind', 'kafka')), 'router.topology: split needs log.kind: kafka'),
  require(implies(
    any(is('log.kind', 'kafka'), all(not(is('delivery', 'direct')), is('eventBus.kind', 'kafka'))),
    not(isEmpty('kafka.brokers')),
  ), 'log.kind: kafka and eventBus.kind: kafka need kafka.brokers'),
  require(implies(
    any(is('delivery', 'kafka'), is('delivery', 'bus')),
    is('log.kind', 'kafka'),
  ), 'delivery: kafka and delivery: bus go through the topic <prefix>.raw, which the router reads with log.kind: kafka only'),
  require(implies(
    is('delivery', 'bus'),
    not(is('eventBus.kind', 'jetstream')),
  ), 'delivery: bus needs an EventBus on Kafka: eventBus.kind kafka, or existing with topic <prefix>.raw and partitioner hash'),
  require(atMost(
    'incidents.dedupeWindowMinutes',
    times('log.retentionDays', MINUTES_OF_DAY),
  ), 'incidents.dedupeWindowMinutes must not be longer than log.retentionDays: ids are known as long as events are kept'),
  require(implies(
    is('destinations.jira.enabled', true),
    not(isEmpty('destinations.jira.baseUrl')),
  ), 'destinations.jira.enabled needs destinations.jira.baseUrl'),
  require(implies(
    is('destinations.jira.enabled', true),
    implies(is('destinations.jira.kind', 'cloud'), not(isEmpty('destinations.jira.email'))),
  ), 'Jira Cloud needs destinations.jira.email, of the account whose API token is used'),
  require(implies(
    is('destinations.sre.enabled', true),
    not(isEmpty('destinations.sre.baseUrl')),
  ), 'destinations.sre.enabled needs destinations.sre.baseUrl'),
  ...DESTINATIONS.filter((name) => used.has(name)).map((name) =>
    require(implies(
      is('mappings.bundled', true),
      is(`destinations.${name}.enabled`, true),
    ), `the mappings of this repository call ${name}: enable destinations.${name}, or take those files out of mappings/`),
  ),
];
