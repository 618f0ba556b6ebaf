import { z } from 'zod';
import { COMMAND_BODY_ERRORS, readCommandBody } from './command-body.js';
import type { CommandRequest, Endpoint } from './endpoint.js';

const reason = z.string().min(1).max(500).describe('Why; kept with the command.');
const step = z.string().min(1).max(200).optional().describe('Default: every step that waits for a person.');
const branch = z.int().min(0).max(1_000).optional().describe('Where several routes took the event: which of them, from 0.');
const anyJson = z.unknown();
const accepted = z.object({ id: z.string().describe('Of the command.') });
const resubmitted = z.object({
  id: z.string().describe('Of the new event.'),
  events: z.array(z.string()).optional().describe('All new events, where a body that could not be read before gave several.'),
});

interface Kind {
  readonly kind: CommandRequest['kind'];
  readonly summary: string;
  readonly schema: z.ZodObject;
}

const KINDS: readonly Kind[] = [
  {
    kind: 'retry',
    summary: 'Call the step again, under the same key, whatever became of the last call.',
    schema: z.strictObject({ reason, step, branch }),
  },
  {
    kind: 'resolve',
    summary: 'Take the step as done; later steps read `output`.',
    schema: z.strictObject({ reason, step, branch, output: anyJson.optional().describe("The step's output, as if it had been answered.") }),
  },
  { kind: 'abandon', summary: 'Take the step as failed.', schema: z.strictObject({ reason, step, branch }) },
  {
    kind: 'resubmit',
    summary: 'Send an event that has ended once more, as a new one.',
    schema: z.strictObject({ reason, data: anyJson.optional().describe('Corrected data. Default: its own.') }),
  },
];

export const commands: readonly Endpoint[] = KINDS.map(({ kind, summary, schema }) => ({
  method: 'POST',
  path: `/api/v1/events/{id}/${kind}`,
  role: 'operate',
  summary,
  params: { id: 'Event id.' },
  body: { types: ['application/json'], schema },
  answers: { 202: { description: "Durable; taken by the run's owner, once.", schema: kind === 'resubmit' ? resubmitted : accepted } },
  errors: [
    ...(kind === 'resubmit' ? (['BODY_INVALID', 'UNKNOWN_SOURCE', 'BATCH_TOO_LARGE'] as const) : []),
    'NOT_FOUND',
    'WRONG_STATE',
    ...COMMAND_BODY_ERRORS,
    'EVENT_TOO_LARGE',
    'NOT_DURABLE',
    'STOPPING',
  ],
  async handle(request, ports) {
    const {
      params: { id = '' },
      by,
    } = request;
    const given = readCommandBody(schema, request, ports) as Omit<CommandRequest, 'kind' | 'target' | 'by'>;
    return { status: 202, body: await ports.command({ ...given, kind, target: id, by }) };
  },
}));
