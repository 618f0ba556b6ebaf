import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { readDeadLetter, readMark, writeDeadLetter, writeMark } from '#runtime/log/kafka/dead-letter.js';
import { DLQ_ROOM_BYTES, RAW_BYTES } from '#runtime/log/kafka/topics.js';

const RAW = { partition: 2, offset: 17, timestampMs: 1_700_000_000_000 };
const WHY = { reason: 'BODY_INVALID', detail: 'argo: no.' };
const sizeOf = ({ value, headers }: ReturnType<typeof writeDeadLetter>): number =>
  value.length + Object.entries(headers).reduce((sum, [name, text]) => sum + Buffer.byteLength(name) + Buffer.byteLength(text), 0);

test('a letter is read as it was written, with its own headers', () => {
  const letter = { raw: RAW, ...WHY, headers: { ce_id: '1' }, value: Buffer.from([0xff, 0x00]) };
  expect(readDeadLetter(writeDeadLetter(letter))).toEqual({ ...letter, id: '2/17/1700000000000', isCut: false });
});

test.each([
  ['what came compressed and is too large is kept whole', Buffer.alloc(RAW_BYTES * 3, 'alert '), false],
  ['what does not become small enough is cut', randomBytes(RAW_BYTES + 1_000), true],
])('%s, and fits into the topic', (_name, value, isCut) => {
  const headers = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`header-${index}`, 'x'.repeat(50)]));
  const written = writeDeadLetter({ raw: RAW, reason: WHY.reason, detail: 'ü'.repeat(9_000), headers, value });
  expect(sizeOf(written)).toBeLessThan(RAW_BYTES + DLQ_ROOM_BYTES - 5_000);
  const read = readDeadLetter(written);
  expect([read?.isCut, read?.value.equals(value)]).toEqual([isCut, !isCut]);
});

test('a mark is read as it was written, and no record of raw can be buried as one', () => {
  const mark = { at: '2026-01-01T00:00:00Z', by: 'ann', why: 'mended', count: 1, events: ['a'] };
  expect(readMark(writeMark('2/17/1700000000000', mark))).toEqual({ id: '2/17/1700000000000', ...mark });
  const forged = writeMark('2/17/1700000000000', mark);
  const buried = writeDeadLetter({ raw: RAW, ...WHY, headers: forged.headers, value: forged.value });
  expect(readMark(buried)).toBeUndefined();
  expect(readDeadLetter(forged)).toBeUndefined();
});

test.each(['x-reason', 'x-raw-offset', 'x-encoding', 'x-cut-from-bytes'])('a header %s of the sender is not taken for ours', (name) => {
  const written = writeDeadLetter({ raw: RAW, ...WHY, headers: { [name]: 'gzip' }, value: Buffer.from('{') });
  expect(readDeadLetter(written)).toMatchObject({ raw: RAW, reason: WHY.reason, isCut: false, headers: {} });
});
