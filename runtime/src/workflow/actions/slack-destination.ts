import { z } from 'zod';
import { durationOr } from '../../config-text.js';
import type { DestinationKind } from '../action.js';
import { checkSlack, slackProbeGaps } from './slack-check.js';
import { openSlack, type SlackClient } from './slack-client.js';

const config = z
  .strictObject({
    baseUrl: z.url().default('https://slack.com/api/'),
    tokenFile: z.string().min(1).describe('File with the bot token (xoxb-…). Read again for each call, so it can be rotated.'),
    settle: durationOr('3s').describe('After an unknown outcome the channel is searched only after this.'),
  })
  .transform(({ settle, ...rest }) => ({ ...rest, settleMs: settle }));

export const slack: DestinationKind<z.output<typeof config>, SlackClient> = {
  kind: 'slack',
  config,
  defaultBudget: { perSecond: 1, per: 'channel' },
  open: (_name, settings, tools) => openSlack(settings, tools),
  check: checkSlack,
  probeGaps: slackProbeGaps,
};
