import { z } from 'zod';
import { parseDurationMs } from '../clock.js';

/** The shape of a mapping file. Strict: an unknown key is an error. Values are kept as written; compile.ts gives them meaning. */

const name = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/, 'expected a letter, then letters, digits, _ or - (64 at most)')
  .describe('A letter, then letters, digits, "_" or "-".');
const stepId = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'expected a letter or _, then letters, digits or _ (64 at most)')
  .describe('Names the step: later steps read its output as steps.<id>.');
const duration = z
  .string()
  .regex(/^(\d+(\.\d+)?(ms|s|m|h|d))+$/, 'expected a duration such as 500ms, 30s, 10m, 2h')
  .refine((text) => parseDurationMs(text) !== undefined, 'expected a duration such as 500ms, 30s, 10m, 2h')
  .describe('A duration: 500ms, 30s, 10m, 2h, 7d.');
const cel = z.string().min(1).describe('A CEL expression over event, data, steps and incident.');

export const retrySchema = z
  .strictObject({
    attempts: z.int().min(1).max(1000).optional().describe('Calls in all, the first included. Default: no limit but maxAge.'),
    backoff: duration.optional().describe('First wait; doubles each time, with jitter. Default 1s.'),
    maxBackoff: duration.optional().describe('Longest wait. Default 5m.'),
    maxAge: duration.optional().describe('Give up this long after the first attempt. Default 24h.'),
  })
  .describe('How a failed call is tried again.');

export const stepSchema = z
  .strictObject({
    id: stepId,
    use: z.string().min(1).describe('The action, such as slack.message.'),
    destination: z.string().min(1).optional().describe('A destination of the configuration. Default: the default of the action.'),
    with: z.record(z.string(), z.json()).optional().describe("The action's input. Texts may hold ${{ CEL }}; $${{ is a literal."),
    when: cel.optional().describe('CEL: the step runs only if true. An error here is a failure of the step.'),
    timeout: duration.optional().describe('Longest time for one call. Default: that of the destination.'),
    retry: retrySchema.optional(),
    onError: z.enum(['stop', 'continue', 'park']).optional().describe('What follows when the step has failed for good. Default stop.'),
    once: z
      .strictObject({ within: duration })
      .optional()
      .describe('At most once per ordering key in this time; later runs get the output of the first.'),
    always: z.boolean().optional().describe('Run even if the incident was closed meanwhile. Default false.'),
  })
  .describe('One call of an action.');

const list = z.array(stepSchema).max(50);

export const routeSchema = z
  .strictObject({
    name: name.describe('Unique among all mapping files.'),
    when: cel.optional().describe('CEL: the route takes the event if true. Absent: it takes every event of its type.'),
    mode: z.enum(['live', 'shadow']).optional().describe('shadow plans and records, but calls nothing. Default live.'),
    critical: z.boolean().optional().describe('Has its own lane; never collapses into a digest. Default false.'),
    continue: z.boolean().optional().describe('Let later routes take the event too. Default false.'),
    actions: list.optional().describe('Run when the event is news (or opens an incident).'),
    reopened: list.optional().describe('Run when a closed incident begins again.'),
    repeated: list.optional().describe('Run at each repeat of an open incident.'),
    updated: list.optional().describe('Run at each update of an open incident.'),
    resolved: list.optional().describe('Run when the incident is resolved. Also run at expiry if there is no expired list.'),
    expired: list.optional().describe('Run when the incident expires without a sign of life. Default: resolved.'),
  })
  .describe('Which events, and what to do.');

const jsonObject = z.record(z.string(), z.json());

export const testSchema = z
  .strictObject({
    name: z.string().min(1).describe('The rule that this test shows.'),
    event: jsonObject.describe('The event; what is left out is filled in. `type` and `data` matter.'),
    list: z
      .enum(['actions', 'reopened', 'repeated', 'updated', 'resolved', 'expired'])
      .optional()
      .describe('Which list runs. Default actions.'),
    incident: z.strictObject({ state: z.enum(['open', 'closed']).optional(), steps: jsonObject.optional() }).optional(),
    outputs: jsonObject.optional().describe('Outputs by step id. What is left out is made from the schema of the output.'),
    expect: z.strictObject({
      route: z.string().optional().describe('The one route that takes the event.'),
      routes: z.array(z.string()).optional().describe('All routes that take the event, in order.'),
      none: z.boolean().optional().describe('True: no route takes the event.'),
      actions: z.array(z.string()).optional().describe('Ids of the steps that run, in order.'),
      with: z.record(z.string(), jsonObject).optional().describe('Parts of the input of steps, by id.'),
    }),
  })
  .describe('An event and what must come of it.');

export const mappingFileSchema = z
  .strictObject({
    $schema: z.string().optional(),
    routes: z
      .record(z.string().min(1).max(256), z.array(routeSchema).max(500))
      .describe('Routes by event type; the first that matches takes the event.'),
    tests: z.array(testSchema).max(1000).optional().describe('Run by `sre-router check`.'),
  })
  .describe('A mapping file of sre-router.');

export type MappingFile = z.infer<typeof mappingFileSchema>;
export type RouteText = z.infer<typeof routeSchema>;
export type StepText = z.infer<typeof stepSchema>;
export type MappingTest = z.infer<typeof testSchema>;

/** What is committed as mappings/mapping.schema.json: JSON Schema 2020-12 with descriptions for editors. */
export function mappingJsonSchema(): string {
  const schema = z.toJSONSchema(mappingFileSchema, { io: 'input', reused: 'ref' });
  return `${JSON.stringify({ title: 'sre-router mapping', ...schema }, null, 2)}\n`;
}
