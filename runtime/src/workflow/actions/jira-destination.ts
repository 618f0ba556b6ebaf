import { z } from 'zod';
import { durationOr } from '../../config-text.js';
import type { DestinationKind } from '../action.js';
import { checkJira } from './jira-check.js';
import { type JiraClient, openJira } from './jira-client.js';

const config = z
  .strictObject({
    baseUrl: z.url(),
    version: z
      .union([z.literal(2), z.literal(3)])
      .default(3)
      .describe('3 for Jira Cloud; 2 for Data Center.'),
    auth: z.enum(['basic', 'bearer']).default('basic').describe('basic: email and API token; bearer: a personal access token.'),
    email: z.string().min(3).optional().describe('Of the account whose API token is used; needed for basic.'),
    tokenFile: z.string().min(1),
    settle: durationOr('60s').describe("Jira's search lags; a label is looked for only after this."),
  })
  .refine(({ auth, email }) => auth !== 'basic' || email !== undefined, {
    path: ['email'],
    message: 'expected an e-mail address with auth: basic',
  })
  .transform(({ settle, ...rest }) => ({ ...rest, settleMs: settle }));

export const jira: DestinationKind<z.output<typeof config>, JiraClient> = {
  kind: 'jira',
  config,
  open: (_name, settings, tools) => openJira(settings, tools),
  check: checkJira,
};
