import { z } from 'zod';
import type { Endpoint } from './endpoint.js';

const accepted = z.object({
  events: z.array(
    z.object({
      id: z.string(),
      quarantine: z.string().optional().describe('Where and why its data does not have the shape of its type: it will not run.'),
    }),
  ),
});

/**
 * Delivery guarantees: 202 only when every event of the body is durable. 503: nothing is certain, send it again (Alertmanager does, and repeats are
 * recognised). 4xx: sending the same again cannot help. Never a redirect.
 */
export const ingest: Endpoint = {
  method: 'POST',
  path: '/ingest/{source}',
  role: 'ingest',
  summary: 'Takes what the source sends. 202: every event is durable. 503: send it again.',
  params: { source: 'Name of a configured source: alertmanager, adhoc, events, argo, or your own.' },
  body: { types: ['application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json'] },
  answers: { 202: { description: 'Every event is durable; in the order of the body.', schema: accepted } },
  errors: [
    'UNKNOWN_SOURCE',
    'CONTENT_TYPE',
    'BODY_NOT_JSON',
    'BODY_NOT_UTF8',
    'BODY_TOO_DEEP',
    'BODY_FORBIDDEN_KEY',
    'BODY_AMBIGUOUS',
    'BODY_NOT_INFLATABLE',
    'BODY_INVALID',
    'BATCH_TOO_LARGE',
    'EVENT_TOO_LARGE',
    'NOT_DURABLE',
    'OVERLOADED',
    'STOPPING',
  ],
  async handle({ params, body, headers }, ports) {
    const events = await ports.ingest(params.source ?? '', body, headers);
    return {
      status: 202,
      body: { events: events.map(({ id, quarantine }) => ({ id, ...(quarantine === undefined ? {} : { quarantine }) })) },
    };
  },
};
