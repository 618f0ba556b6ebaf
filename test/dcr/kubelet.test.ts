import { expect, test } from '@jest/globals';
import { SECOND_MS } from '#runtime/clock.js';
import { type ContainerProbes, KubeletContainer, type ProbeFinding, type ProbeKind, type ProbeSpec } from '#test/dcr/kubelet.js';
import { PROBE_NUMBERS } from '#test/dcr/probe-numbers.js';
import { FakeClock } from '#test/workflow/fake-clock.js';

const SPEC: ProbeSpec = { initialDelaySeconds: 0, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3, successThreshold: 1 };

/** A container whose probes are answered by a function of the kind and the seconds since its start. */
function container(probes: ContainerProbes, answer: (kind: ProbeKind, seconds: number) => ProbeFinding['result'] | ProbeFinding) {
  const clock = new FakeClock();
  const asked: string[] = [];
  let startedMs = 0;
  let starts = 0;
  const seconds = (): number => Math.round((clock.nowMs() - startedMs) / SECOND_MS);
  const made = new KubeletContainer(probes, {
    clock,
    start: () => {
      startedMs = clock.nowMs();
      starts += 1;
    },
    kill: async () => undefined,
    probe: (kind) => {
      asked.push(`${kind}@${seconds()}`);
      const found = answer(kind, seconds());
      return typeof found === 'string' ? { result: found } : found;
    },
  });
  made.start();
  return { clock, container: made, asked, pass: (forSeconds: number) => clock.pass(forSeconds * SECOND_MS), starts: () => starts };
}

test('a probe asks at once and then every period, and not before its initial delay', async () => {
  const plain = container({ readiness: SPEC }, () => 'success');
  await plain.pass(25);
  expect(plain.asked).toEqual(['readiness@0', 'readiness@10', 'readiness@20']);
  const delayed = container({ readiness: { ...SPEC, initialDelaySeconds: 30 } }, () => 'success');
  await delayed.pass(45);
  expect(delayed.asked).toEqual(['readiness@30', 'readiness@40']);
});

test('until the startup probe has succeeded no other is asked, and afterwards it is asked no more', async () => {
  const world = container({ startup: SPEC, readiness: SPEC, liveness: SPEC }, (kind, seconds) =>
    kind === 'startup' && seconds < 20 ? 'failure' : 'success',
  );
  await world.pass(45);
  expect(world.asked.filter((line) => line.startsWith('startup'))).toEqual(['startup@0', 'startup@10', 'startup@20']);
  expect(world.asked.find((line) => !line.startsWith('startup'))).toMatch(/@2\d|@20/);
  expect(world.container.ready).toBe(true);
});

test('a container that does not start in its budget is killed between (F−1)·period and F·period after the first question', async () => {
  const world = container({ startup: { ...SPEC, failureThreshold: 4 } }, () => 'failure');
  await world.pass(29);
  expect(world.container.restarts.startup).toBe(0);
  await world.pass(2);
  expect(world.container.restarts.startup).toBe(1);
  expect(world.starts()).toBe(2);
});

test('thresholds count equal results in a row', async () => {
  const script = [true, true, false, false, true, false, false, false, true, true];
  const world = container({ readiness: { ...SPEC, successThreshold: 2 } }, (_kind, seconds) =>
    script[seconds / 10] === true ? 'success' : 'failure',
  );
  const seen: boolean[] = [];
  for (let n = 0; n < script.length; n += 1) {
    await world.pass(n === 0 ? 5 : 10);
    seen.push(world.container.ready);
  }
  // Ready after two successes; two failures and a success between do not end it; three failures do; then two successes again.
  expect(seen).toEqual([false, true, true, true, true, true, true, false, false, true]);
});

test('errors are thrown away: neither success nor failure, so that a wrong command is never ready and never killed', async () => {
  const world = container({ readiness: SPEC, liveness: SPEC }, () => 'error');
  await world.pass(3_600);
  expect(world.container).toMatchObject({ ready: false, restartCount: 0 });
});

test('an answer after timeoutSeconds is a failure', async () => {
  const world = container({ liveness: SPEC }, () => ({ result: 'success', afterSeconds: 6 }));
  await world.pass(25);
  expect(world.container.restarts.liveness).toBe(1);
});

test('liveness kills after its threshold, and a new container begins unready with fresh counts', async () => {
  const world = container({ readiness: SPEC, liveness: { ...SPEC, periodSeconds: 30, failureThreshold: 10 } }, (kind) =>
    kind === 'liveness' ? 'failure' : 'success',
  );
  await world.pass(269);
  expect(world.container).toMatchObject({ ready: true, restartCount: 0 });
  await world.pass(2);
  expect(world.container.restarts.liveness).toBe(1);
  await world.pass(268);
  expect(world.container.restarts.liveness).toBe(1);
  await world.pass(5);
  expect(world.container.restarts.liveness).toBe(2);
});

/** Section 2.3: the numbers of each role as they must be, and what they come to. */
test.each([
  ['farmer', 91, 900, 10, 300],
  ['synchronizer', 181, 1_800, 20, 600],
] as const)(
  'property 5: a %s has F %i: %i s to start after the first 30 s, liveness F %i: patience of %i s',
  async (role, startupF, budget, livenessF, patience) => {
    const { startup, readiness, liveness } = PROBE_NUMBERS[role];
    expect(startup).toEqual({
      initialDelaySeconds: 30,
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: startupF,
      successThreshold: 1,
    });
    expect(readiness).toEqual({ initialDelaySeconds: 0, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3, successThreshold: 2 });
    expect(liveness).toEqual({
      initialDelaySeconds: 0,
      periodSeconds: 30,
      timeoutSeconds: 10,
      failureThreshold: livenessF,
      successThreshold: 1,
    });
    const slow = container({ startup, readiness, liveness }, (kind) => (kind === 'startup' ? 'failure' : 'success'));
    await slow.pass(30 + budget - 1);
    expect(slow.container.restartCount).toBe(0);
    await slow.pass(2);
    expect(slow.container.restarts.startup).toBe(1);
    const hung = container({ startup, readiness, liveness }, (kind, seconds) =>
      kind === 'startup' || seconds < 60 ? 'success' : 'failure',
    );
    await hung.pass(60 + patience - 31);
    expect(hung.container.restartCount).toBe(0);
    await hung.pass(62);
    expect(hung.container.restarts.liveness).toBe(1);
  },
);
