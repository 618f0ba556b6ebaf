import { expect, test } from '@jest/globals';
import { bundle } from '#synth/chart.js';
import { argoProblems } from '#synth/charts/sre-router/argo-rules.js';
import { sreRouterChart } from '#synth/charts/sre-router/chart.js';
import { compileFile } from '#synth/compiler/compile.js';
import type { K8sObject } from '#synth/k8s-object.js';
import { defaultValues } from '#synth/values/parse-values.js';
import { INSTALLATIONS, ofKind, RELEASE, rendered } from './installations.js';

// biome-ignore lint/suspicious/noExplicitAny: what is broken here has no type.
type Loose = any;
type Break = (objects: { bus: Loose; source: Loose; canary: Loose; sensor: Loose; http: Loose; kafka: Loose }) => void;

/** Objects that are right, after `broken` has had its way with a copy. */
function after(broken: Break, installation: string): string[] {
  const objects = structuredClone(rendered(INSTALLATIONS[installation])) as K8sObject[];
  const [bus] = ofKind(objects, 'EventBus');
  const [source, canary] = ofKind(objects, 'EventSource');
  const [sensor] = ofKind(objects, 'Sensor');
  const template = sensor?.spec.triggers[0]?.template;
  broken({ bus, source, canary, sensor, http: template?.http, kafka: template?.kafka });
  return argoProblems(objects);
}

const HTTP = 'http over JetStream';
const KAFKA = 'kafka with TLS and a login';

test.each(Object.entries(INSTALLATIONS))('what the chart makes keeps the rules: %s', (_, values) => {
  expect(argoProblems(rendered(values))).toEqual([]);
});

