import { expect, test } from '@jest/globals';
import { failuresText } from '#runtime/dcr/run-event.js';

const FAILURES = [
  { displayName: 'rebuilt', message: "child 'dcr-run-x-123' failed", templateName: 'guarded-wait', phase: 'Failed' },
  { displayName: 'wait(0)', message: 'main: TIMEOUT: rebuilt: no progress for 2h.', templateName: 'wait-phase', phase: 'Failed' },
  { displayName: 'wait', message: 'retryStrategy.expression evaluated to false', templateName: 'wait-phase', phase: 'Failed' },
  { displayName: 'abort', message: 'main: Aborted: no answer, or abort.', templateName: 'abort', phase: 'Failed' },
];
const LINES = 'wait(0): main: TIMEOUT: rebuilt: no progress for 2h.\nabort: main: Aborted: no answer, or abort.';

test.each([
  ['as JSON', JSON.stringify(FAILURES)],
  ['as JSON quoted once more', JSON.stringify(JSON.stringify(FAILURES))],
])("the reasons are told, not the steps that only pass them on: Argo's list %s", (_how, given) => {
  expect(failuresText(given)).toBe(LINES);
});

test.each([
  ['', undefined],
  ['[]', undefined],
  ['[null, 1, {"displayName": 3}]', undefined],
  ['{{workflow.failures}}', '{{workflow.failures}}'],
  ['plain words', 'plain words'],
])('what is no such list is told as it is: %p', (given, told) => {
  expect(failuresText(given)).toBe(told);
});

test('of many failures five are told', () => {
  const many = Array.from({ length: 50 }, (_, index) => ({ displayName: `step-${index}`, message: `broken ${index}` }));
  expect(failuresText(JSON.stringify(many))?.split('\n')).toHaveLength(5);
});
