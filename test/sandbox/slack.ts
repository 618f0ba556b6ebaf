import { type Answer, type Effect, type Handler, type StandIn, type StandInRequest, startStandIn } from './server.js';

interface Message {
  ts: string;
  text: string;
  thread_ts?: string;
  metadata?: { event_type: string; event_payload: { key?: string } };
}

/** Stands in for Slack's Web API: messages, threads, updates, metadata, history. Base URL: `${url}/api/`. */
export async function startSlack(onEffect?: (effect: Effect) => void, port = 0): Promise<StandIn> {
  const channels = new Map<string, { id: string; name: string; messages: Message[] }>();
  let clock = 0;
  const channelOf = (given: string): { id: string; name: string; messages: Message[] } => {
    const name = given.replace(/^#/, '');
    for (const channel of channels.values()) if (channel.id === given || channel.name === name) return channel;
    const channel = { id: `C${String(channels.size + 1).padStart(8, '0')}`, name, messages: [] };
    channels.set(channel.id, channel);
    return channel;
  };
  const handler: Handler = {
    route: ({ path }) => path.replace(/^\/api\//, ''),
    handle(request, effect): Answer {
      const { body } = request;
      const text = (name: string): string => String(body[name] ?? request.query.get(name) ?? '');
      switch (handler.route(request)) {
        case 'auth.test':
          return { headers: { 'x-oauth-scopes': 'chat:write,channels:read,channels:history' }, body: { ok: true, user: 'sre-router' } };
        case 'chat.postMessage': {
          const channel = channelOf(text('channel'));
          clock += 1;
          const metadata = body.metadata === undefined ? undefined : (asJson(body.metadata) as NonNullable<Message['metadata']>);
          const message: Message = { ts: `${Math.floor(Date.now() / 1_000)}.${String(clock).padStart(6, '0')}`, text: text('text'), ...(metadata === undefined ? {} : { metadata }) };
          if (text('thread_ts') !== '') message.thread_ts = text('thread_ts');
          channel.messages.push(message);
          effect(message.thread_ts === undefined ? 'root' : 'reply', metadata?.event_payload.key ?? '', `#${channel.name}${message.thread_ts === undefined ? '' : ' (thread)'}: ${message.text}`);
          return { body: { ok: true, channel: channel.id, ts: message.ts, message } };
        }
        case 'chat.update': {
          const message = channelOf(text('channel')).messages.find(({ ts }) => ts === text('ts'));
          if (message === undefined) return { body: { ok: false, error: 'message_not_found' } };
          message.text = text('text');
          effect('update', '', `#${channelOf(text('channel')).name} (edited): ${message.text}`);
          return { body: { ok: true, channel: channelOf(text('channel')).id, ts: message.ts, text: message.text } };
        }
        case 'conversations.history':
          return { body: { ok: true, messages: since(request, channelOf(text('channel')).messages.filter(({ thread_ts }) => thread_ts === undefined)) } };
        case 'conversations.replies':
          return { body: { ok: true, messages: since(request, channelOf(text('channel')).messages.filter(({ ts, thread_ts }) => ts === text('ts') || thread_ts === text('ts'))) } };
        case 'conversations.list':
          return { body: { ok: true, channels: [...channels.values()].map(({ id, name }) => ({ id, name })) } };
        default:
          return { body: { ok: false, error: 'unknown_method' } };
      }
    },
  };
  return startStandIn(handler, onEffect, port);
}

function since(request: StandInRequest, messages: readonly Message[]): readonly Message[] {
  const oldest = Number(request.body.oldest ?? request.query.get('oldest') ?? 0);
  return messages.filter(({ ts }) => Number(ts) >= oldest).reverse();
}

const asJson = (value: unknown): unknown => (typeof value === 'string' ? (JSON.parse(value) as unknown) : value);