test.each<[rule: string, installation: string, broken: Break, problem: RegExp]>([
  ['a bus of no kind', HTTP, ({ bus }) => delete bus.spec.jetstream, /one kind, not 0/],
  ['a bus of two kinds', HTTP, ({ bus }) => (bus.spec.kafka = { url: 'a:1', partitioner: 'hash' }), /one kind, not 2/],
  ['a JetStream without version', HTTP, ({ bus }) => (bus.spec.jetstream.version = ''), /version is empty/],
  ['a JetStream of two', HTTP, ({ bus }) => (bus.spec.jetstream.replicas = 2), /replicas is 2/],
  ['a stream that drops when full', HTTP, ({ bus }) => (bus.spec.jetstream.streamConfig = 'replicas: 3'), /discard: 1/],
  ['a stream with other replicas', HTTP, ({ bus }) => (bus.spec.jetstream.streamConfig = 'discard: 1\nreplicas: 1'), /as many replicas/],
  ['a work queue', HTTP, ({ bus }) => (bus.spec.jetstream.streamConfig += 'retention: 2'), /retention 0/],
  ['a Kafka bus without brokers', KAFKA, ({ bus }) => (bus.spec.kafka.url = ''), /url is empty/],
  ['a Kafka bus in no order', KAFKA, ({ bus }) => delete bus.spec.kafka.partitioner, /partitioner must be hash/],
  ['a name with a dot', HTTP, ({ source }) => (source.metadata.name = 'a.b'), /NATS subject/],
  ['an event name with a dot', HTTP, ({ source }) => (source.spec.webhook['a.b'] = source.spec.webhook.adhoc), /event a\.b/],
  ['an event name twice', HTTP, ({ source }) => (source.spec.sns = { adhoc: {} }), /two events have one name/],
  ['a calendar among webhooks', HTTP, ({ source }) => (source.spec.calendar = { beat: { schedule: '* * * * *' } }), /must not share/],
  ['a source without events', HTTP, ({ source }) => (source.spec.webhook = {}), /no event/],
  ['an endpoint without /', HTTP, ({ source }) => (source.spec.webhook.adhoc.endpoint = 'adhoc'), /must begin with \//],
  ['an endpoint that is /health', HTTP, ({ source }) => (source.spec.webhook.adhoc.endpoint = '/health'), /not be \/health/],
  ['an endpoint twice', HTTP, ({ source }) => (source.spec.webhook.adhoc.endpoint = '/alertmanager'), /second route is never called/],
  ['a port as a number', HTTP, ({ source }) => (source.spec.webhook.adhoc.port = 12000), /text of a number/],
  ['the port of the metrics', HTTP, ({ source }) => (source.spec.webhook.adhoc.port = '7777'), /that of the metrics/],
  ['a method in lower case', HTTP, ({ source }) => (source.spec.webhook.adhoc.method = 'post'), /method must be/],
  ['a body that a bus refuses', HTTP, ({ source }) => (source.spec.webhook.adhoc.maxPayloadSize = 1_048_576), /at most 900000/],
  ['a body of the default size', HTTP, ({ source }) => delete source.spec.webhook.adhoc.maxPayloadSize, /at most 900000/],
  ['a webhook that is open to all', HTTP, ({ source }) => delete source.spec.webhook.adhoc.authSecret, /authSecret is missing/],
  ['a token in plain text', HTTP, ({ source }) => (source.spec.webhook.adhoc.authSecret = 'secret'), /authSecret is missing/],
  ['a schedule of six fields', HTTP, ({ canary }) => (canary.spec.calendar.canary.schedule = '0 * * * * *'), /five fields/],
  ['a source on another bus', HTTP, ({ source }) => (source.spec.eventBusName = 'other'), /no EventBus other/],
  ['a dependency on nobody', HTTP, ({ sensor }) => (sensor.spec.dependencies[0].eventSourceName = 'nobody'), /no EventSource nobody/],
  ['a dependency on nothing', HTTP, ({ sensor }) => (sensor.spec.dependencies[0].eventName = 'alertmanger'), /no event alertmanger/],
  ['no dependency', HTTP, ({ sensor }) => (sensor.spec.dependencies = []), /has no dependency/],
  ['a dependency twice', HTTP, ({ sensor }) => (sensor.spec.dependencies[1].name = 'alertmanager'), /two dependencies/],
  ['a dependency whose name is no word', HTTP, ({ sensor }) => (sensor.spec.dependencies[0].name = '1st'), /conditions cannot name it/],
  [
    'a filter that is not anchored',
    HTTP,
    ({ sensor }) => (sensor.spec.dependencies[0].filters = { data: [{ path: 'a', type: 'string', value: ['x'] }] }),
    /anchor it/,
  ],
  [
    'a filter without a type',
    HTTP,
    ({ sensor }) => (sensor.spec.dependencies[0].filters = { data: [{ path: 'a', value: ['^x$'] }] }),
    /needs path, type and value/,
  ],
  ['two transforms', HTTP, ({ sensor }) => (sensor.spec.dependencies[0].transform = { jq: '.', script: 'return event' }), /jq wins/],
  ['no trigger', HTTP, ({ sensor }) => (sensor.spec.triggers = []), /has no trigger/],
  ['a trigger twice', HTTP, ({ sensor }) => (sensor.spec.triggers[1].template.name = 'alertmanager'), /two triggers/],
  ['no conditions', HTTP, ({ sensor }) => delete sensor.spec.triggers[0].template.conditions, /waits for all dependencies/],
  ['conditions that name nobody', HTTP, ({ sensor }) => (sensor.spec.triggers[0].template.conditions = 'alertmanger'), /never fire/],
  ['at most once', HTTP, ({ sensor }) => delete sensor.spec.triggers[0].atLeastOnce, /without atLeastOnce/],
  ['a duration that counts nanoseconds', HTTP, ({ sensor }) => (sensor.spec.triggers[0].retryStrategy.duration = 10), /nanoseconds/],
  ['a rate limit of 0', HTTP, ({ sensor }) => (sensor.spec.triggers[0].rateLimit = { requestsPerUnit: 0 }), /above 0/],
  ['dead letters', HTTP, ({ sensor }) => (sensor.spec.triggers[0].dlqTrigger = { template: {} }), /dead-letter/],
  ['two replicas, which cannot elect', HTTP, ({ sensor }) => (sensor.spec.replicas = 2), /1, 3 or 5/],
  ['fields that are never read', HTTP, ({ sensor }) => (sensor.spec.errorOnFailedRound = true), /never read/],
  ['a trigger without status policy', HTTP, ({ sensor }) => delete sensor.spec.triggers[0].policy, /every answer counts as success/],
  ['a secret in a plain header', HTTP, ({ http }) => (http.headers.Authorization = 'Bearer x'), /plain text/],
  [
    'a secure header with a value',
    HTTP,
    ({ http }) => (http.secureHeaders[0] = { name: 'Authorization', value: 'Bearer x' }),
    /no valueFrom/,
  ],
  ['no payload', HTTP, ({ http }) => (http.payload = []), /payload is empty/],
  ['an entry without dest', HTTP, ({ http }) => (http.payload[0].dest = ''), /dest is empty/],
  ['an entry of another dependency', HTTP, ({ http }) => (http.payload[0].src.dependencyName = 'adhoc'), /no dependency of this trigger/],
  ['an entry over another', HTTP, ({ http }) => (http.payload[0].dest = 'event'), /holds another entry/],
  ['an entry twice', HTTP, ({ http }) => (http.payload[0].dest = 'event.source'), /stands twice/],
  ['a body as text', HTTP, ({ http }) => delete http.payload[5].src.useRawData, /a text of JSON/],
  [
    'a raw value',
    HTTP,
    ({ http }) => (http.payload[0].src = { dependencyName: 'alertmanager', value: '1', useRawData: true }),
    /always a text/,
  ],
  ['an unknown operation', HTTP, ({ http }) => (http.payload[0].operation = 'replace'), /not known/],
  ['a Kafka trigger without a topic', KAFKA, ({ kafka }) => (kafka.topic = ''), /topic is empty/],
  [
    'a Kafka trigger of two dependencies',
    KAFKA,
    ({ sensor }) => (sensor.spec.triggers[0].template.conditions = 'alertmanager || adhoc'),
    /crashes the Sensor/,
  ],
  ['a partition by number', KAFKA, ({ kafka }) => (kafka.partition = 1), /never read/],
  ['records without a key', KAFKA, ({ kafka }) => (kafka.parameters = []), /random partitions/],
  ['a flush frequency', KAFKA, ({ kafka }) => (kafka.flushFrequency = 500), /nanoseconds/],
])('is found: %s', (_, installation, broken, problem) => {
  expect(after(broken, installation).join('\n')).toMatch(problem);
});

test('what breaks a rule by the code is refused by synth and render, with the reason', () => {
  const templates = new Map(sreRouterChart.templates);
  const sensor = templates.get('sensor.yaml');
  templates.set('sensor.yaml', (values, context) => {
    const objects = structuredClone(sensor?.(values, context) ?? []) as Loose[];
    for (const object of objects) object.spec.triggers[0].atLeastOnce = false;
    return objects;
  });
  const wrong = { ...sreRouterChart, templates };
  const refusal = /trigger alertmanager: without atLeastOnce/;
  expect(() => bundle(wrong, defaultValues(wrong), RELEASE)).toThrow(refusal);
  expect(() => compileFile(wrong, 'sensor.yaml')).toThrow(refusal);
});
