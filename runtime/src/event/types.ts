import { z } from 'zod';
import type { Json } from './event.js';
import { anyJson } from './event.js';

const labels = z.record(z.string(), z.string());
const instant = z.iso.datetime({ offset: true });

/** One alert of an Alertmanager webhook (version 4), with the facts of the group it came in. */
export const alertSchema = z.looseObject({
  status: z.enum(['firing', 'resolved']),
  labels: labels.describe('Labels identify the alert; an empty value is an absent label.'),
  annotations: labels,
  startsAt: instant,
  endsAt: instant.describe('0001-01-01T00:00:00Z while firing.'),
  generatorURL: z.string(),
  fingerprint: z.string().regex(/^[0-9a-f]{16}$/, 'expected 16 hex digits'),
  group: z.looseObject({
    receiver: z.string().describe('As it is named in alertmanager.yml.'),
    status: z.string(),
    groupKey: z.string(),
    groupLabels: labels,
    commonLabels: labels,
    commonAnnotations: labels,
    externalURL: z.string(),
    truncatedAlerts: z.number(),
    routeLabels: labels.optional(),
    notificationReason: z.string().optional().describe('Why Alertmanager sent the group (0.34 and newer).'),
    omitted: z.array(z.string()).optional().describe('Group facts left out because the request would have become too large with them.'),
  }),
});

export const adhocTaskSchema = z.looseObject({
  task: z.string().min(1).describe('Task type of the SRE API, e.g. bounce-mac-cluster.'),
  params: z.record(z.string(), anyJson).optional(),
  channel: z.string().min(1).optional().describe('Slack channel to tell.'),
  requestedBy: z.string().optional(),
  reason: z.string().optional(),
});

export const adhocMessageSchema = z.looseObject({ text: z.string().min(1), channel: z.string().min(1).optional() });

/** Progress of a Dynamic Cache Rebuild; the correlation id is the run's. */
export const dcrRunSchema = z.looseObject({
  runId: z.string().min(1),
  cluster: z.string().min(1),
  state: z.string().min(1).describe('waiting, rebuilding, writing, done, failed, …'),
  farmers: z.int().min(0).optional(),
  expectedFarmers: z.int().min(0).optional(),
  percent: z.number().min(0).max(100).optional(),
  message: z.string().optional(),
});

interface EventType {
  readonly schema: z.ZodType;
  readonly summary: string;
  /** A whole, valid data. */
  readonly example: Readonly<Record<string, Json>>;
}

/** Types whose `data` has a schema. Any other type is carried, routed by its type, and its data is not checked. */
export const EVENT_TYPES: Readonly<Record<string, EventType>> = {
  'alertmanager.alert': {
    schema: alertSchema,
    summary: 'One alert of an Alertmanager notification.',
    example: {
      status: 'firing',
      labels: {},
      annotations: {},
      startsAt: '2026-01-01T00:00:00Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: '',
      fingerprint: '0123456789abcdef',
      group: {
        receiver: 'sre-router',
        status: 'firing',
        groupKey: '{}:{}',
        groupLabels: {},
        commonLabels: {},
        commonAnnotations: {},
        externalURL: '',
        truncatedAlerts: 0,
      },
    },
  },
  'adhoc.task': { schema: adhocTaskSchema, summary: 'Someone asks for a task of the SRE API.', example: { task: 'example' } },
  'adhoc.message': { schema: adhocMessageSchema, summary: 'Someone wants a message sent.', example: { text: 'example' } },
  'dcr.run': {
    schema: dcrRunSchema,
    summary: 'A Dynamic Cache Rebuild reports how far it is.',
    example: { runId: 'run', cluster: 'express', state: 'waiting' },
  },
};
