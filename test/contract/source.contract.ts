import { describe, expect, test } from '@jest/globals';
import { ERRORS, type ErrorCode, type RouterError } from '#runtime/errors.js';
import { type Event, eventSchema } from '#runtime/event/event.js';
import { SOURCE_KINDS } from '#runtime/manager/registry.js';
import type { Payload } from '#runtime/manager/source.js';
import { idsOf, sourceOfKind, type TestManager, testManager, thrown } from '#test/manager/managers.js';

export interface SourceSamples {
  /** Payloads as they really arrive, and a part of each event they give. `isNamed`: the payload names its delivery, so that a redelivery is recognised. */
  readonly good: readonly { name: string; payload: Payload; events: readonly Partial<Event>[]; isNamed?: boolean }[];
  /** Payloads that only this kind can get wrong. */
  readonly bad: readonly { name: string; payload: Payload; code: ErrorCode; pointer?: string; quarantine?: RegExp }[];
  /** A good payload with a JSON text put where the source takes any JSON, and the pointer of that place. */
  readonly anywhere: { payload(fragment: string): Payload; at: string };
  /** A good payload with a value that its one event carries unchanged. */
  readonly kept: { payload(value: string | number): Payload; read(event: Event): unknown };
}

/** Deeply nested text; never built as a value. */
const nested = (depth: number): string => `${'['.repeat(depth)}1${']'.repeat(depth)}`;

/** What no source takes: the JSON text, the code, and where below the place it stands. */
const BAD_JSON: readonly [name: string, fragment: string, code: ErrorCode, below: string | undefined][] = [
  ['nesting over limits.depth', nested(64), 'BODY_TOO_DEEP', undefined],
  ['nesting of a hundred thousand levels', nested(100_000), 'BODY_TOO_DEEP', undefined],
  ['the key __proto__', '{"a":[{"__proto__":{"polluted":1}}]}', 'BODY_FORBIDDEN_KEY', '/a/0/__proto__'],
  ['the key __proto__ in escapes', '{"\\u005f_proto\\u005f_":{"polluted":1}}', 'BODY_FORBIDDEN_KEY', '/__proto__'],
  ['the key constructor', '{"constructor":{"prototype":{"polluted":1}}}', 'BODY_FORBIDDEN_KEY', '/constructor'],
  ['a key twice', '{"b":{"a/b":1,"c":2,"a/b":3}}', 'BODY_AMBIGUOUS', '/b/a~1b'],
  ['a key twice, once in escapes', '{"a":1,"\\u0061":2}', 'BODY_AMBIGUOUS', '/a'],
  ['a number over a double', '[1e400]', 'BODY_AMBIGUOUS', '/0'],
  ['a number below a double', '-1E+999', 'BODY_AMBIGUOUS', ''],
  ['an integer that a double rounds', '[0,12345678901234567890]', 'BODY_AMBIGUOUS', '/1'],
  ['half a character', '["a","\\ud83d"]', 'BODY_AMBIGUOUS', '/1'],
  ['half a character in a key', '{"\\udc00":1}', 'BODY_AMBIGUOUS', '/\udc00'],
  ['no value', '', 'BODY_NOT_JSON', undefined],
  ['no JSON', 'NaN', 'BODY_NOT_JSON', undefined],
];

const BAD_BYTES: readonly [name: string, body: Buffer, code: ErrorCode][] = [
  ['an empty body', Buffer.alloc(0), 'BODY_NOT_JSON'],
  ['a body that ends early', Buffer.from('{"alerts":[{"status":"fir'), 'BODY_NOT_JSON'],
  ['two values', Buffer.from('{} {}'), 'BODY_NOT_JSON'],
  ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), 'BODY_NOT_UTF8'],
  ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'BODY_NOT_UTF8'],
  ['UTF-16', Buffer.from('\ufeff{"a":"ü"}', 'utf16le'), 'BODY_NOT_UTF8'],
  ['null', Buffer.from('null'), 'BODY_INVALID'],
  ['a list of lists', Buffer.from('[[]]'), 'BODY_INVALID'],
  ['a text', Buffer.from('"alerts"'), 'BODY_INVALID'],
];

