import { expect, test } from '@jest/globals';
import type { Json } from '#runtime/event/event.js';
import { lateFacts } from '#runtime/journal/late-facts.js';

const done = { state: 'done', atMs: 7, attempts: 1, out: 'x' };
const unsettled = { state: 'unsettled', n: 2, firstMs: 1, lastMs: 5, reason: 'timeout', detail: 'no answer' };

test.each<[string, string, Json | undefined, Json[]]>([
  ['a step that was done is a fact', 'd/e/0/a', done, [done]],
  ['one that failed or was skipped is not: whoever owns the run decides that', 'd/e/0/a', { ...done, state: 'failed' }, []],
  [
    'a call of which nobody knows what came of it is one too',
    'i/e/0/a',
    unsettled,
    [{ state: 'unknown', atMs: 5, attempts: 2, reason: 'timeout', detail: 'no answer' }],
  ],
  ['an intent is not: behind it no call began', 'i/e/0/a', { ...unsettled, state: 'intent' }, []],
  ['nor is a removal', 'd/e/0/a', undefined, []],
  ['nor anything else', 'm/e', { o: 'done', p: 1, t: 2 }, []],
])('%s', (_rule, key, value, facts) => {
  expect(lateFacts([{ key, value: value as never }])).toEqual(facts.map((settled) => ({ eventId: 'e', branch: 0, step: 'a', settled })));
});
