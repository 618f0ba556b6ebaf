import { z } from 'zod';
import { RouterError } from '../errors.js';
import { compareInstants, parseInstant } from '../event/instant.js';
import { parseJson, pointerOf } from './payload.js';
import type { Draft, SourceKind } from './source.js';

const text = z.record(z.string(), z.string());

/** Webhook version 4 as Alertmanager 0.25 to 0.34 sends it; newer versions may add fields. */
const webhook = z.looseObject({
  version: z.literal('4'),
  status: z.enum(['firing', 'resolved']),
  receiver: z.string(),
  groupKey: z.string(),
  groupLabels: text,
  commonLabels: text,
  commonAnnotations: text,
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

export const alertmanager: SourceKind = {
  kind: 'alertmanager',
  config: z.strictObject({}),
  contentTypes: ['application/json'],
  decode(payload, _config, limits) {
    const body = parseJson(payload.body, limits);
    const parsed = webhook.safeParse(body);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const pointer = pointerOf(issue?.path ?? []);
      throw new RouterError(
        'BODY_INVALID',
        `Expected an Alertmanager webhook, version "4"; at ${pointer || '/'}: ${issue?.message ?? 'invalid'}. Leave the receiver's payload template at its default.`,
        { pointer },
      );
    }
    const { alerts, notification_reason: notificationReason, ...facts } = parsed.data;
    if (alerts.length > limits.maxEntries) {
      throw new RouterError(
        'BATCH_TOO_LARGE',
        `${alerts.length} alerts in one request; limits.alerts is ${limits.maxEntries}. Set max_alerts on the receiver.`,
        { pointer: '/alerts' },
      );
    }
    const { receiver, status, groupKey, groupLabels, commonLabels, commonAnnotations, externalURL, truncatedAlerts } = facts;
    const group = {
      receiver,
      status,
      groupKey,
      groupLabels,
      commonLabels,
      commonAnnotations,
      externalURL,
      truncatedAlerts,
      ...(notificationReason === undefined ? {} : { notificationReason }),
    };
    const traceparent = payload.headers.traceparent;
    return alerts.map((alert): Draft => {
      const data = typeof alert === 'object' && alert !== null && !Array.isArray(alert) ? { ...alert, group } : { alert, group };
      const placed = placeable.safeParse(alert);
      if (!placed.success) return { type: 'alertmanager.alert', data };
      const { fingerprint, labels, startsAt, endsAt } = placed.data;
      const at =
        placed.data.status === 'resolved' && parseInstant(endsAt) !== undefined && compareInstants(endsAt, startsAt) > 0
          ? endsAt
          : startsAt;
      return {
        type: 'alertmanager.alert',
        data,
        correlationId: fingerprint,
        phase: placed.data.status,
        ...(parseInstant(at) === undefined ? {} : { time: at }),
        ...(labels.severity === undefined ? {} : { severity: labels.severity }),
        ...(traceparent === undefined ? {} : { traceparent }),
      };
    });
  },
};
