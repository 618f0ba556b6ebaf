import { expect, test } from '@jest/globals';
import { RouterError } from '#runtime/errors.js';
import type { Event } from '#runtime/event/event.js';
import { type ReplayRequest, replayRequest } from '#runtime/http/letter-shapes.js';
import { letterId, type ReplayMark, readDeadLetter, writeDeadLetter } from '#runtime/log/kafka/dead-letter.js';
import type { LetterRow } from '#runtime/log/kafka/dead-letters.js';
import { type LetterPorts, letterDesk } from '#runtime/replay-letters.js';

/** Letters in memory; a value "good…" can be read. */
function desk(values: readonly string[], change: Partial<LetterPorts> = {}) {
  const marks = new Map<string, ReplayMark>();
  const appended: string[] = [];
  let nowMs = 0;
  const letters = values.map((value, offset) => {
    const raw = { partition: 0, offset, timestampMs: 1_000 + offset };
    const read = readDeadLetter(
      writeDeadLetter({ raw, reason: 'BODY_INVALID', detail: 'no', headers: { Ce_Id: '1' }, value: Buffer.from(value) }),
    );
    if (read === undefined) throw new Error('no letter');
    return read;
  });
  const rows = async (): Promise<LetterRow[]> =>
    letters.map(({ headers: _headers, value, ...letter }) => ({
      ...letter,
      bytes: value.length,
      buriedMs: 5_000,
      replayed: marks.get(letter.id),
    }));
  const ports: LetterPorts = {
    clock: { nowMs: () => nowMs, after: () => () => undefined },
    logger: { info: () => undefined },
    letters: {
      rows,
      read: async (id) => letters.find((letter) => letter.id === id),
      async mark(id, mark) {
        marks.set(id, mark);
      },
    },
    decode(raw, body, headers) {
      nowMs += 10;
      if (!body.toString().startsWith('good')) throw new RouterError('BODY_INVALID', 'still no');
      return [{ id: `${letterId(raw)}:${Object.keys(headers).join()}` } as Event];
    },
    async append(events) {
      appended.push(...events.map(({ id }) => id));
    },
    ...change,
  };
  const { list, replay, show } = letterDesk(() => ports);
  const ask = (request: Partial<ReplayRequest>): ReturnType<typeof replay> =>
    replay(replayRequest.parse({ reason: 'r', ...request }), 'ann');
  return { ports, appended, marks, list, show, replay: ask };
}

test('a dry run tells what would happen, and does nothing', async () => {
  const { replay, appended, marks } = desk(['good', 'bad']);
  expect((await replay({})).results.map(({ record, state }) => `${record} ${state}`)).toEqual(['0/0/1000 readable', '0/1/1001 unreadable']);
  expect([appended, marks.size]).toEqual([[], 0]);
});

test('what can be read is sent and marked with who and why; what cannot stands; nothing is sent twice', async () => {
  const { replay, list, appended, marks } = desk(['good', 'bad']);
  expect((await replay({ dryRun: false })).results.map(({ state }) => state)).toEqual(['replayed', 'unreadable']);
  expect(appended).toEqual(['0/0/1000:ce_id']);
  expect(marks.get('0/0/1000')).toMatchObject({ by: 'ann', why: 'r', count: 1, events: ['0/0/1000:ce_id'] });
  expect((await replay({ dryRun: false, records: ['0/0'] })).results).toMatchObject([{ state: 'replayed-before', events: appended }]);
  expect(appended).toHaveLength(1);
  const query = { state: 'standing', limit: 50 } as const;
  expect(await list(query)).toMatchObject({ letters: [{ record: '0/1/1001' }], standing: 1 });
  expect((await list({ ...query, state: 'replayed' })).letters).toMatchObject([{ record: '0/0/1000', replayed: { by: 'ann' } }]);
});

test('a crash between events and mark leaves the letter standing, and the next try gives the same ids', async () => {
  let crashes = true;
  const made = desk(['good']);
  const mark = made.ports.letters.mark;
  const letters = {
    ...made.ports.letters,
    mark: (...given: Parameters<typeof mark>) => (crashes ? Promise.reject(new Error('killed')) : mark(...given)),
  };
  const { replay, append } = { replay: desk(['good'], { letters, append: made.ports.append }).replay, append: made.appended };
  await expect(replay({ dryRun: false })).rejects.toThrow('killed');
  crashes = false;
  expect((await replay({ dryRun: false })).results).toMatchObject([{ state: 'replayed' }]);
  expect(append).toEqual(['0/0/1000:ce_id', '0/0/1000:ce_id']);
});

test('a mended value takes the place of the bytes, with its own content type if given', async () => {
  const { replay, appended } = desk(['bad']);
  await replay({ dryRun: false, records: ['0/0'], body: 'good now', contentType: 'application/json' });
  expect(appended).toEqual(['0/0/1000:content-type']);
});

test('an answer that would take too long is cut, and goes on where it ended, also behind letters that stand', async () => {
  const { replay } = desk(Array.from({ length: 450 }, (_, index) => (index % 2 === 0 ? 'good' : 'bad')));
  const records: string[] = [];
  let after: string | undefined;
  do {
    const answer = await replay({ dryRun: false, ...(after === undefined ? {} : { after }) });
    expect(answer.results.length).toBeLessThanOrEqual(200);
    records.push(...answer.results.map(({ record }) => record));
    after = answer.next;
  } while (after !== undefined);
  expect(new Set(records).size).toBe(450);
});

test('pages of the list are newest first and leave nothing out', async () => {
  const { list } = desk(['a', 'b', 'c']);
  const first = await list({ state: 'all', limit: 2 });
  expect(first.letters.map(({ record }) => record)).toEqual(['0/2/1002', '0/1/1001']);
  const second = await list({ state: 'all', limit: 2, cursor: first.next });
  expect([second.letters.map(({ record }) => record), second.next]).toEqual([['0/0/1000'], undefined]);
});

test('a letter is shown as it came, and one that is not there is told', async () => {
  const { show } = desk(['{"password":"kept as it is, to be mended"']);
  expect(await show('0/0')).toMatchObject({
    record: '0/0/1000',
    text: '{"password":"kept as it is, to be mended"',
    headers: { Ce_Id: '1' },
  });
  await expect(show('0/7')).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('--list') });
});
