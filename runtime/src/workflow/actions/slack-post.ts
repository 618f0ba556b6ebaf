import { z } from 'zod';
import type { ActionContext } from '../action.js';
import { ActionError } from '../action.js';
import type { SlackClient } from './slack-client.js';
import { slackText } from './slack-text.js';

/** Marks our messages, so that a lost answer can be looked up. */
const METADATA_TYPE = 'sre_router_step';
const MAX_PAGES = 10;
const LOOK_BACK_MS = 60_000;

/** A posted message, as later steps pass it on. */
export const posted = z.object({ channel: z.string(), ts: z.string() });
export type Posted = z.infer<typeof posted>;

/** One chat.postMessage that carries the step's key. */
export async function post(
  channel: string,
  text: string,
  threadTs: string | undefined,
  { client, key, signal }: ActionContext<SlackClient>,
): Promise<Posted> {
  const answer = await client.call('chat.postMessage', false, signal, (api) =>
    api.chat.postMessage({
      channel,
      text: slackText(text),
      unfurl_links: false,
      metadata: { event_type: METADATA_TYPE, event_payload: { key } },
      ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
    }),
  );
  if (answer.channel === undefined || answer.ts === undefined)
    throw new ActionError('unknown', 'malformed-answer', 'chat.postMessage: the answer has no channel or ts.');
  return { channel: answer.channel, ts: answer.ts };
}

type Found = { ts?: string; metadata?: { event_type?: string; event_payload?: unknown } };

/** The message that carries the key, or undefined when it is certainly not there. */
export async function findPosted(
  channel: string,
  threadTs: string | undefined,
  context: ActionContext<SlackClient>,
): Promise<Posted | undefined> {
  const { client, key, signal, firstIntentMs } = context;
  const id = await client.channelId(channel, signal);
  if (id === undefined)
    throw new ActionError(
      'unknown',
      'channel-not-visible',
      `${channel} is not visible to the bot, so it cannot be looked whether the message arrived. Invite the bot.`,
      { retryable: false },
    );
  const oldest = ((firstIntentMs - LOOK_BACK_MS) / 1_000).toFixed(6);
  let cursor = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const next = cursor === '' ? {} : { cursor };
    const answer = await client.call(threadTs === undefined ? 'conversations.history' : 'conversations.replies', true, signal, (api) =>
      threadTs === undefined
        ? api.conversations.history({ channel: id, oldest, limit: 200, include_all_metadata: true, ...next })
        : api.conversations.replies({ channel: id, ts: threadTs, oldest, limit: 200, include_all_metadata: true, ...next }),
    );
    for (const message of (answer.messages ?? []) as Found[]) {
      const payload = message.metadata?.event_payload as { key?: unknown } | undefined;
      if (message.metadata?.event_type === METADATA_TYPE && payload?.key === key && message.ts !== undefined)
        return { channel: id, ts: message.ts };
    }
    cursor = answer.response_metadata?.next_cursor ?? '';
    if (cursor === '') return undefined;
  }
  throw new ActionError('unknown', 'too-many-messages', `${channel} has more than ${MAX_PAGES} pages since the attempt; look by hand.`, {
    retryable: false,
  });
}
