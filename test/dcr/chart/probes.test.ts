import { expect, test } from '@jest/globals';
import { STARTUP_P99_SECONDS } from '#synth/charts/dcr/probes.js';
import { PROBE_NUMBERS } from '#test/dcr/probe-numbers.js';
import { container, Installation, type Json, type Probe, probesOf } from './installation.js';

const ROLES = ['farmer', 'synchronizer'] as const;
const KINDS: Readonly<Record<string, Json>> = {
  thrift: {},
  exec: { probe: { kind: 'exec', command: ['/opt/express/bin/status'] } },
  http: { probe: { kind: 'http', path: '/dcr' } },
};

/** role, kind of probe, probe → initial delay, period, time-out, failures, successes, grace of a kill. docs/dcr.md has the same table. */
const NUMBERS: readonly (readonly [string, string, string, (number | undefined)[]])[] = ['thrift', 'exec', 'http'].flatMap(
  (kind) =>
    [
      ['farmer', kind, 'startupProbe', [30, 10, 5, 91, 1, 30]],
      ['farmer', kind, 'readinessProbe', [undefined, 10, 5, 3, 2, undefined]],
      ['synchronizer', kind, 'startupProbe', [30, 10, 5, 181, 1, 60]],
      ['synchronizer', kind, 'readinessProbe', [undefined, 10, 5, 3, 2, undefined]],
      ...(kind === 'thrift'
        ? []
        : ([
            ['farmer', kind, 'livenessProbe', [undefined, 30, 10, 10, 1, 30]],
            ['synchronizer', kind, 'livenessProbe', [undefined, 30, 10, 20, 1, 60]],
          ] as const)),
    ] as never,
);

test('property 4: every number of every probe is the one of the table, and there are no more probes', () => {
  const found = Object.entries(KINDS).flatMap(([kind, change]) =>
    ROLES.flatMap((role) =>
      Object.entries(probesOf(new Installation(change).set(role))).map(([name, probe]) => {
        const { initialDelaySeconds, periodSeconds, timeoutSeconds, failureThreshold, successThreshold, terminationGracePeriodSeconds } =
          probe;
        return [
          role,
          kind,
          name,
          [initialDelaySeconds, periodSeconds, timeoutSeconds, failureThreshold, successThreshold, terminationGracePeriodSeconds],
        ];
      }),
    ),
  );
  const sorted = (rows: readonly unknown[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
  expect(sorted(found)).toEqual(sorted(NUMBERS));
});

test('property 4: the kubelet of the simulation works with these numbers', () => {
  for (const role of ROLES) {
    const { startupProbe, readinessProbe, livenessProbe } = probesOf(new Installation(KINDS.exec).set(role));
    const spec = (probe: Probe | undefined): object => {
      const { exec: _, terminationGracePeriodSeconds: __, ...numbers } = probe as Probe;
      return { initialDelaySeconds: 0, ...numbers };
    };
    expect(PROBE_NUMBERS[role]).toEqual({ startup: spec(startupProbe), readiness: spec(readinessProbe), liveness: spec(livenessProbe) });
  }
});

test('property 4: liveness is another question than readiness, knows no farmers, and is patient', () => {
  for (const kind of ['exec', 'http'])
    for (const role of ROLES) {
      const { livenessProbe, readinessProbe } = probesOf(new Installation(KINDS[kind]).set(role));
      const asked = (probe: Probe | undefined): string => JSON.stringify([probe?.exec, probe?.httpGet?.path]);
      expect(asked(livenessProbe)).not.toBe(asked(readinessProbe));
      expect(asked(livenessProbe)).not.toMatch(/farmer|min|ready|guardian/);
      const { periodSeconds = 0, failureThreshold = 0 } = livenessProbe ?? {};
      expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(role === 'farmer' ? 300 : 600);
    }
});

test('property 5: the startup budget is 1.5 times the slowest usual start, and stands before every liveness', () => {
  for (const change of Object.values(KINDS))
    for (const role of ROLES) {
      const { startupProbe, readinessProbe, livenessProbe } = probesOf(new Installation(change).set(role));
      const { failureThreshold = 0, periodSeconds = 0 } = startupProbe ?? {};
      expect((failureThreshold - 1) * periodSeconds).toBeGreaterThanOrEqual(1.5 * STARTUP_P99_SECONDS[role]);
      // The meetings' 30 s are the startup probe's; the others begin when it has succeeded.
      expect([readinessProbe?.initialDelaySeconds, livenessProbe?.initialDelaySeconds]).toEqual([undefined, undefined]);
    }
});

test('property 6: what the API server refuses of a probe, or silently makes something else of, is not there', () => {
  for (const change of Object.values(KINDS))
    for (const role of ROLES)
      for (const [name, probe] of Object.entries(probesOf(new Installation(change).set(role)))) {
        expect([probe.exec, probe.httpGet].filter(Boolean)).toHaveLength(1);
        const { initialDelaySeconds, periodSeconds, timeoutSeconds, failureThreshold, successThreshold } = probe;
        for (const number of [initialDelaySeconds ?? 1, periodSeconds, timeoutSeconds, failureThreshold, successThreshold])
          expect(number).toBeGreaterThan(0);
        if (name !== 'readinessProbe') expect(successThreshold).toBe(1);
        else expect(probe).not.toHaveProperty('terminationGracePeriodSeconds');
        expect(timeoutSeconds).toBeLessThan(periodSeconds);
        for (const word of probe.exec?.command ?? ['-']) expect(word).not.toMatch(/\$\(|^$/);
        if (probe.httpGet !== undefined) expect(probe.httpGet).toEqual({ path: expect.stringMatching(/^\//) as never, port: 8086 });
      }
});

test('property 6: with thrift the container beside the node answers the probes, in less time than they have', () => {
  for (const role of ROLES) {
    const set = new Installation().set(role);
    const { command, args, ports, startupProbe } = container(set, 'probe');
    expect([...(command ?? []), ...(args ?? [])].join(' ')).toBe('dcrctl probe --serve --serve-port 8086 --host 127.0.0.1 --port 9090');
    expect(ports).toEqual([{ name: 'probe', containerPort: 8086 }]);
    expect([startupProbe, container(set, 'node').startupProbe?.httpGet?.port]).toEqual([undefined, 8086]);
  }
});
