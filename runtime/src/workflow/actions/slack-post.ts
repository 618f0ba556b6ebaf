import { z } from 'zod';
import type { ActionContext } from '../action.js';
import { ActionError } from '../action.js';
import { channelName, type SlackClient } from './slack-client.js';
import { postedText } from './slack-text.js';

/** Marks our messages, so that a lost answer can be looked up. */
const METADATA_TYPE = 'sre_router_step';
const PAGE_MESSAGES = 200;
const MAX_PAGES = 10;

/** Slack's clock and ours may differ by this much. */
const LOOK_BACK_MS = 300_000;

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
      text: postedText(text),
      unfurl_links: false,
      metadata: { event_type: METADATA_TYPE, event_payload: { key } },
      ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
    }),
  );
  if (answer.channel === undefined || answer.ts === undefined)
    throw new ActionError('unknown', 'malformed-answer', 'chat.postMessage: the answer has no channel or ts.');
  client.learn(channel, answer.channel);
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
      `${channelName(channel).slice(0, 80)} is not visible to the bot, so it cannot be looked whether the message arrived. Invite the bot.`,
      { retryable: false },
    );
  const oldest = ((firstIntentMs - LOOK_BACK_MS) / 1_000).toFixed(6);
  let cursor = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const asked = { channel: id, oldest, limit: PAGE_MESSAGES, include_all_metadata: true, ...(cursor === '' ? {} : { cursor }) };
    const answer = await client.call(threadTs === undefined ? 'conversations.history' : 'conversations.replies', true, signal, (api) =>
      threadTs === undefined ? api.conversations.history(asked) : api.conversations.replies({ ...asked, ts: threadTs }),
    );
    if (!Array.isArray(answer.messages))
      throw new ActionError('known', 'malformed-answer', 'Looking for the message: the answer has no list of messages.');
    for (const message of answer.messages as Found[]) {
      const payload = message.metadata?.event_payload as { key?: unknown } | undefined;
      if (message.metadata?.event_type === METADATA_TYPE && payload?.key === key && message.ts !== undefined)
        return { channel: id, ts: message.ts };
    }
    cursor = answer.response_metadata?.next_cursor ?? '';
    if (cursor === '') return undefined;
  }
  throw new ActionError('unknown', 'too-many-messages', `More than ${MAX_PAGES} pages of messages since the attempt; look by hand.`, {
    retryable: false,
  });
}

/** One chat.update; the message then says what `text` says, however often it is sent. */
export async function edit(to: Posted, text: string, { client, signal }: ActionContext<SlackClient>): Promise<Posted> {
  await client.call('chat.update', false, signal, (api) => api.chat.update({ channel: to.channel, ts: to.ts, text }));
  return { channel: to.channel, ts: to.ts };
}
