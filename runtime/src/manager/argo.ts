import { z } from 'zod';
import { RouterError } from '../errors.js';
import type { Json } from '../event/event.js';
import { parseJson, pointerOf } from './payload.js';
import type { SourceKind } from './source.js';

const config = z.strictObject({
  sources: z
    .record(z.string(), z.string())
    .default({})
    .describe("Argo event name (the CloudEvent's subject) → our source. Default: the source of the same name."),
});

/** A Sensor's HTTP or Kafka trigger, with the payload entries of charts/sre-router: event.* from the context, body (and header) from the data. */
const trigger = z.looseObject({
  event: z.looseObject({ id: z.string().min(1), subject: z.string().min(1) }),
  body: z.json(),
  header: z.record(z.string(), z.json()).optional(),
});

/** The EventBus's CloudEvent; `data` is `{header, body}` of the webhook, or the same in base64. */
const busEvent = z.looseObject({
  specversion: z.string(),
  id: z.string().min(1),
  subject: z.string().min(1),
  data: z.json().optional(),
  data_base64: z.base64().optional(),
});

const webhookData = z.looseObject({ body: z.json(), header: z.record(z.string(), z.json()).optional() });

/** http.Header → lower case, first value. */
function headersOf(header: Record<string, Json> | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(header ?? {})) {
    const first = Array.isArray(value) ? value[0] : value;
    // The body is JSON again by now, whatever its transfer encoding was.
    if (typeof first === 'string' && !/^(content-encoding|content-length)$/i.test(name)) headers[name.toLowerCase()] = first;
  }
  return headers;
}

const bytesOf = (body: Json): Buffer => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body), 'utf8');

/** What Argo Events sends: unwrapped and handed to the source named in it, with Argo's event id, so that a retried trigger is recognised. */
export const argo: SourceKind<z.output<typeof config>> = {
  kind: 'argo',
  config,
  contentTypes: ['application/json', 'application/cloudevents+json'],
  keepsPoison: true,
  decode(payload, { sources }, limits) {
    const body = parseJson(payload.body, limits);
    const fromTrigger = trigger.safeParse(body);
    if (fromTrigger.success) {
      const { event, body: inner, header } = fromTrigger.data;
      return {
        handTo: sources[event.subject] ?? event.subject,
        originId: event.id,
        payload: { body: bytesOf(inner), headers: { 'content-type': 'application/json', ...headersOf(header) } },
      };
    }
    const fromBus = busEvent.safeParse(body);
    if (!fromBus.success) {
      const issue = fromTrigger.error.issues[0];
      const pointer = pointerOf(issue?.path ?? []);
      throw new RouterError(
        'BODY_INVALID',
        `Neither a trigger payload {event: {id, subject}, body} (at ${pointer}: ${issue?.message}) nor an EventBus CloudEvent with id, subject and data.`,
        { pointer },
      );
    }
    const { id, subject, data, data_base64: encoded } = fromBus.data;
    const inner =
      typeof data === 'string'
        ? Buffer.from(data, 'base64')
        : encoded === undefined
          ? bytesOf(data ?? null)
          : Buffer.from(encoded, 'base64');
    const unwrapped = webhookData.safeParse(parseJson(inner, limits));
    if (!unwrapped.success)
      throw new RouterError('BODY_INVALID', "The CloudEvent's data is not {header, body} of a webhook EventSource.", { pointer: '/data' });
    return {
      handTo: sources[subject] ?? subject,
      originId: id,
      payload: { body: bytesOf(unwrapped.data.body), headers: { 'content-type': 'application/json', ...headersOf(unwrapped.data.header) } },
    };
  },
};
