import { parseDurationMs } from '../clock.js';
import { RouterError } from '../errors.js';
import { idAgain } from '../event/id.js';
import { UNFINISHED } from '../journal/records.js';
import { cleanForTerminal, redactText } from '../redact.js';
import type { EventPage, EventRow } from '../view/shapes.js';
import { ask } from './client.js';
import { type CliIo, jsonText, UsageError, wholeNumber } from './io.js';
import type { ReplayFlags } from './replay-flags.js';
import { rowLine } from './tell.js';

const PAGE = 500;
const MAX_LIMIT = 10_000;
/** Pages are newest first by the time of receipt, which several processes write. */
const CLOCKS_APART_MS = 600_000;
/** Not ended yet; or no event of its own, but a later delivery of one. */
const NOT_ENDED: ReadonlySet<string> = new Set(['accepting', ...UNFINISHED]);

interface Result {
  readonly id: string;
  /** Of the new event; absent in a dry run. */
  readonly as?: string;
  /** Why it was left out. */
  readonly skipped?: string;
  readonly failed?: string;
}

/** `replay` of events: each as a new one, `<id>~n`, as `events resubmit` does it. Oldest first. */
export async function replayEvents(io: CliIo, flags: ReplayFlags): Promise<void> {
  const limit = wholeNumber('limit', flags.limit, 1, MAX_LIMIT);
  if ([flags.state, flags.type, flags.key, flags.since, flags.until].every((filter) => filter === undefined))
    throw new UsageError('Say which events: --state, --type, --key, --since or --until; or --dlq.');
  if (flags.state !== undefined && NOT_ENDED.has(flags.state))
    throw new UsageError(
      `--state: only what has ended is sent again. What is ${flags.state} goes on by itself, or by: sre-router events retry ID`,
    );
  const rows = (await matching(io, flags, limit)).reverse();
  if (flags.format === 'text' && !flags.yes) for (const row of rows) io.out(`${rowLine(row)}\n`);
  const results: Result[] = [];
  for (const row of rows) {
    const result = await replayOne(io, flags, row);
    results.push(result);
    if (flags.format === 'text') tell(io, result, flags.yes);
  }
  const skipped = results.filter((result) => result.skipped !== undefined).length;
  const failed = results.filter((result) => result.failed !== undefined).length;
  const rest = results.length - skipped - failed;
  if (flags.format === 'json') io.out(jsonText({ dryRun: !flags.yes, results }));
  else if (rows.length === 0) io.err('No such event has ended.\n');
  else if (flags.yes) io.err(`${rest} sent again, ${skipped} left out, ${failed} failed.\n`);
  else
    io.err(
      `${rest} would be sent again, ${skipped} left out. Nothing was done${rest > 0 ? '; add --yes --reason "…" to send them' : ''}.\n`,
    );
  io.exitCode = failed === 0 ? 0 : 1;
}

function tell(io: CliIo, { id, as, skipped, failed }: Result, isActing: boolean): void {
  const clean = cleanForTerminal(id);
  if (skipped !== undefined) io.err(`${clean}: left out: ${cleanForTerminal(skipped)}\n`);
  else if (failed !== undefined) io.err(`${clean}: not sent: ${cleanForTerminal(redactText(failed))}\n`);
  else if (isActing) io.out(`${clean}: sent again as ${cleanForTerminal(as ?? '')}\n`);
}

/** Newest first. Throws UsageError for more than the limit: half of what was meant is worse than none. */
async function matching(io: CliIo, flags: ReplayFlags, limit: number): Promise<EventRow[]> {
  const sinceMs = instantOf(io, 'since', flags.since) ?? Number.NEGATIVE_INFINITY;
  const untilMs = instantOf(io, 'until', flags.until) ?? Number.POSITIVE_INFINITY;
  const found: EventRow[] = [];
  for (let cursor: string | undefined; ; ) {
    const query = new URLSearchParams({ limit: String(PAGE) });
    for (const name of ['state', 'type', 'key'] as const) if (flags[name] !== undefined) query.set(name, flags[name]);
    if (cursor !== undefined) query.set('cursor', cursor);
    const page = await ask<EventPage>(io, flags, `/api/v1/events?${query}`);
    for (const row of page.events) {
      const atMs = Date.parse(row.time);
      if (isEnded(row) && !(atMs < sinceMs) && !(atMs >= untilMs)) found.push(row);
    }
    if (found.length > limit)
      throw new UsageError(`More than ${limit} events match. Narrow it (--since, --type, --key), or raise --limit.`);
    const oldest = page.events.at(-1);
    cursor = page.next;
    if (cursor === undefined || (oldest !== undefined && Date.parse(oldest.time) < sinceMs - CLOCKS_APART_MS)) return found;
  }
}

/** The router's own events cannot be sent again, but for those that keep a body which could not be read. */
function isEnded({ state, type }: EventRow): boolean {
  return !NOT_ENDED.has(state) && state !== 'duplicate' && (!type.startsWith('router.') || type === 'router.poison');
}

async function replayOne(io: CliIo, flags: ReplayFlags, { id }: EventRow): Promise<Result> {
  const next = idAgain(id, Number(/~(\d+)$/.exec(id)?.[1] ?? 0) + 1);
  try {
    // A body that is read at last may give several, numbered from 0.
    for (const known of flags.again ? [] : [next, `${next}.0`])
      if (await isKnown(io, flags, known)) return { id, skipped: `it was sent again as ${known} (--again sends it nevertheless)` };
    if (!flags.yes) return { id };
    const path = `/api/v1/events/${encodeURIComponent(id)}/resubmit`;
    const answer = await ask<{ id: string }>(io, flags, path, { method: 'POST', body: JSON.stringify({ reason: flags.reason }) });
    return { id, as: answer.id };
  } catch (error) {
    if (error instanceof RouterError && !['UNAUTHENTICATED', 'FORBIDDEN'].includes(error.code)) return { id, failed: error.message };
    throw error;
  }
}

async function isKnown(io: CliIo, flags: ReplayFlags, id: string): Promise<boolean> {
  try {
    await ask(io, flags, `/api/v1/events/${encodeURIComponent(id)}`);
    return true;
  } catch (error) {
    if (error instanceof RouterError && error.code === 'NOT_FOUND') return false;
    throw error;
  }
}

/** ms since the epoch. */
function instantOf({ clock }: CliIo, option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const agoMs = parseDurationMs(text);
  const ms = agoMs === undefined ? Date.parse(text) : clock.nowMs() - agoMs;
  if (Number.isNaN(ms)) throw new UsageError(`--${option}: expected a time such as 2026-01-31T09:00:00Z, or how long ago, such as 2h.`);
  return ms;
}
