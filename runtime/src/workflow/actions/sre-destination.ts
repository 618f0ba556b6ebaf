import { z } from 'zod';
import { durationOr } from '../../config-text.js';
import type { DestinationKind } from '../action.js';
import { idempotencyConfig, openHttp } from './http-client.js';
import { readSecret } from './secret.js';
import { checkSre } from './sre-check.js';
import type { SreClient } from './sre-client.js';

const field = (name: string) =>
  z
    .string()
    .regex(/^[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*$/, 'expected a field name, or several with dots between')
    .default(name);
const states = (...names: string[]) => z.array(z.string().min(1)).min(1).default(names);

const config = z
  .strictObject({
    baseUrl: z.url(),
    tokenFile: z.string().min(1).optional().describe('File with the bearer token.'),
    submitPath: z.string().startsWith('/').default('/tasks').describe('A task is submitted by POST here.'),
    statusPath: z
      .string()
      .regex(/^\/.*\{id\}/, 'expected a path with {id}')
      .default('/tasks/{id}')
      .describe('GET here tells how a task stands.'),
    idempotency: idempotencyConfig,
    shape: z
      .strictObject({
        task: field('task').describe('Field of the request that names the task type.'),
        params: field('params').describe('Field of the request that holds the parameters.'),
        id: field('id').describe('Field of answers that holds the id; deeper ones by dots, e.g. task.id.'),
        state: field('state').describe('Field of answers that holds the state.'),
      })
      .prefault({}),
    states: z
      .strictObject({
        done: states('done', 'succeeded', 'success', 'completed').describe('States of a task that ended well. Case does not matter.'),
        failed: states('failed', 'error', 'cancelled', 'canceled').describe(
          'States of a task that ended badly. Any other state is under way.',
        ),
      })
      .prefault({}),
    poll: durationOr('5s').describe('How often a task is asked about with wait: true; rarer where Retry-After of an answer says so.'),
  })
  .transform(({ poll, ...rest }) => ({ ...rest, pollMs: poll }));

const lowerCase = (names: readonly string[]): ReadonlySet<string> => new Set(names.map((name) => name.toLowerCase()));

export const sre: DestinationKind<z.output<typeof config>, SreClient> = {
  kind: 'sre',
  config,
  open(_name, { baseUrl, tokenFile, submitPath, statusPath, idempotency, shape, states: { done, failed }, pollMs }, tools) {
    const headers = (): Record<string, string> =>
      tokenFile === undefined ? {} : { authorization: `Bearer ${readSecret(tools, tokenFile)}` };
    const http = openHttp({ baseUrl, idempotency, headers }, tools);
    return { ...http, submitPath, statusPath, shape, states: { done: lowerCase(done), failed: lowerCase(failed) }, pollMs };
  },
  check: checkSre,
};
