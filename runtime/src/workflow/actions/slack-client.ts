import { ErrorCode, type Logger, LogLevel, WebClient } from '@slack/web-api';
import { z } from 'zod';
import { durationOr } from '../../config-text.js';
import type { DestinationKind } from '../action.js';
import { ActionError } from '../action.js';
import { classifyStatus, classifyTransport } from './classify.js';

const config = z
  .strictObject({
    baseUrl: z.url().default('https://slack.com/api/'),
    tokenFile: z.string().min(1).describe('File with the bot token (xoxb-…). Read again for each call, so it can be rotated.'),
    settle: durationOr('3s'),
  })
  .transform(({ settle, ...rest }) => ({ ...rest, settleMs: settle }));

export interface SlackClient {
  readonly settleMs: number;
  /** One request. Throws ActionError. `safe`: it changes nothing. */
  call<T>(what: string, safe: boolean, signal: AbortSignal, make: (web: WebClient) => Promise<T>): Promise<T>;
  /** Channel id by name ("#sre") or id; undefined when the bot cannot see it. */
  channelId(channel: string, signal: AbortSignal): Promise<string | undefined>;
}

/** Errors of Slack that leave the outcome open; every other `ok: false` says that nothing was done. */
const OPEN = new Set(['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'team_added_to_org', 'accesslimited']);
const TRANSIENT = new Set(['ratelimited', 'rate_limited', 'message_limit_exceeded']);
const MAX_CHANNEL_PAGES = 20;

const nothing = (): void => undefined;
/** The SDK would write lines of its own to the console, past the router's log and its redaction. What it has to say, its errors say. */
const SILENT: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  setLevel: nothing,
  getLevel: () => LogLevel.ERROR,
  setName: nothing,
};

function classify(error: unknown, what: string, safe: boolean): ActionError {
  if (error === null || typeof error !== 'object' || !('code' in error)) return classifyTransport(error, what, safe);
  const { code, statusCode, retryAfter, data } = error as {
    code: string;
    statusCode?: number;
    retryAfter?: number;
    data?: { error?: string };
  };
  if (code === ErrorCode.RateLimitedError)
    return new ActionError('known', 'rate-limited', `${what}: asked to wait.`, { status: 429, retryAfterMs: (retryAfter ?? 1) * 1_000 });
  if (code === ErrorCode.HTTPError) return classifyStatus(statusCode ?? 500, what, { safe });
  if (code === ErrorCode.PlatformError) {
    const reason = data?.error ?? 'unknown_error';
    // The SDK makes an error of any body that is no JSON: a proxy's page, half an answer.
    if (!/^[a-z0-9_]{1,80}$/i.test(reason))
      return new ActionError(safe ? 'known' : 'unknown', 'malformed-answer', `${what}: the answer is not one of Slack's.`);
    if (OPEN.has(reason)) return new ActionError(safe ? 'known' : 'unknown', reason, `${what}: Slack answered ${reason}.`);
    return new ActionError('known', reason, `${what}: Slack answered ${reason}.`, { retryable: TRANSIENT.has(reason) });
  }
  return classifyTransport(error, what, safe);
}

export const slack: DestinationKind<z.output<typeof config>, SlackClient> = {
  kind: 'slack',
  config,
  defaultBudget: { perSecond: 1, per: 'channel' },
  open(_name, { baseUrl, tokenFile, settleMs }, tools) {
    let web: { token: string; client: WebClient } | undefined;
    const ids = new Map<string, string>();
    const client = (): WebClient => {
      const token = tools.secret(tokenFile);
      if (web?.token !== token) {
        web = {
          token,
          client: new WebClient(token, {
            slackApiUrl: baseUrl,
            retryConfig: { retries: 0 },
            rejectRateLimitedCalls: true,
            maxRequestConcurrency: 1_000,
            allowAbsoluteUrls: false,
            logger: SILENT,
          }),
        };
      }
      return web.client;
    };
    const self: SlackClient = {
      settleMs,
      async call(what, safe, signal, make) {
        signal.throwIfAborted();
        let answer: Awaited<ReturnType<typeof make>>;
        try {
          answer = await make(client());
        } catch (error) {
          throw classify(error, what, safe);
        }
        if ((answer as { ok?: unknown } | undefined)?.ok !== true)
          throw new ActionError(safe ? 'known' : 'unknown', 'malformed-answer', `${what}: the answer is not one of Slack's.`);
        return answer;
      },
      async channelId(channel, signal) {
        if (/^[CGD][A-Z0-9]{6,}$/.test(channel)) return channel;
        const name = channel.replace(/^#/, '');
        let cursor = '';
        for (let page = 0; page < MAX_CHANNEL_PAGES && !ids.has(name); page += 1) {
          const list = await self.call('conversations.list', true, signal, (api) =>
            api.conversations.list({
              limit: 1_000,
              exclude_archived: true,
              types: 'public_channel,private_channel',
              ...(cursor === '' ? {} : { cursor }),
            }),
          );
          for (const found of list.channels ?? []) if (found.name !== undefined && found.id !== undefined) ids.set(found.name, found.id);
          cursor = list.response_metadata?.next_cursor ?? '';
          if (cursor === '') break;
        }
        return ids.get(name);
      },
    };
    return self;
  },
  async check(client) {
    try {
      await client.call('auth.test', true, AbortSignal.timeout(10_000), (api) => api.auth.test());
      await client.channelId('#', AbortSignal.timeout(10_000));
      return [];
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error);
      return [
        {
          what,
          remedy:
            'Install the Slack app with the scopes chat:write, channels:read, channels:history, groups:read, groups:history, and put its bot token into tokenFile.',
        },
      ];
    }
  },
};
