import { WebClient } from '@slack/web-api';

export interface SlackSdkOptions {
  readonly token: string;
  readonly baseUrl: string;
  readonly userAgent: string;
  /** In place of the SDK's own HTTP. */
  readonly fetch: (url: URL | string, init?: RequestInit) => Promise<Response>;
}

/** The SDK writes warnings to the console otherwise, with text of answers in them. */
const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  getLevel: () => 'error' as never,
  setName: () => undefined,
};

/** Slack's client with its retries, queues and logs off. Nothing else imports the SDK, so that the published package carries it inside (tools/ship/bundle-sdk.mjs). */
export function openSlackSdk({ token, baseUrl, userAgent, fetch }: SlackSdkOptions): WebClient {
  return new WebClient(token, {
    slackApiUrl: baseUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    logger: SILENT,
    headers: { 'user-agent': userAgent },
    fetch: fetch as never,
  });
}
