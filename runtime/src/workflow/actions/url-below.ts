import { ActionError } from '../action.js';

/** Anything that a server behind the URL may read as a way up or as another separator, also when it decodes twice. */
const SUSPICIOUS = /%2e|%2f|%5c|%25|\\|\p{Cc}/iu;

const refuse = (path: string): ActionError =>
  new ActionError('known', 'path-outside', `The path ${JSON.stringify(path.slice(0, 200))} could leave the destination's base URL.`, {
    retryable: false,
  });

/** The URL of a path below the base. A path with `.` or `..` in it, or that leaves the base otherwise, is refused before anything is sent. */
export function urlBelow(baseUrl: string, path: string, query: Readonly<Record<string, string>> = {}): URL {
  const base = new URL(baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`);
  const below = path.replace(/^\/+/, '');
  const segments = below.split(/[?#]/, 1)[0]?.split('/') ?? [];
  if (SUSPICIOUS.test(path) || segments.includes('..') || segments.includes('.')) throw refuse(path);
  // Joined as text: resolved against the base, "https://…" would be another host.
  const url = new URL(base.href + below);
  if (url.origin !== base.origin || !url.pathname.startsWith(base.pathname)) throw refuse(path);
  for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
  return url;
}
