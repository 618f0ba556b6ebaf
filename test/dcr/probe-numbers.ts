import type { ProbeSpec } from './kubelet.js';

const startup = (failureThreshold: number): ProbeSpec => ({
  initialDelaySeconds: 30,
  periodSeconds: 10,
  timeoutSeconds: 5,
  failureThreshold,
  successThreshold: 1,
});
const READINESS: ProbeSpec = { initialDelaySeconds: 0, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3, successThreshold: 2 };
const liveness = (failureThreshold: number): ProbeSpec => ({
  initialDelaySeconds: 0,
  periodSeconds: 30,
  timeoutSeconds: 10,
  failureThreshold,
  successThreshold: 1,
});

/** Section 2.3, with the meetings' 30 s as the startup probe's initial delay. Liveness is carried by exec and http; with thrift it is off. */
export const PROBE_NUMBERS = {
  farmer: { startup: startup(91), readiness: READINESS, liveness: liveness(10) },
  synchronizer: { startup: startup(181), readiness: READINESS, liveness: liveness(20) },
} as const;
