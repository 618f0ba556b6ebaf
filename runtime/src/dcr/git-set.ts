import type { Clock, Random } from '../clock.js';
import { DcrError } from './dcr-error.js';
import { sleep } from './sleep.js';
import { type Assignments, editValues, readValues, type ValuesView } from './values-edit.js';
import type { ValuesRepo } from './values-repo.js';

/** Pushes in all. Each loss of the race means that somebody else won it. */
const MAX_ATTEMPTS = 10;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 15_000;

export interface GitSetRequest {
  readonly run: string;
  /** Of the trailer DCR-Phase: scale-up, scale-down, cleanup, … */
  readonly phase: string;
  readonly cluster: string | undefined;
  /**
   * What to set, decided anew on every tip: a human who changes replicas in between is not overwritten. A text: nothing is to be done, and why.
   * May throw to refuse.
   */
  decide(values: ValuesView, tip: string): Promise<Assignments | string> | Assignments | string;
}

export interface GitSetPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly stop: AbortSignal;
  say(line: string): void;
}

export interface GitSetResult {
  /** A commit in which the values are as asked: ours, or the tip when nothing was to be done. */
  readonly sha: string;
  readonly changed: boolean;
  readonly reason: string;
}

/**
 * Commits values on the branch's tip and pushes. When others were faster, everything is done again on the new tip: what a rebase would do, without conflicts,
 * since the change is an assignment and not a patch. Asked again after a success it changes nothing. Never forces.
 * @throws DcrError CONFLICT after 10 lost races; REFUSED, UNREACHABLE.
 */
export async function gitSet(repo: ValuesRepo, request: GitSetRequest, ports: GitSetPorts): Promise<GitSetResult> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const tip = await repo.fetch();
    const { text, mode } = await repo.read(tip);
    const decided = await request.decide(readValues(text, repo.file), tip);
    if (typeof decided === 'string') return { sha: tip, changed: false, reason: decided };
    const edited = editValues(text, decided, repo.file);
    if (edited === text) return { sha: tip, changed: false, reason: `${repo.file} already says ${settings(decided)}` };
    const sha = await repo.commitOn(tip, edited, mode, messageOf(request, decided));
    if ((await repo.push(sha)) === 'pushed') return { sha, changed: true, reason: `${repo.file}: ${settings(decided)}` };
    const capMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1));
    ports.say(`Others pushed in between (attempt ${attempt} of ${MAX_ATTEMPTS}); once more on the new tip.`);
    if (attempt < MAX_ATTEMPTS) await sleep(ports.clock, capMs * (0.5 + ports.random.fraction() / 2), ports.stop);
  }
  throw new DcrError(
    'CONFLICT',
    `${repo.file}: others pushed each of ${MAX_ATTEMPTS} times in between. Nothing was changed; run it again.`,
  );
}

const settings = (assignments: Assignments): string =>
  Object.entries(assignments)
    .map(([path, value]) => `${path}=${value}`)
    .join(' ');

function messageOf({ run, phase, cluster }: GitSetRequest, assignments: Assignments): string {
  return `dcr${cluster === undefined ? '' : ` ${cluster}`}: ${phase}: ${settings(assignments)}\n\nDCR-Run: ${run}\nDCR-Phase: ${phase}\n`;
}

/**
 * The rule of every phase but the first: a run touches only what is its own. `cleanup` of a run that never scaled up, or that another has replaced, has nothing
 * to do; any other phase is refused.
 */
export function ownRunOnly(values: ValuesView, run: string, phase: string): string | undefined {
  if (values.runId === run) return undefined;
  const why = `git says dcr.runId is ${values.runId ?? 'not set'}, this is run ${run}`;
  if (phase === 'cleanup') return `nothing to clean up: ${why}`;
  throw new DcrError('SUPERSEDED', `${phase}: ${why}. Nothing was changed.`);
}
