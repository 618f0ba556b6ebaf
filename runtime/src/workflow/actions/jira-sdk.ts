import { BaseClient } from 'jira.js/clients/baseClient';

export interface JiraSdkOptions {
  readonly host: string;
  /** Basic login; absent where `headers` carry the credentials. */
  readonly basic?: { readonly email: string; readonly apiToken: string };
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The part of jira.js that we use: the client that builds, signs and sends a request (`sendRequest`), the same for Cloud (v3) and Data Center (v2). Its 250
 * generated API classes only name paths. Nothing else imports jira.js, so that the published package carries this part alone (tools/ship/bundle-sdk.mjs).
 */
export function openJiraSdk({ host, basic, headers }: JiraSdkOptions): BaseClient {
  return new BaseClient({ host, ...(basic === undefined ? {} : { authentication: { basic } }), baseRequestConfig: { headers } });
}
