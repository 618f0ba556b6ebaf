import { expect, test } from '@jest/globals';
import type { SourceConfig } from '#runtime/config.js';
import type { Event } from '#runtime/event/event.js';
import { compileSourceKeys, type KeyError } from '#runtime/source-keys.js';
import { json, testManager, thrown } from '#test/manager/managers.js';
import { GROUP_OF_FIVE } from '#test/manager/recorded.js';

const errors: KeyError[] = [];
const sources = (keys: Record<string, [kind: string, key?: string]>): Record<string, SourceConfig> =>
  Object.fromEntries(
    Object.entries(keys).map(([name, [kind, key]]) => [name, { kind, settings: {}, ...(key === undefined ? {} : { key }) }]),
  );
const compile = (kind: string, key: string): ((event: Event) => string | undefined) | undefined =>
  compileSourceKeys(sources({ it: [kind, key] }), (error) => errors.push(error)).it;

const [alert] = testManager().decode('alertmanager', json(GROUP_OF_FIVE)) as [Event];
const adhoc = (data: unknown): Event => testManager().decode('adhoc', json({ type: 'x', data }))[0] as Event;

test('a key is a text or a number of the event; an absent label means the default', () => {
  expect(compile('alertmanager', 'data.labels.job')?.(alert)).toBe('node');
  expect(compile('alertmanager', 'event.correlationid')?.(alert)).toBe(alert.correlationid);
  expect(compile('alertmanager', 'data.labels.cluster')?.(alert)).toBe('');
  expect(compile('adhoc', 'data.n + 1')?.(adhoc({ n: 41 }))).toBe('42');
  expect(errors).toEqual([]);
  expect(compileSourceKeys(sources({ plain: ['adhoc'] }), () => undefined)).toEqual({});
});

test.each([
  ['alertmanager', 'data.labels.', /a CEL expression/],
  ['alertmanager', 'cluster', /[Uu]nknown variable.*cluster/],
  ['alertmanager', 'data.label.cluster', /label/],
  ['adhoc', 'event.nope', /nope/],
  ['adhoc', 'steps.tell.ts', /steps is not known yet/],
  ['adhoc', 'incident.key', /incident is not known yet/],
  ['alertmanager', 'data.labels', /a text or a number \(this is an object\)/],
  ['adhoc', 'event.type == "x"', /a text or a number \(this is true or false\)/],
  ['adhoc', 'data.matches("(?=x)")', /RE2/],
  ['argo', 'event.id', /hands its events to other sources/],
])('a key of %s that reads %s is refused at start', (kind, key, why) => {
  const refusal = thrown(() => compile(kind, key));
  expect(refusal.code).toBe('CONFIG_INVALID');
  expect(refusal.message).toMatch(why);
  expect(refusal.message).toContain('sources.it.key');
});

test('every wrong key is told at once', () => {
  const { message } = thrown(() =>
    compileSourceKeys(sources({ a: ['adhoc', 'x'], b: ['adhoc', 'event.id'], c: ['argo', '1'] }), () => undefined),
  );
  expect(message).toMatch(/^2 problems.*sources\.a\.key.*sources\.c\.key/s);
});

test('an expression that fails on an event is told with its source, and the event keeps its default key', () => {
  errors.length = 0;
  const key = compile('adhoc', 'data.params.cluster');
  expect(key?.(adhoc({ params: { cluster: 'mac-7' } }))).toBe('mac-7');
  expect(errors).toEqual([]);
  const [fails, list] = [adhoc({ other: 1 }), adhoc({ params: { cluster: [] } })];
  expect(key?.(fails)).toBeUndefined();
  expect(key?.(list)).toBeUndefined();
  expect(errors.map(({ source, event }) => [source, event.id])).toEqual([
    ['it', fails.id],
    ['it', list.id],
  ]);
  expect(errors[1]?.detail).toContain('expected a text or a number');
});
