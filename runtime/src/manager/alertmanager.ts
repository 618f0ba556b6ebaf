import { z } from 'zod';
import { RouterError } from '../errors.js';
import type { Json } from '../event/event.js';
import { compareInstants } from '../event/instant.js';
import { parseSafely } from '../event/parse-safely.js';
import { parseJson } from './json-body.js';
import { bodyInvalid, pointerOf } from './pointer.js';
import type { DecodeLimits, DecodingKind, Draft, Payload } from './source.js';

const text = z.record(z.string(), z.string());
const instant = z.iso.datetime({ offset: true });

/** Facts of the group that only repeat what its alerts say themselves. */
const REPEATED_FACTS = ['commonAnnotations', 'commonLabels'] as const;
const LABEL_FACTS: ReadonlySet<unknown> = new Set([...REPEATED_FACTS, 'groupLabels', 'routeLabels']);

/** Each event carries its group's facts; all copies of one request together have at most this many bytes, whatever is sent: 64 MiB. */
const GROUP_COPIES_MAX_BYTES = 67_108_864;

/** Webhook version 4 as Alertmanager 0.25 to 0.34 sends it; newer versions may add fields. */
const webhook = z.looseObject({
  version: z.literal('4'),
  status: z.enum(['firing', 'resolved']),
  receiver: z.string(),
  groupKey: z.string(),
  groupLabels: text,
  commonLabels: text,
  commonAnnotations: text,
  routeLabels: text.optional(),
  externalURL: z.string(),
  truncatedAlerts: z.number().default(0),
  notification_reason: z.string().optional(),
  alerts: z.array(z.unknown()).min(1),
});

/** Just enough of an alert to place it; its schema is checked by the manager, where a failure quarantines it. */
const placeable = z.looseObject({
  status: z.enum(['firing', 'resolved']),
  fingerprint: z.string().regex(/^[0-9a-f]{16}$/),
  labels: z.looseObject({ severity: z.string().optional() }),
  startsAt: z.string(),
  endsAt: z.string(),
});

export const alertmanager: DecodingKind = {
  kind: 'alertmanager',
  config: z.strictObject({}),
  contentTypes: ['application/json'],
  eventType: 'alertmanager.alert',
  // A 4xx would make Alertmanager send the same body for ever, its good neighbours with it.
  neverRefusesEntries: true,
  decode(payload, _config, limits) {
    const { body, unreadable } = readBody(payload, limits);
    const parsed = parseSafely(webhook, body);
    if (!parsed.success)
      throw bodyInvalid(parsed.error, 'an Alertmanager webhook, version "4", with the receiver\'s payload template at its default');
    const { alerts } = parsed.data;
    if (alerts.length > limits.maxEntries) {
      throw new RouterError(
        'BATCH_TOO_LARGE',
        `${alerts.length} alerts in one request; limits.alerts is ${limits.maxEntries}. Set max_alerts on the receiver.`,
        { pointer: '/alerts' },
      );
    }
    const group = groupFacts(parsed.data, alerts.length);
    return alerts.map((alert, index): Draft => {
      const bad = unreadable.get(index);
      if (bad !== undefined) return { type: 'alertmanager.alert', data: { unreadable: JSON.stringify(alert), group }, quarantine: bad };
      const data = typeof alert === 'object' && alert !== null && !Array.isArray(alert) ? { ...alert, group } : { alert, group };
      return { type: 'alertmanager.alert', data };
    });
  },
  place(data) {
    const placed = parseSafely(placeable, data);
    if (!placed.success) return {};
    const { fingerprint, status, labels, startsAt, endsAt } = placed.data;
    const hasEnded = status === 'resolved' && instant.safeParse(endsAt).success && compareInstants(endsAt, startsAt) > 0;
    const at = hasEnded ? endsAt : startsAt;
    return {
      correlationId: fingerprint,
      phase: status,
      ...(instant.safeParse(at).success ? { time: at } : {}),
      ...(labels.severity === undefined ? {} : { severity: labels.severity }),
    };
  },
};

/**
 * Anyone who can make an alert can name a label `__proto__` or `constructor`. Such an alert is quarantined by itself; group facts with such a key are emptied,
 * since the alerts have their labels themselves. Anywhere else the body is refused.
 */
function readBody(payload: Payload, limits: DecodeLimits): { body: Json; unreadable: ReadonlyMap<number, string> } {
  const unreadable = new Map<number, string>();
  const emptied = new Set<string>();
  const body = parseJson(payload.body, limits, (path) => {
    const [fact, index, ...below] = path;
    const what = `The key ${JSON.stringify(path.at(-1))} is never allowed.`;
    if (fact === 'alerts' && typeof index === 'number') unreadable.set(index, `${pointerOf(below)}: ${what}`);
    else if (path.length === 2 && LABEL_FACTS.has(fact)) emptied.add(String(fact));
    else throw new RouterError('BODY_FORBIDDEN_KEY', what, { pointer: pointerOf(path) });
  });
  if (emptied.size === 0 || body === null || typeof body !== 'object' || Array.isArray(body)) return { body, unreadable };
  return { body: { ...body, ...Object.fromEntries([...emptied].map((fact) => [fact, {}])) }, unreadable };
}

/** What each event carries of its group. Throws BATCH_TOO_LARGE when all copies together would exceed their bound even without what the alerts repeat. */
function groupFacts(body: z.output<typeof webhook>, copies: number): { readonly [fact: string]: unknown } {
  const { receiver, status, groupKey, groupLabels, commonLabels, commonAnnotations, externalURL, truncatedAlerts, routeLabels } = body;
  const group = {
    // Alertmanager sends it quoted for regular expressions: ns/a\.b for ns/a.b.
    receiver: receiver.replace(/\\([\\.+*?()|[\]{}^$])/g, '$1'),
    status,
    groupKey,
    groupLabels,
    commonLabels,
    commonAnnotations,
    externalURL,
    truncatedAlerts,
    ...(routeLabels === undefined ? {} : { routeLabels }),
    ...(body.notification_reason === undefined ? {} : { notificationReason: body.notification_reason }),
  };
  const isTooLarge = (facts: object): boolean => Buffer.byteLength(JSON.stringify(facts)) * copies > GROUP_COPIES_MAX_BYTES;
  if (!isTooLarge(group)) return group;
  const short = { ...group, commonLabels: {}, commonAnnotations: {}, omitted: [...REPEATED_FACTS] };
  if (!isTooLarge(short)) return short;
  throw new RouterError(
    'BATCH_TOO_LARGE',
    `The group's facts, carried by each of ${copies} alerts, would exceed ${GROUP_COPIES_MAX_BYTES} bytes.`,
    {
      pointer: '/groupKey',
    },
  );
}
