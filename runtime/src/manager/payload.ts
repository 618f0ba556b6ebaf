import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { RouterError } from '../errors.js';
import type { Payload } from './source.js';

const inflate = promisify(gunzip);

/** Inflates a gzip body, never beyond `maxBytes`; checks the size of any other. Throws BODY_TOO_LARGE, BODY_NOT_INFLATABLE, CONTENT_TYPE. */
export async function readPayload(raw: Buffer, headers: Payload['headers'], maxBytes: number): Promise<Payload> {
  const tooLarge = (): RouterError =>
    new RouterError('BODY_TOO_LARGE', `The body is larger than limits.body (${maxBytes} bytes). Send fewer entries, or raise it.`);
  if (raw.length > maxBytes) throw tooLarge();
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return { body: raw, headers };
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new RouterError('CONTENT_TYPE', `Content-Encoding ${encoding.slice(0, 40)} is not taken; send gzip or none.`);
  }
  try {
    return { body: await inflate(raw, { maxOutputLength: maxBytes }), headers };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new RouterError('BODY_NOT_INFLATABLE', 'Content-Encoding says gzip, but the body does not inflate.', { cause: error });
  }
}
