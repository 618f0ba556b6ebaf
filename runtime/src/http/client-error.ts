import type { Socket } from 'node:net';
import type { ErrorCode } from '../errors.js';
import { makeProblem, PROBLEM_TYPE } from './problem.js';

const CODES: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
};
const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** Answers what never became a request (no HTTP, too slow, headers too large) on its socket, and ends it. Resolves with the status, undefined: nobody to answer. */
export function answerClientError(error: Error, socket: Socket): number | undefined {
  const { code } = error as { code?: string };
  const { _httpMessage: answering } = socket as { _httpMessage?: { headersSent: boolean } };
  // Without a handshake there is no way to answer: what is written waits for it, and the connection with it.
  const isBeforeTls = /^ERR_(TLS|SSL)_|^EPROTO$/.test(code ?? '');
  if (code === 'ECONNRESET' || isBeforeTls || !socket.writable || answering?.headersSent === true) {
    socket.destroy();
    return undefined;
  }
  const problem = makeProblem(
    CODES[code ?? ''] ?? 'INVALID_REQUEST',
    CODES[code ?? ''] === undefined ? 'What arrived is not HTTP/1.1.' : undefined,
  );
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_TEXTS[problem.status] ?? 'Error'}`,
    `Content-Type: ${PROBLEM_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  return problem.status;
}
