import { z } from 'zod';
import { RouterError } from '../errors.js';
import { PHASES } from '../event/event.js';
import { parseJson, pointerOf } from './payload.js';
import type { Draft, SourceKind } from './source.js';

const instant = z.iso.datetime({ offset: true });

const adhocEvent = z.strictObject({
  type: z.string().min(1).max(256),
  data: z.json().optional(),
  source: z.string().min(1).max(1024).optional(),
  id: z.string().min(1).max(1024).optional(),
  time: instant.optional(),
  nonce: z.string().min(1).max(256).optional(),
  expirytime: instant.optional(),
  subject: z.string().max(1024).optional(),
  correlationid: z.string().min(1).max(512).optional(),
  phase: z.enum(PHASES).optional(),
});

/** `{type, data, source?, id?, time?, nonce?, expirytime?}`: what a person or a script posts. */
export const adhoc: SourceKind = {
  kind: 'adhoc',
  config: z.strictObject({}),
  contentTypes: ['application/json'],
  decode(payload, _config, limits) {
    const parsed = adhocEvent.safeParse(parseJson(payload.body, limits));
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const pointer = pointerOf(issue?.path ?? []);
      throw new RouterError(
        'BODY_INVALID',
        `Expected {type, data, source?, id?, time?, nonce?, expirytime?, correlationid?, phase?}; at ${pointer || '/'}: ${issue?.message ?? 'invalid'}.`,
        { pointer },
      );
    }
    const { type, data, source, id, time, nonce, expirytime, subject, correlationid, phase } = parsed.data;
    const originId = id ?? nonce;
    const draft: Draft = {
      type,
      data,
      ...(source === undefined ? {} : { source }),
      ...(originId === undefined ? {} : { originId }),
      ...(time === undefined ? {} : { time }),
      ...(nonce === undefined ? {} : { nonce }),
      ...(expirytime === undefined ? {} : { expiryTime: expirytime }),
      ...(subject === undefined ? {} : { subject }),
      ...(correlationid === undefined ? {} : { correlationId: correlationid }),
      ...(phase === undefined ? {} : { phase }),
    };
    return [draft];
  },
};
