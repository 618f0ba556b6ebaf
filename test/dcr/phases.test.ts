import { expect, test } from '@jest/globals';
import type { Application } from '#runtime/dcr/kube-objects.js';
import type { Look } from '#runtime/dcr/look.js';
import { judgeNode } from '#runtime/dcr/node-phase.js';
import { readStatus } from '#runtime/dcr/node-status.js';
import { parsePhase } from '#runtime/dcr/phase.js';
import { judgeSynced } from '#runtime/dcr/synced-phase.js';

const judge = (phase: string, details: string, counters: Record<string, number> = {}): Look['verdict'] =>
  judgeNode(parsePhase(phase) as never, readStatus({ code: 'ALIVE', details, counters }), 'r-1').verdict;

/** Which phases a state of this run has reached: registered, farmers:2 (one is there), rebuilt. */
const STATES: readonly (readonly [string, Look['verdict'], Look['verdict'], Look['verdict']])[] = [
  ['BOOTING', 'pending', 'pending', 'pending'],
  ['REGISTERED', 'reached', 'pending', 'pending'],
  ['HISTORY_UPDATE', 'reached', 'pending', 'pending'],
  ['WAITING_FOR_FARMERS', 'reached', 'pending', 'pending'],
  ['PAUSED_MANUAL', 'reached', 'pending', 'pending'],
  ['REBUILDING', 'reached', 'reached', 'pending'],
  ['WRITING_CACHE', 'reached', 'reached', 'reached'],
  ['GUARDIAN', 'reached', 'reached', 'reached'],
  ['DRAINING', 'pending', 'pending', 'pending'],
  ['DEAD', 'pending', 'pending', 'pending'],
  ['UNHEARD_OF', 'pending', 'pending', 'pending'],
  ['FAILED', 'failed', 'failed', 'failed'],
];
test.each(STATES)('a synchronizer in %s has registered: %s, enough farmers: %s, rebuilt: %s', (state, registered, farmers, rebuilt) => {
  const now = (phase: string): string => judge(phase, `${state} run=r-1`, { farmers_registered: 1 });
  expect([now('registered'), now('farmers:2'), now('rebuilt')]).toEqual([registered, farmers, rebuilt]);
});

test('no phase is true, or failed, for what a node of another run says', () => {
  for (const run of ['run=r-2', 'run=', ''])
    for (const state of ['GUARDIAN', 'WRITING_CACHE', 'FAILED', 'REGISTERED'])
      for (const phase of ['registered', 'farmers:2', 'rebuilt', 'cache-written'])
        expect(judge(phase, `${state} ${run}`, { farmers_registered: 9 })).toBe('pending');
});

test('farmers counts those registered, before the rebuild as well', () => {
  expect(judge('farmers:2', 'WAITING_FOR_FARMERS 2/3 run=r-1', { farmers_registered: 2 })).toBe('reached');
  expect(judge('farmers:0', 'HISTORY_UPDATE run=r-1')).toBe('reached');
  expect(judge('farmers:2', 'BOOTING run=r-1', { farmers_registered: 2 })).toBe('pending');
});

test('what a node says never proves that the cache is written', () => {
  expect(judge('cache-written', 'GUARDIAN run=r-1')).toBe('pending');
});

test.each(['', 'synced', 'synced:abc', 'synced:HEAD', 'farmers', 'farmers:-1', 'farmers:2x', 'Registered', 'rebuilt '])(
  '--phase %p is refused',
  (text) => {
    expect(() => parsePhase(text)).toThrow(/--phase: expected/);
  },
);

const SHA = 'a'.repeat(40);
const LATER = 'b'.repeat(40);
const OTHER = 'c'.repeat(40);
const EARLIER = 'd'.repeat(40);
/** A history EARLIER → SHA → LATER; OTHER is a chart's repository. */
const facts = {
  sha: SHA,
  run: 'r-1',
  contains: async (revision: string) => revision === SHA || revision === LATER,
  runAt: async () => 'r-1',
};
const application = (status: object): Application => ({ status }) as Application;

const SYNCED: readonly (readonly [string, Look['verdict'], Application | undefined])[] = [
  ['our commit applied', 'reached', application({ sync: { status: 'Synced', revision: SHA } })],
  ['a later commit applied', 'reached', application({ sync: { status: 'Synced', revision: LATER } })],
  ['applied as one of several sources', 'reached', application({ sync: { status: 'Synced', revisions: [OTHER, LATER] } })],
  ['an earlier commit applied', 'pending', application({ sync: { status: 'Synced', revision: EARLIER } })],
  [
    'our commit seen, not applied',
    'pending',
    application({ sync: { status: 'OutOfSync', revision: SHA }, operationState: { phase: 'Running' } }),
  ],
  ['no Application', 'pending', undefined],
  ['an Application that was never synced', 'pending', application({})],
  [
    'our sync failed',
    'failed',
    application({
      sync: { status: 'OutOfSync', revision: SHA },
      operationState: { phase: 'Failed', message: 'denied', syncResult: { revision: SHA } },
    }),
  ],
  [
    'our sync failed before, then went through',
    'reached',
    application({ sync: { status: 'Synced', revision: SHA }, operationState: { phase: 'Failed', syncResult: { revision: SHA } } }),
  ],
  [
    "an earlier commit's sync failed",
    'pending',
    application({
      sync: { status: 'OutOfSync', revision: EARLIER },
      operationState: { phase: 'Error', syncResult: { revision: EARLIER } },
    }),
  ],
];
test.each(SYNCED)('synced: %s is %s', async (_what, verdict, app) => {
  expect((await judgeSynced(app, facts)).verdict).toBe(verdict);
});

test('synced: a revision whose values name another run is no sync of ours', async () => {
  const look = await judgeSynced(application({ sync: { status: 'Synced', revision: LATER } }), { ...facts, runAt: async () => 'r-2' });
  expect(look).toMatchObject({ verdict: 'superseded', seen: expect.stringContaining('name run r-2, not r-1') as never });
});
