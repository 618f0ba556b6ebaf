import type { K8sObject } from '../../k8s-object.js';
import { type Fields, isFields, listAt, mapAt, NAME, type Problem, textAt } from './argo-fields.js';
import { sensorProblems } from './argo-sensor-rules.js';

/**
 * What is wrong with objects of Argo Events: its API server takes anything, and its controllers find little of it. Sources: upstream's
 * validators, and what its code does with what they let pass. `objects` may be part of a chart; who is not there is not missed.
 */
export function argoProblems(objects: readonly K8sObject[]): string[] {
  const argo = objects.filter(({ apiVersion }) => apiVersion === 'argoproj.io/v1alpha1');
  return [
    ...argo.flatMap((object) => {
      const check = CHECKS[object.kind];
      const spec = mapAt(object, 'spec');
      const found = check ? [...check(spec)] : [];
      if (check && !NAME.test(object.metadata.name))
        found.push('its name becomes part of a NATS subject: lower-case letters, digits, dashes');
      return found.map((problem) => `${object.kind}/${object.metadata.name}: ${problem}`);
    }),
    ...betweenObjects(argo),
  ];
}

const CHECKS: Readonly<Record<string, (spec: Fields) => Iterable<Problem>>> = {
  EventBus: busProblems,
  EventSource: sourceProblems,
  Sensor: sensorProblems,
};

function* busProblems(spec: Fields): Iterable<Problem> {
  const kinds = Object.keys(spec).filter((key) => ['jetstream', 'jetstreamExotic', 'kafka', 'nats'].includes(key));
  if (kinds.length !== 1) yield `it wants one kind, not ${kinds.length}`;
  if (isFields(spec.kafka)) {
    if (textAt(spec.kafka, 'url') === '') yield 'kafka.url is empty';
    if (spec.kafka.partitioner !== 'hash') yield 'kafka.partitioner must be hash: random, the default, loses the order of events';
  }
  if (isFields(spec.jetstream)) {
    const { version, replicas, streamConfig } = spec.jetstream;
    if (!version) yield 'jetstream.version is empty';
    if (!(replicas === 1 || Number(replicas) >= 3)) yield `jetstream.replicas is ${String(replicas)}: 1, or 3 and more`;
    const stream = new Map(
      String(streamConfig ?? '')
        .split('\n')
        .map((line) => [line.split(': ')[0] ?? '', line.split(': ')[1] ?? '']),
    );
    if (stream.get('discard') !== '1') yield 'jetstream.streamConfig must say discard: 1, or a full bus drops its oldest events in silence';
    if (stream.get('replicas') !== String(replicas)) yield 'jetstream.streamConfig must have as many replicas as the bus';
    if ((stream.get('retention') ?? '0') !== '0') yield 'jetstream.streamConfig must leave retention 0: work queues break Sensors';
  }
}

/** Types of which one pod works at a time; the others work in every pod. */
const ONE_AT_A_TIME = ['calendar', 'file', 'generic', 'redis', 'mqtt', 'amqp', 'kafka', 'nats', 'pulsar', 'resource'];
const SETTINGS = ['eventBusName', 'replicas', 'template', 'service'];
/** sarama and NATS refuse 1,000,000 B, with what Argo wraps the body in. */
const MAX_BODY_BYTES = 900_000;
const METRICS_PORT = 7777;

function* sourceProblems(spec: Fields): Iterable<Problem> {
  const types = Object.keys(spec).filter((key) => !SETTINGS.includes(key));
  const names = types.flatMap((type) => Object.keys(mapAt(spec, type)));
  if (names.length === 0) yield 'it has no event';
  for (const name of names) if (!NAME.test(name)) yield `event ${name}: its name becomes part of a NATS subject`;
  if (new Set(names).size < names.length) yield 'two events have one name';
  if (new Set(types.map((type) => ONE_AT_A_TIME.includes(type))).size > 1) yield `${types.join(' and ')} must not share an EventSource`;
  const routes = new Set<string>();
  for (const [name, webhook] of Object.entries(mapAt(spec, 'webhook'))) {
    if (!isFields(webhook)) continue;
    const { endpoint = '', port, method, maxPayloadSize, authSecret } = webhook;
    const route = `${String(port)}${String(endpoint)}`;
    if (!String(endpoint).startsWith('/') || endpoint === '/health')
      yield `webhook ${name}: endpoint ${String(endpoint)} must begin with / and not be /health`;
    if (typeof port !== 'string' || !/^[0-9]+$/.test(port)) yield `webhook ${name}: port must be the text of a number`;
    if (Number(port) === METRICS_PORT) yield `webhook ${name}: port ${METRICS_PORT} is that of the metrics`;
    if (method !== 'POST' && method !== 'GET') yield `webhook ${name}: method must be POST or GET; without it every call is answered 400`;
    if (!(Number(maxPayloadSize) <= MAX_BODY_BYTES))
      yield `webhook ${name}: maxPayloadSize must be at most ${MAX_BODY_BYTES}: what is larger is lost on its way`;
    if (!isFields(authSecret)) yield `webhook ${name}: authSecret is missing: everybody could post`;
    if (routes.has(route)) yield `webhook ${name}: ${route} is taken, and a second route is never called`;
    routes.add(route);
  }
  for (const [name, calendar] of Object.entries(mapAt(spec, 'calendar')))
    if (isFields(calendar) && textAt(calendar, 'interval') === '' && textAt(calendar, 'schedule').split(' ').length !== 5)
      yield `calendar ${name}: schedule has five fields`;
}

function* betweenObjects(objects: readonly K8sObject[]): Iterable<Problem> {
  const of = (kind: string): K8sObject[] => objects.filter((object) => object.kind === kind);
  const sources = new Map(of('EventSource').map((object) => [object.metadata.name, mapAt(object, 'spec')]));
  const buses = new Set(of('EventBus').map((object) => object.metadata.name));
  const busOf = (spec: Fields): string => textAt(spec, 'eventBusName') || 'default';
  for (const { kind, metadata, ...object } of [...of('EventSource'), ...of('Sensor')]) {
    const bus = busOf(mapAt(object, 'spec'));
    if (buses.size > 0 && !buses.has(bus)) yield `${kind}/${metadata.name}: there is no EventBus ${bus}`;
  }
  if (sources.size === 0) return;
  for (const { metadata, ...sensor } of of('Sensor'))
    for (const { name, eventSourceName, eventName } of listAt(mapAt(sensor, 'spec'), 'dependencies')) {
      const source = sources.get(String(eventSourceName));
      const where = `Sensor/${metadata.name}: dependency ${String(name)}`;
      if (!source) yield `${where}: there is no EventSource ${String(eventSourceName)}`;
      else if (!Object.keys(source).some((type) => !SETTINGS.includes(type) && String(eventName) in mapAt(source, type)))
        yield `${where}: EventSource ${String(eventSourceName)} has no event ${String(eventName)}`;
      else if (busOf(source) !== busOf(mapAt(sensor, 'spec'))) yield `${where}: its EventSource is on another EventBus`;
    }
}
