import type { CheckContext, Checked, LiteralUse } from '../action.js';
import { channelName, isChannelId, type SlackClient } from './slack-client.js';

/** What looking for a message of unknown outcome needs: the channel's id by its name, and its messages; of public and of private channels. */
const PROBE_SCOPES = ['channels:read', 'channels:history', 'groups:read', 'groups:history'] as const;
/** All that the actions and the lookups need: what the manifest in docs/destinations.md asks for. */
export const SLACK_SCOPES: readonly string[] = ['chat:write', ...PROBE_SCOPES];
const PROBED = new Set(['slack.message', 'slack.reply']);
const MAX_PAGES = 50;

const isProbed = (uses: readonly LiteralUse[]): boolean => uses.some(({ action }) => PROBED.has(action));
const missingOf = (needed: readonly string[], granted: readonly string[]): string[] => needed.filter((scope) => !granted.includes(scope));
const detail = (error: unknown): string => (error instanceof Error ? error.message : String(error));

interface Channel {
  readonly id: string;
  readonly name: string;
  readonly isMember: boolean;
  readonly isPrivate: boolean;
  readonly isArchived: boolean;
}

async function whoAmI(client: SlackClient, deadline: () => AbortSignal): Promise<{ bot: string; team: string; scopes: string[] }> {
  const answer = await client.call('auth.test', true, deadline(), (api) => api.auth.test());
  return { bot: answer.user ?? '?', team: answer.team ?? '?', scopes: answer.response_metadata?.scopes ?? [] };
}

/** Scopes without which a message of unknown outcome cannot be looked up; none where the mappings post nothing. */
export async function slackProbeGaps(client: SlackClient, { uses, deadline }: CheckContext): Promise<readonly string[]> {
  if (!isProbed(uses)) return [];
  return missingOf(PROBE_SCOPES, (await whoAmI(client, deadline)).scopes);
}

async function* channels(client: SlackClient, types: string, deadline: () => AbortSignal): AsyncGenerator<Channel> {
  let cursor = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const next = cursor === '' ? {} : { cursor };
    const list = await client.call('conversations.list', true, deadline(), (api) =>
      api.conversations.list({ limit: 1_000, types, ...next }),
    );
    for (const { id, name, is_member, is_private, is_archived } of list.channels ?? [])
      if (id !== undefined && name !== undefined)
        yield { id, name, isMember: is_member === true, isPrivate: is_private === true, isArchived: is_archived === true };
    cursor = list.response_metadata?.next_cursor ?? '';
    if (cursor === '') return;
  }
}

/** Channels that a mapping names as they are, not by an expression. */
function literalChannels(uses: readonly LiteralUse[]): Set<string> {
  const named = uses.flatMap(({ action, with: { channel } }) =>
    action === 'slack.message' && typeof channel === 'string' ? [channel] : [],
  );
  return new Set(named.map(channelName));
}

function judge(wanted: string, channel: Channel | undefined, scopes: readonly string[]): Checked {
  if (channel === undefined) {
    const remedy = isChannelId(wanted)
      ? 'Correct the id in the mapping; a private channel is visible only once the bot is in it (/invite).'
      : 'Create it or correct its name in the mapping; a private channel is visible only once the bot is in it (/invite).';
    return { ok: false, what: `channel ${wanted} is not there, or not visible to the bot`, remedy };
  }
  if (channel.isArchived)
    return { ok: false, what: `channel ${wanted} is archived`, remedy: 'Unarchive it, or name another in the mapping.' };
  if (channel.isMember) return { ok: true, what: `channel ${wanted}: the bot is a member` };
  if (!channel.isPrivate && scopes.includes('chat:write.public'))
    return { ok: true, what: `channel ${wanted}: the bot may post as no member, but an unknown outcome there needs a person; invite it` };
  return { ok: false, what: `the bot is no member of channel ${wanted}`, remedy: 'Invite it: /invite @<bot> in the channel.' };
}

export async function* checkSlack(client: SlackClient, { uses, deadline }: CheckContext): AsyncGenerator<Checked> {
  let scopes: string[];
  try {
    const me = await whoAmI(client, deadline);
    scopes = me.scopes;
    yield { ok: true, what: `the token works: ${me.bot} in ${me.team}` };
  } catch (error) {
    yield {
      ok: false,
      what: detail(error),
      remedy: 'Put the bot token (xoxb-…) of the installed app into tokenFile; check baseUrl and the way there.',
    };
    return;
  }
  const needed = uses.length === 0 ? [] : isProbed(uses) ? SLACK_SCOPES : ['chat:write'];
  const missing = missingOf(needed, scopes);
  for (const scope of missing)
    yield {
      ok: false,
      what: `the scope ${scope} is missing`,
      remedy:
        scope === 'chat:write'
          ? 'Add it to the app and install the app again (docs/destinations.md has a manifest).'
          : 'Add it to the app and install the app again; until then a message of unknown outcome needs a person.',
    };
  if (missing.length === 0 && needed.length > 0) yield { ok: true, what: `scopes: ${needed.join(', ')}` };
  const wanted = literalChannels(uses);
  const types = [
    ...(scopes.includes('channels:read') ? ['public_channel'] : []),
    ...(scopes.includes('groups:read') ? ['private_channel'] : []),
  ];
  if (wanted.size === 0 || types.length === 0) return;
  try {
    for await (const channel of channels(client, types.join(','), deadline)) {
      for (const name of [channel.id, `#${channel.name}`]) if (wanted.delete(name)) yield judge(name, channel, scopes);
      if (wanted.size === 0) return;
    }
  } catch (error) {
    yield { ok: false, what: `the channels cannot be listed: ${detail(error)}`, remedy: 'Try again later.' };
    return;
  }
  for (const name of wanted) yield judge(name, undefined, scopes);
}
