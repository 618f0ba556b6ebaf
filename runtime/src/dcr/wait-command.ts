import type { Command } from './command.js';
import { DcrError, EXIT_FINE } from './dcr-error.js';
import { durationMs, type Flags, httpUrl, objectName, oneLine, optional, required } from './flags.js';
import type { Look } from './look.js';
import type { LookSources } from './look-for.js';
import type { NodeStatus } from './node-status.js';
import {
  APPLICATION_OPTIONS,
  FORMAT_OPTION,
  GIT_OPTIONS,
  KUBE_OPTIONS,
  NODE_OPTIONS,
  ROUTER_OPTIONS,
  RUN_OPTIONS,
  S3_OPTIONS,
} from './options.js';
import { countsFromProgress, type Phase, parsePhase } from './phase.js';
import type { Ports } from './ports.js';
import { checkRunId } from './run-id.js';

const ID_BYTES = 8;
const TELL_TIMEOUT_MS = 60_000;

export const waitCommand: Command = {
  name: 'wait',
  describe: 'Wait until a run has reached a phase; stopped and started again it goes on',
  exits: '0 reached · 1 wrong usage · 2 this run has failed, or git names another · 3 told to stop: try again · 4 not reached in time',
  options: {
    phase: { describe: 'synced:<commit>, registered, farmers:<count>, rebuilt or cache-written' },
    timeout: {
      describe: 'Exit 4 after this long; for rebuilt and cache-written: this long without progress (work units, bytes)',
      default: '30m',
    },
    since: {
      describe:
        'Instant (RFC 3339) from which --timeout counts, so that a wait that is tried again does not begin anew; not for rebuilt and cache-written',
    },
    poll: { describe: 'How often it looks', default: '10s' },
    'report-every': { describe: 'How often it says what it saw last while only numbers change', default: '5m' },
    'notify-every': { describe: 'With --router-url: how often the thread of the run is told; 0s never', default: '15m' },
    ...RUN_OPTIONS,
    ...NODE_OPTIONS,
    ...KUBE_OPTIONS,
    ...APPLICATION_OPTIONS,
    ...GIT_OPTIONS,
    ...S3_OPTIONS,
    ...ROUTER_OPTIONS,
    ...FORMAT_OPTION,
  },
  examples: [
    ['$0 wait --phase registered --run-id r-7 --node-host dcr-synchronizer-0.dcr-synchronizer.dcr.svc.cluster.local', ''],
    ['$0 wait --phase rebuilt --timeout 1h --run-id r-7', 'however long it takes; 1 h without progress ends it'],
  ],
  async run(flags, ports) {
    const phase = parsePhase(required(flags, 'phase'));
    const run = checkRunId(optional(flags, 'run-id'));
    const [{ lookFor }, { waitFor }] = await Promise.all([import('./look-for.js'), import('./wait-for.js')]);
    const { sources, close } = await sourcesOf(phase, flags, ports);
    try {
      const onLook = await progressOf(flags, run, ports);
      const look = await waitFor(
        {
          phase: required(flags, 'phase'),
          timeoutMs: durationMs(flags, 'timeout'),
          countsFrom: countsFromProgress(phase) ? 'progress' : 'start',
          sinceMs: sinceMs(flags, phase, ports.clock.nowMs()),
          pollMs: Math.max(1, durationMs(flags, 'poll')),
          reportEveryMs: durationMs(flags, 'report-every'),
        },
        {
          clock: ports.clock,
          stop: ports.stop,
          say: (line) => ports.say(line),
          look: () => lookFor(phase, run, sources),
          ...(onLook === undefined ? {} : { onLook }),
        },
      );
      ports.out(
        flags.format === 'json'
          ? JSON.stringify({ phase: required(flags, 'phase'), run, ...look })
          : `reached ${required(flags, 'phase')}: ${look.seen}`,
      );
      return EXIT_FINE;
    } finally {
      close();
    }
  },
};

function sinceMs(flags: Flags, phase: Phase, nowMs: number): number {
  const text = optional(flags, 'since');
  if (text === undefined || countsFromProgress(phase)) return nowMs;
  const instantMs = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(instantMs))
    throw new DcrError('USAGE', `--since: expected an instant such as 2026-01-31T12:00:00Z; received ${JSON.stringify(text.slice(0, 60))}`);
  return Math.min(instantMs, nowMs);
}

/** Settings that the phase needs are read now, so that a missing one is told before the first look. */
async function sourcesOf(phase: Phase, flags: Flags, ports: Ports): Promise<{ sources: LookSources; close(): void }> {
  const { kubeOf, nodeOf, repoOf, s3Of } = await import('./settings.js');
  const never = (): never => {
    throw new Error('not a source of this phase');
  };
  if (phase.name === 'synced') {
    const application = { namespace: objectName(flags, 'application-namespace'), name: objectName(flags, 'application') };
    const kube = kubeOf(flags, ports);
    const { repo, close } = repoOf(flags, ports);
    return { sources: { kube: () => kube, application: () => application, repo: () => repo, askNode: never, cache: never }, close };
  }
  const { askNode } = await import('./probe-node.js');
  const { address, limits } = nodeOf(flags);
  // A node that does not answer is a thing seen, not an error: it may be starting.
  const ask = (): Promise<NodeStatus | string> => askNode(address, limits).catch(whySilent);
  const none = { kube: never, application: never, repo: never, askNode: ask };
  if (phase.name !== 'cache-written') return { sources: { ...none, cache: never }, close: () => undefined };
  const { s3, prefix } = s3Of(flags, ports);
  const { checkCache } = await import('./manifest.js');
  return { sources: { ...none, cache: (run) => checkCache(s3, prefix, run) }, close: () => undefined };
}

function whySilent(error: unknown): string {
  if (error instanceof DcrError) return error.message;
  throw error;
}

async function progressOf(flags: Flags, run: string, ports: Ports): Promise<((look: Look) => void) | undefined> {
  const url = httpUrl(flags, 'router-url');
  const everyMs = durationMs(flags, 'notify-every');
  if (url === undefined || everyMs === 0) return undefined;
  const cluster = oneLine(flags, 'cluster') ?? required(flags, 'cluster');
  const [{ openHttp }, { sendEvents }, { runEvents }, { progressEvents }] = await Promise.all([
    import('./http-ask.js'),
    import('./send-events.js'),
    import('./run-event.js'),
    import('./progress-events.js'),
  ]);
  const ask = openHttp();
  return progressEvents({
    everyMs,
    clock: ports.clock,
    say: (line) => ports.say(line),
    tell: async (facts) => {
      const events = runEvents({
        run,
        cluster,
        notice: 'progress',
        ...facts,
        id: `${run}.${ports.random.hex(ID_BYTES)}`,
        time: new Date(ports.clock.nowMs()).toISOString(),
      });
      await sendEvents(events, { url, tokenFile: optional(flags, 'router-token-file'), timeoutMs: TELL_TIMEOUT_MS }, { ...ports, ask });
    },
  });
}
