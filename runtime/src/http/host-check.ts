/**
 * Without tokens, whoever reaches the port may do everything, so the port is on loopback. A web page could reach it all the same: through a name of its own
 * that points here (DNS rebinding), or by posting from the browser of someone on this machine. Neither has a local name in Host and Origin.
 */
export function isLocal(host: string | undefined, origin: string | undefined): boolean {
  return isLocalName(hostOf(host)) && (origin === undefined || isLocalName(originHost(origin)));
}

/** Names that no public DNS serves: addresses, single words, and the top-level domains kept for local use. An absent one is an old client, no browser. */
function isLocalName(name: string | undefined): boolean {
  if (name === undefined) return true;
  if (name.startsWith('[') || /^\d{1,3}(\.\d{1,3}){3}$/.test(name)) return true;
  return /^[a-z0-9_-]+$/i.test(name) || /\.(localhost|local|internal|test|example)\.?$/i.test(name);
}

const hostOf = (host: string | undefined): string | undefined =>
  host === undefined || host === '' ? undefined : host.replace(/:\d*$/, '');

/** "null" is what sandboxed pages and files send: refused as a page, since nothing local needs it. */
function originHost(origin: string): string {
  try {
    return new URL(origin).hostname;
  } catch {
    return 'unknown.invalid';
  }
}
