import { expect, test } from '@jest/globals';
import { classifyStatus, classifyTransport, retryAfterMs } from '#runtime/workflow/classify.js';

const NOW_MS = Date.UTC(2026, 0, 1);

test.each([
  ['5', 5_000],
  ['0', 0],
  ['1.5', 1_500],
  [' 7 ', 7_000],
  ['Thu, 01 Jan 2026 00:01:30 GMT', 90_000],
  ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
  ['999999999', 86_400_000],
  ['soon', undefined],
  ['', undefined],
  [undefined, undefined],
])('Retry-After %j is %j ms', (header, expected) => {
  expect(retryAfterMs(header, NOW_MS)).toBe(expected);
});

/** As Node and undici raise them. */
const raised = (fields: object, more: object = {}): Error => Object.assign(new Error('x'), fields, more);

test.each([
  ['a refused connection', raised({ code: 'ECONNREFUSED', syscall: 'connect' }), 'known refused'],
  [
    'addresses that all refuse',
    raised({ code: 'ECONNREFUSED', errors: [raised({ code: 'ECONNREFUSED', syscall: 'connect' })] }),
    'known refused',
  ],
  ['a name that is not found', raised({ code: 'ENOTFOUND', syscall: 'getaddrinfo' }), 'known refused'],
  ['a connection that is not made in time', raised({ code: 'ETIMEDOUT', syscall: 'connect' }), 'known refused'],
  ['a wrapped one', raised({}, { cause: raised({ code: 'EHOSTUNREACH', syscall: 'connect' }) }), 'known refused'],
  ['a certificate that is not trusted', raised({ code: 'CERT_HAS_EXPIRED' }), 'known refused'],
  ['a host that vanishes from under a connection', raised({ code: 'EHOSTUNREACH', syscall: 'read' }), 'unknown answer-lost'],
  ['a connection that is reset', raised({ code: 'ECONNRESET', syscall: 'read' }), 'unknown answer-lost'],
  ['a broken pipe', raised({ code: 'EPIPE', syscall: 'write' }), 'unknown answer-lost'],
  ['a silent end of a connection', raised({ code: 'UND_ERR_SOCKET' }), 'unknown answer-lost'],
  ['a connection that times out', raised({ code: 'ETIMEDOUT', syscall: 'read' }), 'unknown timeout'],
  ['a request that the client does not make', raised({ code: 'UND_ERR_INVALID_ARG' }), 'known not-sent'],
  ['anything else', raised({}), 'unknown answer-lost'],
])('%s is %s', (_what, error, expected) => {
  const { outcome, reason } = classifyTransport(error, 'POST /');
  expect(`${outcome} ${reason}`).toBe(expected);
});

test.each([
  [400, 'known http-400 never'],
  [408, 'known http-408 again'],
  [429, 'known rate-limited again'],
  [500, 'unknown http-5xx again'],
  [503, 'unknown http-5xx again'],
  [302, 'unknown http-302 never'],
  [307, 'known http-307 never'],
])('status %i to a call that changes something is %s', (status, expected) => {
  const { outcome, reason, retryable } = classifyStatus(status, 'POST /', { safe: false });
  expect(`${outcome} ${reason} ${retryable ? 'again' : 'never'}`).toBe(expected);
});
