import { RouterError } from '../errors.js';
import { COMMAND_BODY_ERRORS, readCommandBody } from './command-body.js';
import type { Endpoint } from './endpoint.js';
import { letterDetail, letterPage, letterQuery, replayAnswer, replayRequest } from './letter-shapes.js';
import { parse } from './parse.js';

/** Records of the raw topic that could not be read, and sending them again. Only with Kafka: elsewhere what cannot be read is a quarantined event. */

export const letters: Endpoint = {
  method: 'GET',
  path: '/api/v1/dlq',
  role: 'read',
  summary: 'Dead letters: records of the raw topic that no source could read, newest first. Kafka only.',
  query: letterQuery,
  answers: { 200: { description: 'A page.', schema: letterPage } },
  errors: ['NOT_FOUND'],
  handle: async ({ query }, ports) => ({ status: 200, body: await ports.letters.list(parse(letterQuery, query, 'query')) }),
};

export const letter: Endpoint = {
  method: 'GET',
  path: '/api/v1/dlq/{record}',
  role: 'operate',
  summary: 'One dead letter as it came, to be mended.',
  params: { record: 'Percent-encoded: <partition>%2F<offset>, and the timestamp where that is not clear.' },
  answers: { 200: { description: 'The letter.', schema: letterDetail } },
  errors: ['NOT_FOUND'],
  handle: async ({ params: { record = '' } }, ports) => ({ status: 200, body: await ports.letters.show(record) }),
};

export const replay: Endpoint = {
  method: 'POST',
  path: '/api/v1/dlq/replay',
  role: 'operate',
  summary:
    'Reads dead letters once more and sends their events on; what was sent again is marked and never sent twice. Tries only, unless told to act.',
  body: { types: ['application/json'], schema: replayRequest },
  answers: { 200: { description: 'What became of each, or would.', schema: replayAnswer } },
  errors: ['NOT_FOUND', ...COMMAND_BODY_ERRORS, 'NOT_DURABLE', 'STOPPING'],
  async handle(received, ports) {
    const request = readCommandBody(replayRequest, received, ports);
    if (!request.dryRun && (request.reason ?? '').trim() === '')
      throw new RouterError('INVALID_REQUEST', 'reason: say why, in a few words.', { pointer: '/reason' });
    if (request.body !== undefined && request.records?.length !== 1)
      throw new RouterError('INVALID_REQUEST', 'body: a mended value is for one record; name it in records.', { pointer: '/records' });
    return { status: 200, body: await ports.letters.replay(request, received.by) };
  },
};
