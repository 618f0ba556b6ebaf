import { expect, test } from '@jest/globals';
import type { FbStatus } from '#runtime/dcr/fb303.js';
import { NODE_STATES, readStatus } from '#runtime/dcr/node-status.js';
import { judge, type ProbeMode } from '#runtime/dcr/state-table.js';

const status = (code: FbStatus, details: string) => readStatus({ code, details, counters: {} });

/** Section 2.1: state, the fb_status it goes with, and whether started, live and ready pass. */
const TABLE: readonly (readonly [string, FbStatus, boolean, boolean, boolean])[] = [
  ['BOOTING', 'STARTING', false, true, false],
  ['REGISTERED', 'ALIVE', true, true, true],
  ['HISTORY_UPDATE', 'STARTING', true, true, true],
  ['WAITING_FOR_FARMERS', 'STARTING', true, true, true],
  ['PAUSED_MANUAL', 'WARNING', true, true, true],
  ['REBUILDING', 'ALIVE', true, true, true],
  ['WORKING', 'ALIVE', true, true, true],
  ['WRITING_CACHE', 'ALIVE', true, true, true],
  ['GUARDIAN', 'ALIVE', true, true, true],
  ['DRAINING', 'STOPPING', true, true, false],
  ['FAILED', 'WARNING', true, true, false],
  ['DEAD', 'DEAD', false, false, false],
];

test('property 4: the table of states has every state', () => {
  expect(TABLE.map(([state]) => state).sort()).toEqual([...NODE_STATES].sort());
});

test.each(TABLE)('property 4: %s (%s): started %s, live %s, ready %s', (state, code, started, live, ready) => {
  const passes = (mode: ProbeMode): boolean => judge(mode, status(code, `${state} 1/2 run=r-1`)).ok;
  expect([passes('started'), passes('live'), passes('ready')]).toEqual([started, live, ready]);
});

test('liveness does not look at the state', () => {
  for (const state of [...NODE_STATES, 'UNHEARD_OF', '']) expect(judge('live', status('STARTING', state)).ok).toBe(true);
});

test.each(['DEAD', 'STOPPED'] as const)('%s by its code is believed over any state', (code) => {
  for (const mode of ['started', 'live', 'ready'] as const) expect(judge(mode, status(code, 'GUARDIAN run=r-1')).ok).toBe(false);
});

test.each(['', 'all well', 'guardian', 'GUARDIANX'])('without a known state (%p) only ALIVE passes started and ready', (details) => {
  for (const mode of ['started', 'ready'] as const) {
    expect(judge(mode, status('ALIVE', details)).ok).toBe(true);
    expect(judge(mode, status('STARTING', details))).toMatchObject({
      ok: false,
      reason: expect.stringContaining('no known state') as never,
    });
    expect(judge(mode, status('WARNING', details)).ok).toBe(false);
  }
});

test('a status line gives state, run and boot, and is safe to print', () => {
  expect(status('STARTING', 'WAITING_FOR_FARMERS 1/2 run=r-7 boot=a1 left_out=x=y')).toMatchObject({
    state: 'WAITING_FOR_FARMERS',
    run: 'r-7',
    boot: 'a1',
  });
  const hostile = status('ALIVE', `GUARDIAN \u001b[2J\u202e ${'x'.repeat(1_000)}`);
  expect(hostile.text).toContain('GUARDIAN \\u001b[2J\\u202e');
  expect(hostile.text.length).toBeLessThan(400);
  expect(status('ALIVE', 'run=r-7 GUARDIAN')).toMatchObject({ state: undefined, run: undefined });
});