/** Every kind of source passes this. */
export function testSourceContract(kind: string, samples: SourceSamples): void {
  const source = sourceOfKind(kind);
  const decoder = SOURCE_KINDS[kind];
  const isWrapping = decoder !== undefined && 'unwrap' in decoder;
  const someone = samples.good[0]?.payload ?? { body: Buffer.alloc(0), headers: {} };
  const small = { maxEntries: 8 };

  describe(`${kind} keeps the contract of a source`, () => {
    test.each(samples.good)('takes $name', ({ payload, events }) => {
      const made = testManager().decode(source, payload);
      expect(made).toHaveLength(events.length);
      expect(made).toMatchObject([...events]);
      expect(made.filter(({ quarantine }) => quarantine !== undefined)).toEqual([]);
    });

    test.each(samples.good)(
      '$name gives events of the schema, which JSON carries unchanged, with ids that are safe in a URL',
      ({ payload }) => {
        for (const event of testManager().decode(source, payload)) {
          expect(eventSchema.parse(event)).toEqual(event);
          expect(JSON.parse(JSON.stringify(event))).toStrictEqual(event);
          expect(event.id).toMatch(/^[A-Za-z0-9._~-]+$/);
        }
      },
    );

    test('a payload that names its delivery has the same ids when it is delivered again', () => {
      const manager = testManager();
      for (const { name, payload } of samples.good.filter(({ isNamed }) => isNamed))
        expect({ name, ids: idsOf(manager.decode(source, payload)) }).toEqual({ name, ids: idsOf(manager.decode(source, payload)) });
    });

    test('a payload that does not name its delivery has new ids each time', () => {
      const manager = testManager();
      for (const { payload } of samples.good.filter(({ isNamed }) => isNamed !== true)) {
        const first = idsOf(manager.decode(source, payload));
        expect(first.filter((id) => idsOf(manager.decode(source, payload)).includes(id))).toEqual([]);
      }
    });

    test('the same payload at another source never has the same ids', () => {
      const manager = testManager();
      for (const { payload } of samples.good) {
        const here = idsOf(manager.decode(source, payload));
        // What a wrapped call names itself is named within the source that it is handed to, whoever unwraps it.
        const own = isWrapping ? here.filter((id) => id.includes('3f9c1b6c')) : here;
        const there = idsOf(manager.decode(`other-${source}`, payload));
        expect(own.filter((id) => there.includes(id))).toEqual([]);
      }
    });

    test.each(samples.bad)('refuses $name, and names the field', ({ payload, code, pointer, quarantine }) => {
      const refusal = refused(testManager({ limits: small }), source, payload, isWrapping, quarantine);
      expect({ code: refusal.code, ...(pointer === undefined ? {} : { pointer: refusal.pointer }) }).toEqual({
        code,
        ...(pointer === undefined ? {} : { pointer }),
      });
      expect(ERRORS[code].status).toBeGreaterThanOrEqual(400);
      expect(ERRORS[code].status).toBeLessThan(500);
    });

    test.each(BAD_JSON)('refuses %s, and names where', (_name, fragment, code, below) => {
      const refusal = refused(testManager(), source, samples.anywhere.payload(fragment), isWrapping);
      expect(refusal.code).toBe(code);
      if (below !== undefined) expect(refusal.pointer).toBe(`${samples.anywhere.at}${below}`);
      if (code === 'BODY_TOO_DEEP') expect(refusal.pointer).toMatch(new RegExp(`^${samples.anywhere.at}/0/0/`));
      expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
    });

    test.each(BAD_BYTES)('refuses %s', (_name, body, code) => {
      expect(refused(testManager(), source, { ...someone, body }, isWrapping).code).toBe(code);
    });

    test('takes nesting up to limits.depth', () => {
      expect(testManager().decode(source, samples.anywhere.payload(nested(63)))).not.toHaveLength(0);
    });

    test('ignores a byte order mark', () => {
      const body = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), someone.body]);
      const [event, ...others] = testManager().decode(source, { ...someone, body });
      expect(others).toEqual([]);
      expect(event?.quarantine).toBeUndefined();
      expect(event?.data).toEqual(testManager().decode(source, someone)[0]?.data);
    });

    test('keeps NUL, line separators and whole characters as they came', () => {
      const text = 'nul \u0000 sep \u2028 🚒 e\u0301 \ufffd \u202e';
      const [event] = testManager().decode(source, samples.kept.payload(text)) as [Event];
      expect(event.quarantine).toBeUndefined();
      expect(samples.kept.read(event)).toBe(text);
    });

    test('−0 becomes 0, as JSON would have it', () => {
      const [event] = testManager().decode(source, samples.anywhere.payload('[-0,-0.0e5,0.5,-1]')) as [Event];
      expect(JSON.parse(JSON.stringify(event))).toStrictEqual(event);
    });

    if (!isWrapping) {
      test.each([undefined, '', 'text/plain', 'application/jsonx', 'application/xml; a=application/json'])(
        'does not take the content type %j',
        (type) => {
          const headers = type === undefined ? {} : { 'content-type': type };
          expect(refused(testManager(), source, { ...someone, headers }, false).code).toBe('CONTENT_TYPE');
        },
      );

      test.each(['application/json; charset=utf-8', 'Application/JSON'])('takes the content type %j', (type) => {
        const payload = { body: samples.kept.payload('x').body, headers: { 'content-type': type } };
        expect(testManager().decode(source, payload)).toHaveLength(1);
      });
    }

    test('an event over limits.event is refused or quarantined, and what is kept of it is within the limit', () => {
      const limits = { eventBytes: 20_000 };
      const payload = samples.kept.payload('ü'.repeat(15_000));
      let event: Event | undefined;
      try {
        [event] = testManager({ limits }).decode(source, payload);
      } catch (error) {
        expect((error as RouterError).code).toBe('EVENT_TOO_LARGE');
        return;
      }
      expect(event?.quarantine).toMatch(/: .*\d+ bytes; limits\.event is 20000/);
      expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(limits.eventBytes);
      expect(eventSchema.safeParse(event).success).toBe(true);
    });
  });
}

/** The error that a payload meets. A wrapping source keeps the body in one quarantined event instead; submitting that again meets the error. */
function refused(manager: TestManager, source: string, payload: Payload, isWrapping: boolean, quarantine?: RegExp): RouterError {
  if (!isWrapping) return thrown(() => manager.decode(source, payload));
  const [poison, ...others] = manager.decode(source, payload);
  expect(others).toEqual([]);
  expect(poison).toMatchObject({ type: 'router.poison', ingestsource: source });
  expect(eventSchema.parse(poison)).toEqual(poison);
  expect(poison?.id).toMatch(/^[A-Za-z0-9._~-]+$/);
  const refusal = thrown(() => manager.again(poison as Event, 1, undefined));
  if (quarantine === undefined) expect(poison?.quarantine).toContain(refusal.message.slice(0, 300).replace(/\.$/, ''));
  else expect(poison?.quarantine).toMatch(quarantine);
  return refusal;
}
