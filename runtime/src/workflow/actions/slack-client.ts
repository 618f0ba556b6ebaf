import type { WebClient } from '@slack/web-api';
import type { DestinationTools } from '../action.js';
import { ActionError } from '../action.js';
import { OneRequest } from '../one-request.js';
import { readSecret } from './secret.js';
import { openSlackSdk } from './slack-sdk.js';

export interface SlackClient {
  readonly settleMs: number;
  /** One request. Throws ActionError. `safe`: it changes nothing. */
  call<T>(what: string, safe: boolean, signal: AbortSignal, make: (web: WebClient) => Promise<T>): Promise<T>;
  /** Channel id by name ("#sre") or id; undefined when the bot cannot see it. Asks for the list of channels at most once for each name. */
  channelId(channel: string, signal: AbortSignal): Promise<string | undefined>;
  /** Slack has said that this channel, as somebody wrote it, has this id. */
  learn(channel: string, id: string): void;
  /** One key for a channel, whether it is written by name or by an id whose name is known: "#sre". */
  channelKey(channel: string): string;
}

/** Errors of Slack that leave the outcome open; every other `ok: false` says that nothing was done. */
const OPEN = new Set(['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'team_added_to_org', 'accesslimited']);
const TRANSIENT = new Set(['ratelimited', 'rate_limited', 'message_limit_exceeded']);
const PAGE_CHANNELS = 1_000;
const MAX_CHANNEL_PAGES = 20;
const MAX_ANSWER_BYTES = 8_388_608;

export const isChannelId = (channel: string): boolean => /^[CGD][A-Z0-9]{6,}$/.test(channel);

/** "#sre", however it is written; an id stays. */
export const channelName = (channel: string): string => (isChannelId(channel) ? channel : `#${channel.replace(/^#/, '')}`);

/** What `ok: false` means. */
function refusal(data: { error?: unknown }, what: string, safe: boolean, request: OneRequest): ActionError {
  const reason = typeof data.error === 'string' ? data.error : '';
  // The SDK makes an error of any body that is no JSON: a proxy's page, half an answer.
  if (!/^[a-z0-9_]{1,80}$/i.test(reason)) return request.unreadable("the answer is not one of Slack's.");
  const detail = `${what}: Slack answered ${reason}.`;
  if (OPEN.has(reason)) return new ActionError(safe ? 'known' : 'unknown', reason, detail);
  return new ActionError('known', reason, detail, { retryable: TRANSIENT.has(reason) });
}

export function openSlack(
  { baseUrl, tokenFile, settleMs }: { baseUrl: string; tokenFile: string; settleMs: number },
  tools: DestinationTools,
): SlackClient {
  const ids = new Map<string, string>();
  const names = new Map<string, string>();

  /** The SDK over one request of ours: it cannot retry, queue, sleep or follow. A client a call, as it takes no signal by call (50 µs). */
  const over = (request: OneRequest): WebClient =>
    openSlackSdk({
      token: readSecret(tools, tokenFile),
      baseUrl,
      userAgent: tools.userAgent,
      fetch: async (url, init) => {
        const headers = Object.fromEntries(new Headers(init?.headers).entries());
        const { text, headers: got, isCut } = await request.send('POST', String(url), headers, String(init?.body ?? ''));
        if (isCut) throw request.unreadable(`the answer has more than ${MAX_ANSWER_BYTES} bytes.`);
        return new Response(text === '' ? null : text, { status: 200, headers: got });
      },
    });

  async function pages(types: string, name: string, signal: AbortSignal): Promise<string | undefined> {
    let cursor = '';
    for (let page = 0; page < MAX_CHANNEL_PAGES; page += 1) {
      const list = await self.call('conversations.list', true, signal, (api) =>
        api.conversations.list({ limit: PAGE_CHANNELS, exclude_archived: true, types, ...(cursor === '' ? {} : { cursor }) }),
      );
      for (const found of list.channels ?? []) if (found.name !== undefined && found.id !== undefined) self.learn(found.name, found.id);
      cursor = list.response_metadata?.next_cursor ?? '';
      if (ids.has(name) || cursor === '') break;
    }
    return ids.get(name);
  }

  const self: SlackClient = {
    settleMs,
    async call(what, safe, signal, make) {
      const { transport, nowMs } = tools;
      const request = new OneRequest({ what, safe, signal, maxBytes: MAX_ANSWER_BYTES, transport, nowMs });
      let answer: Awaited<ReturnType<typeof make>>;
      try {
        answer = await make(over(request));
      } catch (error) {
        const { data } = error as { data?: { error?: unknown } };
        throw data === undefined ? request.failure(error) : refusal(data, what, safe, request);
      }
      if ((answer as { ok?: unknown } | undefined)?.ok !== true) throw request.unreadable("the answer is not one of Slack's.");
      return answer;
    },
    async channelId(channel, signal) {
      if (isChannelId(channel)) return channel;
      const name = channelName(channel);
      // Public ones first: a bot without groups:read may look for those.
      return ids.get(name) ?? (await pages('public_channel', name, signal)) ?? (await pages('private_channel', name, signal));
    },
    learn(channel, id) {
      if (isChannelId(channel)) return;
      const name = channelName(channel);
      // After a rename the id's old name, and the name's old id, no longer hold.
      const oldId = ids.get(name);
      if (oldId !== undefined && oldId !== id) names.delete(oldId);
      const oldName = names.get(id);
      if (oldName !== undefined && oldName !== name) ids.delete(oldName);
      ids.set(name, id);
      names.set(id, name);
    },
    channelKey: (channel) => (isChannelId(channel) ? (names.get(channel) ?? channel) : channelName(channel)),
  };
  return self;
}
