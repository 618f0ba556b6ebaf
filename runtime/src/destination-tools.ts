import { readFileSync } from 'node:fs';
import { EnvHttpProxyAgent } from 'undici';
import { systemClock } from './clock.js';
import { registerSecret } from './redact.js';
import type { DestinationTools } from './workflow/action.js';
import { lookupAsPermitted } from './workflow/link-local.js';
import { openTransport } from './workflow/transport.js';

/** Shorter than a call's usual 10 s, so that a host that swallows connections is a known failure and not a time-out of unknown outcome. */
const CONNECT_TIMEOUT_MS = 5_000;

/** What destinations are opened with in a real process. `close` drops idle connections. */
export function destinationTools(version: string): DestinationTools & { close(): Promise<void> } {
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: CONNECT_TIMEOUT_MS, lookup: lookupAsPermitted() } });
  return {
    secret(file) {
      const value = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
      registerSecret(value);
      return value;
    },
    hide: registerSecret,
    transport: openTransport(dispatcher),
    userAgent: `sre-router/${version}`,
    nowMs: () => systemClock.nowMs(),
    close: () => dispatcher.destroy(),
  };
}
