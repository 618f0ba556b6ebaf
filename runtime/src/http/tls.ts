import { readFileSync } from 'node:fs';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import { asError, RouterError } from '../errors.js';
import { watchFiles } from './watched-files.js';

export interface TlsFiles {
  /** PEM: our certificate, then those between it and its authority. */
  readonly certFile: string;
  readonly keyFile: string;
}

export interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Certificate and key as they are now. Throws CONFIG_INVALID where they cannot be read or do not belong together, and tells nothing of what is in them. */
export function readTlsPair({ certFile, keyFile }: TlsFiles): TlsPair {
  const pair = { cert: read('certFile', certFile), key: read('keyFile', keyFile) };
  try {
    createSecureContext(pair);
  } catch (error) {
    const { code = '' } = error as { code?: string };
    throw invalid(
      `${certFile} and ${keyFile} cannot be used: expected a certificate and its key, both PEM${code === '' ? '' : ` (${code})`}.`,
      error,
    );
  }
  return pair;
}

/** From the next connection on the files count as they are then; while they are broken, the last good pair does. */
export function reloadTls(server: Server, files: TlsFiles, onError: (error: Error) => void): void {
  const current = watchFiles([files.certFile, files.keyFile], () => readTlsPair(files), onError);
  let used = current();
  // Before Node's own listener, which begins the handshake.
  server.prependListener('connection', () => {
    const now = current();
    if (now !== used) server.setSecureContext({ ...now });
    used = now;
  });
}

function read(name: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw invalid(`${name}: ${asError(error).message}.`, error);
  }
}

const invalid = (detail: string, cause: unknown): RouterError => new RouterError('CONFIG_INVALID', `http.tls: ${detail}`, { cause });
