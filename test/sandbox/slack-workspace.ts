import { createHash } from 'node:crypto';
import { isRecord } from './is-record.js';
import type { SandboxAnswer } from './server.js';

const SCOPES = ['chat:write', 'chat:write.public', 'channels:read', 'channels:history', 'groups:read', 'groups:history'];
const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;
const ID = /^[CGD][A-Z0-9]{6,}$/;

export interface Message {
  readonly micros: number;
  readonly ts: string;
  readonly threadTs: string | undefined;
  readonly metadata: unknown;
  text: string;
}

export interface Channel {
  readonly id: string;
  readonly name: string;
  readonly messages: Message[];
  isMember: boolean;
  isPrivate: boolean;
  isArchived: boolean;
}

export type Fields = Readonly<Record<string, unknown>>;

export const answer = (body: Fields): SandboxAnswer => ({ status: 200, body });
export const refused = (error: string): SandboxAnswer => answer({ ok: false, error });
export const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined || value === null ? '' : String(value);
export const isTrue = (value: unknown): boolean => value === true || value === 'true' || value === '1';

/** The channel id of a name: the same in every run. */
const idOf = (name: string): string => `C${createHash('sha256').update(name).digest('hex').slice(0, 10).toUpperCase()}`;

function page<T>(all: readonly T[], fields: Fields, mostItems: number): { items: readonly T[]; next: string } {
  const from = Number(Buffer.from(textOf(fields.cursor), 'base64url').toString()) || 0;
  const limit = Math.min(Math.max(Number(textOf(fields.limit)) || DEFAULT_PAGE, 1), mostItems);
  const to = from + limit;
  return { items: all.slice(from, to), next: to < all.length ? Buffer.from(String(to)).toString('base64url') : '' };
}

/** What a Slack workspace is before anybody posts: channels, and what the bot may. */
export class Workspace {
  readonly #byId = new Map<string, Channel>();
  #scopes: readonly string[] = SCOPES;
  #token: string | undefined;
  #pageItems = MAX_PAGE;

  /** A workspace has channels before anybody writes to them. */
  constructor() {
    for (const name of ['sre', 'dcr', 'alerts']) this.channel(name);
  }

  get scopes(): readonly string[] {
    return this.#scopes;
  }

  takes(authorization: string | undefined): boolean {
    return this.#token === undefined || authorization === `Bearer ${this.#token}`;
  }

  /** Names beginning with `missing` are channels that the bot cannot see. */
  channel(channel: string): Channel | undefined {
    const name = channel.replace(/^#/, '');
    if (name === '' || name.startsWith('missing')) return undefined;
    const id = ID.test(name) ? name : idOf(name);
    const fresh = { id, name: id === name ? name.toLowerCase() : name, messages: [], isMember: true, isPrivate: false, isArchived: false };
    const known = this.#byId.get(id) ?? fresh;
    this.#byId.set(id, known);
    return known;
  }

  /** scopes: those granted · token: the only one taken · pageItems: most items a page, whatever is asked for · channels: {name: {member, private, archived}}, all of them by default a member's and public. */
  configure({ scopes, token, pageItems, channels }: Fields): void {
    if (typeof pageItems === 'number') this.#pageItems = pageItems;
    if (Array.isArray(scopes)) this.#scopes = scopes.map(String);
    if (typeof token === 'string') this.#token = token;
    for (const [name, facts] of Object.entries(isRecord(channels) ? channels : {})) {
      const channel = this.channel(name);
      if (channel === undefined || !isRecord(facts)) throw new Error('channels is {name: {member, private, archived}}.');
      channel.isMember = facts.member !== false;
      channel.isPrivate = facts.private === true;
      channel.isArchived = facts.archived === true;
    }
  }

  /** Why Slack would not do this here: scopes first, then what the bot may see. */
  denial(method: string, { isMember, isPrivate, isArchived }: Channel): SandboxAnswer | undefined {
    const reads = method.startsWith('conversations.');
    const needed = reads ? (isPrivate ? 'groups:history' : 'channels:history') : 'chat:write';
    if (!this.#scopes.includes(needed)) return this.#missingScope(needed);
    if (isArchived && !reads) return refused('is_archived');
    if (isMember) return undefined;
    if (isPrivate) return refused('channel_not_found');
    return reads || !this.#scopes.includes('chat:write.public') ? refused('not_in_channel') : undefined;
  }

  list(fields: Fields): SandboxAnswer {
    const types = textOf(fields.types || 'public_channel').split(',');
    for (const type of types) {
      const needed = type === 'private_channel' ? 'groups:read' : 'channels:read';
      if (!this.#scopes.includes(needed)) return this.#missingScope(needed);
    }
    const all = [...this.#byId.values()].filter(
      ({ isMember, isPrivate, isArchived }) =>
        types.includes(isPrivate ? 'private_channel' : 'public_channel') &&
        (isMember || !isPrivate) &&
        !(isArchived && isTrue(fields.exclude_archived)),
    );
    const { items, next } = this.page(all, fields);
    const channels = items.map(({ id, name, isMember, isPrivate, isArchived }) => ({
      id,
      name,
      is_channel: true,
      is_archived: isArchived,
      is_private: isPrivate,
      is_member: isMember,
    }));
    return answer({ ok: true, channels, response_metadata: { next_cursor: next } });
  }

  page<T>(all: readonly T[], fields: Fields): { items: readonly T[]; next: string } {
    return page(all, fields, this.#pageItems);
  }

  #missingScope(needed: string): SandboxAnswer {
    return answer({ ok: false, error: 'missing_scope', needed, provided: this.#scopes.join(',') });
  }
}
