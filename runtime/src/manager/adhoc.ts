import { z } from 'zod';
import { anyJson, PHASES } from '../event/event.js';
import { parseSafely } from '../event/parse-safely.js';
import { parseJson } from './json-body.js';
import { bodyInvalid } from './pointer.js';
import type { DecodingKind, Draft } from './source.js';
import { attributeText } from './source.js';

const instant = z.iso.datetime({ offset: true });

const adhocEvent = z.strictObject({
  type: attributeText(256),
  data: anyJson.optional(),
  source: attributeText(1024).optional(),
  id: attributeText(1024).optional(),
  time: instant.optional(),
  nonce: attributeText(256).optional(),
  expirytime: instant.optional(),
  subject: attributeText(1024).optional(),
  correlationid: attributeText(512).optional(),
  phase: z.enum(PHASES).optional(),
});

/** `{type, data, source?, id?, time?, nonce?, expirytime?, subject?, correlationid?, phase?}`: what a person or a script posts. */
export const adhoc: DecodingKind = {
  kind: 'adhoc',
  config: z.strictObject({}),
  contentTypes: ['application/json'],
  decode(payload, _config, limits) {
    const parsed = parseSafely(adhocEvent, parseJson(payload.body, limits));
    if (!parsed.success)
      throw bodyInvalid(parsed.error, '{type, data, source?, id?, time?, nonce?, expirytime?, subject?, correlationid?, phase?}');
    const { type, data, id, expirytime, correlationid, ...same } = parsed.data;
    const draft = { ...same, type, data, originId: id, expiryTime: expirytime, correlationId: correlationid };
    return [Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined)) as unknown as Draft];
  },
};
