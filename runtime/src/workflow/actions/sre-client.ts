import type { Json } from '../../event/event.js';
import type { HttpClient } from './http-client.js';

/** What the fields of requests and answers are called. Answers may hold theirs deeper: "task.id". */
export interface SreShape {
  readonly task: string;
  readonly params: string;
  readonly id: string;
  readonly state: string;
}

export interface SreClient extends HttpClient {
  readonly submitPath: string;
  readonly statusPath: string;
  readonly shape: SreShape;
  /** States in which a task is over, in lower case; any other is under way. */
  readonly states: { readonly done: ReadonlySet<string>; readonly failed: ReadonlySet<string> };
  /** How often a task that is waited for is asked about. */
  readonly pollMs: number;
}

/** The value at a path of names parted by dots; undefined where there is none. */
export function fieldAt(body: Json, path: string): Json | undefined {
  let at: Json | undefined = body;
  for (const name of path.split('.')) {
    if (at === null || typeof at !== 'object' || Array.isArray(at) || !Object.hasOwn(at, name)) return undefined;
    at = at[name];
  }
  return at;
}

/** The path that tells how a task stands. */
export const statusPathOf = ({ statusPath }: SreClient, id: string): string => statusPath.replace('{id}', () => encodeURIComponent(id));
