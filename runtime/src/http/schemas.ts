import { z } from 'zod';
import { OUTCOMES, UNFINISHED } from '../journal/records.js';

const state = z.enum([...OUTCOMES, ...UNFINISHED]);
const limit = z.coerce.number().int().min(1).max(500).default(50);

export const eventsQuery = z.object({
  state: state.optional().describe('An outcome, or running, waiting, parked, ambiguous.'),
  type: z.string().optional(),
  key: z.string().optional().describe('Ordering key.'),
  limit,
  cursor: z.string().optional().describe('`next` of the page before.'),
});

export const incidentsQuery = z.object({ state: z.enum(['open', 'closed']).optional(), limit, cursor: z.string().optional() });

export const commandBody = z.strictObject({
  reason: z.string().min(1).max(500).describe('Why; kept with the command.'),
  step: z.string().optional().describe('Default: every step that waits for a person.'),
  branch: z.int().min(0).optional(),
  output: z.json().optional().describe("resolve: the step's output, as if it had been answered."),
  data: z.json().optional().describe('resubmit: the corrected data.'),
});

export const COMMANDS = ['retry', 'resolve', 'abandon', 'resubmit'] as const;

/** OpenAPI's form of a zod schema. */
export const schemaOf = (schema: z.ZodType): object => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as { $schema?: string };
  return rest;
};

/** Throws INVALID_REQUEST by way of fastify's 400. */
export function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  throw Object.assign(new Error(z.prettifyError(parsed.error).replaceAll('\n', ' ')), { statusCode: 400 });
}
