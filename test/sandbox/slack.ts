import { isRecord } from './is-record.js';
import { type Effect, type Handler, type SandboxAnswer, type SandboxRequest, type StandIn, startStandIn } from './server.js';
import { answer, type Channel, type Fields, isTrue, type Message, refused, textOf, Workspace } from './slack-workspace.js';

const MAX_POSTED_CHARACTERS = 40_000;
const MAX_EDITED_BYTES = 4_000;
const microsOf = (ts: unknown): number => Math.round((Number(textOf(ts)) || 0) * 1e6);

/** @slack/web-api sends objects as JSON text. */
function structured(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function keyOf(metadata: unknown): string | null {
  const payload = isRecord(metadata) ? metadata.event_payload : undefined;
  return isRecord(payload) && typeof payload.key === 'string' ? payload.key : null;
}

class Slack implements Handler {
  readonly #workspace = new Workspace();
  #lastMicros = 0;

  /** The method. A channel is there as soon as somebody names it, even where a fault then strikes: channels exist before messages do. */
  route(request: SandboxRequest): string {
    const channel = this.#fields(request).channel;
    if (typeof channel === 'string' && channel !== '') this.#workspace.channel(channel);
    return request.path.replace(/^\/(?:api\/)?/, '');
  }

  handle(request: SandboxRequest, effect: (key: string | null, detail: Fields) => void): SandboxAnswer {
    const fields = this.#fields(request);
    const method = request.path.replace(/^\/(?:api\/)?/, '');
    if (!this.#workspace.takes(request.headers.authorization)) return refused('invalid_auth');
    if (method === 'auth.test') return this.#authTest();
    if (method === 'conversations.list') return this.#workspace.list(fields);
    const channel = this.#workspace.channel(textOf(fields.channel));
    if (channel === undefined) return refused('channel_not_found');
    const denied = this.#workspace.denial(method, channel);
    if (denied !== undefined) return denied;
    switch (method) {
      case 'chat.postMessage':
        return this.#post(channel, fields, effect);
      case 'chat.update':
        return this.#update(channel, fields, effect);
      case 'chat.getPermalink': {
        const ts = textOf(fields.message_ts);
        if (!channel.messages.some((message) => message.ts === ts)) return refused('message_not_found');
        return answer({
          ok: true,
          channel: channel.id,
          permalink: `https://sandbox.slack.example/archives/${channel.id}/p${ts.replace('.', '')}`,
        });
      }
      case 'conversations.history': {
        const top = channel.messages.filter(({ threadTs }) => threadTs === undefined);
        return this.#messages(channel, this.#within(top, fields).reverse(), fields);
      }
      case 'conversations.replies': {
        const parent = channel.messages.find(({ ts }) => ts === textOf(fields.ts));
        if (parent === undefined) return refused('thread_not_found');
        const replies = channel.messages.filter(({ threadTs }) => threadTs === parent.ts);
        return this.#messages(channel, [parent, ...this.#within(replies, fields)], fields);
      }
      default:
        return refused('unknown_method');
    }
  }

  configure(settings: Fields): void {
    this.#workspace.configure(settings);
  }

  #fields({ query, body }: SandboxRequest): Fields {
    return { ...Object.fromEntries(query), ...body };
  }

  #authTest(): SandboxAnswer {
    const body = {
      ok: true,
      url: 'https://sandbox.slack.example/',
      team: 'Sandbox',
      user: 'sre-router',
      team_id: 'T0SANDBOX',
      user_id: 'U0SANDBOX',
      bot_id: 'B0SANDBOX',
    };
    return { status: 200, body, headers: { 'x-oauth-scopes': this.#workspace.scopes.join(',') } };
  }

  #post(channel: Channel, fields: Fields, effect: (key: string | null, detail: Fields) => void): SandboxAnswer {
    const text = textOf(fields.text);
    if (text === '' && fields.blocks === undefined) return refused('no_text');
    if (text.length > MAX_POSTED_CHARACTERS) return refused('msg_too_long');
    const metadata = structured(fields.metadata);
    if (
      fields.metadata !== undefined &&
      !(isRecord(metadata) && typeof metadata.event_type === 'string' && isRecord(metadata.event_payload))
    ) {
      return refused('invalid_metadata_format');
    }
    this.#lastMicros = Math.max(Date.now() * 1_000, this.#lastMicros + 1);
    const digits = String(this.#lastMicros);
    const threadTs = textOf(fields.thread_ts) || undefined;
    const message: Message = { micros: this.#lastMicros, ts: `${digits.slice(0, -6)}.${digits.slice(-6)}`, threadTs, metadata, text };
    channel.messages.push(message);
    effect(keyOf(metadata), { channel: channel.id, channelName: channel.name, ts: message.ts, threadTs: threadTs ?? null, text });
    return answer({ ok: true, channel: channel.id, ts: message.ts, message: this.#shown(message, true) });
  }

  #update(channel: Channel, fields: Fields, effect: (key: string | null, detail: Fields) => void): SandboxAnswer {
    const message = channel.messages.find(({ ts }) => ts === textOf(fields.ts));
    if (message === undefined) return refused('message_not_found');
    const text = textOf(fields.text);
    if (text === '' && fields.blocks === undefined) return refused('no_text');
    if (Buffer.byteLength(text) > MAX_EDITED_BYTES) return refused('msg_too_long');
    message.text = text;
    // Saying the same again changes nothing more, so an update has no key; the message's own tells which it is.
    effect(null, { channel: channel.id, channelName: channel.name, ts: message.ts, text, messageKey: keyOf(message.metadata) });
    return answer({ ok: true, channel: channel.id, ts: message.ts, text, message: this.#shown(message, true) });
  }

  #within(messages: readonly Message[], { oldest, latest, inclusive }: Fields): Message[] {
    const from = microsOf(oldest);
    const to = microsOf(latest) || Number.POSITIVE_INFINITY;
    const edge = isTrue(inclusive);
    return messages.filter(({ micros }) => (micros > from || (edge && micros === from)) && (micros < to || (edge && micros === to)));
  }

  #messages({ messages: all }: Channel, found: readonly Message[], fields: Fields): SandboxAnswer {
    const { items, next } = this.#workspace.page(found, fields);
    const withMetadata = isTrue(fields.include_all_metadata);
    const messages = items.map((message) => {
      const replies = all.filter(({ threadTs }) => threadTs === message.ts).length;
      return { ...this.#shown(message, withMetadata), ...(replies > 0 ? { thread_ts: message.ts, reply_count: replies } : {}) };
    });
    return answer({ ok: true, messages, has_more: next !== '', response_metadata: { next_cursor: next } });
  }

  #shown({ ts, threadTs, text, metadata }: Message, withMetadata: boolean): Fields {
    return {
      type: 'message',
      user: 'U0SANDBOX',
      bot_id: 'B0SANDBOX',
      ts,
      text,
      ...(threadTs === undefined ? {} : { thread_ts: threadTs }),
      ...(withMetadata && metadata !== undefined ? { metadata } : {}),
    };
  }
}

/** Slack's Web API. Routes of faults: the methods, e.g. `chat.postMessage`. The url ends with /api/. */
export const startSlack = (onEffect?: (name: string, effect: Effect) => void): Promise<StandIn> =>
  startStandIn('slack', new Slack(), onEffect, '/api/');
