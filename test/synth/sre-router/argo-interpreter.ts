import type { K8sObject } from '#synth/k8s-object.js';
import { ofKind } from './installations.js';

/**
 * What Argo Events does with an event, as far as this chart uses it: an EventSource's event as its bus carries it, and what a Sensor's trigger
 * sends of it. Written from what upstream's code does (v1.9), not from this chart.
 */

export interface BusEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: 'webhook' | 'calendar';
  readonly subject: string;
  readonly datacontenttype: 'application/json';
  readonly time: string;
  readonly data: unknown;
}

const CONTEXT = ['id', 'source', 'specversion', 'type', 'datacontenttype', 'subject', 'time'] as const;
const TIME = '2026-07-13T07:03:49Z';

/** A POST as the webhook of that name makes an event of it. Headers have lists of values, and the secret is masked. */
export function webhookEvent(objects: readonly K8sObject[], name: string, id: string, body: unknown): BusEvent {
  const source = sourceOf(objects, 'webhook', name);
  const header = {
    'Content-Type': ['application/json'],
    'User-Agent': ['Alertmanager/0.34.2'],
    Authorization: ['*** Masked Auth Secret ***'],
  };
  return { ...attributes(source, name, id, 'webhook'), data: { header, body } };
}

/** A tick of the calendar of that name. */
export function calendarEvent(objects: readonly K8sObject[], name: string, id: string): BusEvent {
  const source = sourceOf(objects, 'calendar', name);
  const { metadata } = source.spec.calendar[name];
  return { ...attributes(source, name, id, 'calendar'), data: { eventTime: '2026-07-13 07:03:49.000123 +0000 UTC m=+60.001', metadata } };
}

/** What the trigger that the event fires sends: body, and the key where it is a Kafka record. */
export function triggered(objects: readonly K8sObject[], event: BusEvent): { readonly body: string; readonly key?: string } {
  const [sensor] = ofKind(objects, 'Sensor');
  const dependency = sensor.spec.dependencies.find(
    (one: Clause) => one.eventSourceName === event.source && one.eventName === event.subject,
  );
  if (dependency === undefined) throw new Error(`no dependency on ${event.source}/${event.subject}: the event is lost`);
  const firing = sensor.spec.triggers.filter((trigger: Clause) => trigger.template.conditions === dependency.name);
  if (firing.length !== 1) throw new Error(`${firing.length} triggers fire for ${dependency.name}`);
  const { http, kafka } = firing[0].template;
  const { payload, parameters = [] } = http ?? kafka;
  const body = JSON.stringify(applied({}, payload, dependency.name, event));
  const { partitioningKey } = applied({}, parameters, dependency.name, event) as { partitioningKey?: string };
  return { body, ...(partitioningKey !== undefined && { key: partitioningKey }) };
}

// biome-ignore lint/suspicious/noExplicitAny: clauses of manifests; their schemas are checked in schemas.test.ts.
type Clause = any;

function sourceOf(objects: readonly K8sObject[], type: string, name: string): Clause {
  const source = ofKind(objects, 'EventSource').find(({ spec }) => spec[type]?.[name] !== undefined);
  if (source === undefined) throw new Error(`no EventSource has ${type} ${name}`);
  return source;
}

function attributes(source: Clause, subject: string, id: string, type: BusEvent['type']): Omit<BusEvent, 'data'> {
  return { specversion: '1.0', id, source: source.metadata.name, type, subject, datacontenttype: 'application/json', time: TIME };
}

/** Each entry set at its dest, dots nest. */
function applied(
  target: Record<string, unknown>,
  entries: readonly Clause[],
  dependency: string,
  event: BusEvent,
): Record<string, unknown> {
  for (const { src, dest } of entries) {
    const path = String(dest).split('.');
    const last = path.pop() ?? '';
    const parent = path.reduce((at, key) => {
      at[key] ??= {};
      return at[key] as Record<string, unknown>;
    }, target);
    parent[last] = resolved(src, dependency, event);
  }
  return target;
}

/** Data wins over context; then the value; a key that finds nothing and has no value fails the trigger. */
function resolved(src: Clause, dependency: string, event: BusEvent): unknown {
  if (src.dependencyName !== dependency) throw new Error(`${src.dependencyName} has not fired`);
  if (src.dataKey !== undefined || src.contextKey !== undefined) {
    const from = src.dataKey === undefined ? Object.fromEntries(CONTEXT.map((key) => [key, event[key]])) : event.data;
    const found = String(src.dataKey ?? src.contextKey)
      .split('.')
      .reduce((at: Clause, key: string) => at?.[key], from);
    if (found !== undefined) return typeof found === 'string' || src.useRawData === true ? found : JSON.stringify(found);
  }
  if (src.value === undefined) throw new Error(`${JSON.stringify(src)}: nothing there, and no value`);
  return String(src.value);
}
