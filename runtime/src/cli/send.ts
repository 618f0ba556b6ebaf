import type { CommandModule } from 'yargs';
import { MINUTE_MS, SECOND_MS } from '../clock.js';
import { RouterError } from '../errors.js';
import { newId } from '../event/id.js';
import { OUTCOMES } from '../journal/records.js';
import { systemRandom } from '../random.js';
import type { EventDetail } from '../view/shapes.js';
import { ask, type ClientFlags, clientOptions } from './client.js';
import { type CliIo, formatOption, jsonOption, jsonText, lesson, UsageError, wholeNumber } from './io.js';
import { readFileOf } from './read-file.js';
import { explainLines } from './tell.js';

interface Flags extends ClientFlags {
  file: string | undefined;
  source: string | undefined;
  type: string | undefined;
  data: string | undefined;
  id: string | undefined;
  wait: number;
  format: 'text' | 'json';
}

export const sendOptions = {
  source: { type: 'string', describe: 'Configured source to post to; default adhoc, for CloudEvents events' },
  type: { type: 'string', describe: 'Without a file: the event type' },
  data: { type: 'string', describe: 'Without a file: the data, as JSON' },
  id: { type: 'string', describe: 'Without a file: your id for it; sent twice, it is one event. Default: made' },
  wait: { type: 'number', default: 30, describe: 'Seconds to wait for the end; 0: do not wait' },
  ...clientOptions,
  ...formatOption,
} as const;

const MAX_WAIT_S = 86_400;
const FIRST_POLL_MS = 100;
const LAST_POLL_MS = 2_000;
/** Of more events only the first are told in full. */
const MAX_TOLD = 10;

/** States after which nothing happens by itself. */
const OVER: ReadonlySet<string> = new Set([...OUTCOMES, 'parked', 'ambiguous']);
const BAD: ReadonlySet<string> = new Set(['failed', 'quarantined', 'parked', 'ambiguous']);

export function sendCommand(io: CliIo): CommandModule<object, Flags> {
  return {
    command: 'send [file]',
    describe: 'Send an event to a router and show what happens',
    builder: (yargs) =>
      yargs
        .positional('file', { type: 'string', describe: 'Body to post, as the source takes it; "-": standard input' })
        .options(sendOptions)
        .epilogue(
          lesson(
            [
              ['an event of your own', 'sre-router send --type adhoc.task --data \'{"task":"bounce-mac-cluster"}\''],
              ['what Alertmanager would post', 'sre-router send alert.json --source alertmanager'],
              ['a CloudEvent from standard input', 'jq . event.json | sre-router send -'],
              ['only until it is durable', 'sre-router send --type adhoc.message --data \'{"text":"hi"}\' --wait 0'],
            ],
            'Exit 0: it ended well. 1: refused, failed, quarantined, needs a person, or not over in time. 2: usage, or no router.',
          ),
        ) as never,
    async handler(flags) {
      const waitMs = wholeNumber('wait', flags.wait, 0, MAX_WAIT_S) * SECOND_MS;
      const body = flags.file === undefined ? adhocBody(io, flags) : fileBody(io, flags, flags.file);
      const type = contentType(body);
      const source = flags.source ?? (type === 'application/json' ? 'adhoc' : 'events');
      const { events } = await ask<{ events: { id: string }[] }>(io, flags, `/ingest/${encodeURIComponent(source)}`, {
        method: 'POST',
        body,
        type,
      });
      if (waitMs === 0) {
        io.out(flags.format === 'json' ? jsonText({ events }) : events.map(({ id }) => `${id}: accepted\n`).join(''));
        return;
      }
      const deadlineMs = io.clock.nowMs() + waitMs;
      const details: EventDetail[] = [];
      for (const { id } of events) details.push(await ended(io, flags, id, deadlineMs));
      tell(io, flags, details);
      io.exitCode = details.every(({ state }) => OVER.has(state) && !BAD.has(state)) ? 0 : 1;
    },
  };
}

function tell(io: CliIo, flags: Flags, details: readonly EventDetail[]): void {
  if (flags.format === 'json') return io.out(jsonText({ events: details }));
  for (const detail of details.slice(0, MAX_TOLD)) io.out(`${explainLines(detail).join('\n')}\n`);
  for (const { id, state } of details.slice(MAX_TOLD)) io.out(`${id}: ${state}\n`);
  const open = details.filter(({ state }) => !OVER.has(state)).length;
  if (open > 0) io.err(`After ${flags.wait} s ${open} of ${details.length} are not over; the router goes on. See: sre-router explain ID\n`);
}

function adhocBody(io: CliIo, flags: Flags): string {
  if (flags.type === undefined) throw new UsageError('Name a file to send, or give --type and --data.');
  const data = flags.data === undefined ? undefined : jsonOption('data', flags.data);
  // Always with an id: an answer that is lost on the way and asked for again is not a second event.
  const id = flags.id ?? newId(io.clock, systemRandom);
  return JSON.stringify({ type: flags.type, id, ...(data === undefined ? {} : { data }) });
}

function fileBody(io: CliIo, flags: Flags, file: string): Buffer {
  for (const option of ['type', 'data', 'id'] as const)
    if (flags[option] !== undefined) throw new UsageError(`--${option} goes without a file: a file is posted as it is.`);
  // yargs hands a lone "-" on as "".
  return file === '' || file === '-' ? io.readStdin() : readFileOf('send', file);
}

/** CloudEvents have media types of their own; everything else is JSON. */
function contentType(body: string | Buffer): string {
  try {
    const value: unknown = JSON.parse(body.toString());
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (first !== null && typeof first === 'object' && 'specversion' in first)
      return Array.isArray(value) ? 'application/cloudevents-batch+json' : 'application/cloudevents+json';
  } catch {
    // The router says what is wrong with it.
  }
  return 'application/json';
}

/** Asks until the event has ended, needs a person, or the time is over; then as it stands. */
async function ended(io: CliIo, flags: Flags, id: string, deadlineMs: number): Promise<EventDetail> {
  for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(LAST_POLL_MS, pollMs * 2)) {
    if (io.interrupted.aborted) throw new UsageError(`Stopped waiting. ${id} goes on in the router: sre-router explain ${id}`);
    const detail = await ask<EventDetail>(io, flags, `/api/v1/events/${encodeURIComponent(id)}`).catch((error: unknown) => {
      if (io.interrupted.aborted) return undefined;
      if (error instanceof RouterError && error.code === 'FORBIDDEN')
        throw new RouterError('FORBIDDEN', `${id} is accepted, but cannot be waited for: ${error.message} Use --wait 0.`);
      // Accepted, and not yet where questions are answered from: with Kafka a copy.
      if (error instanceof RouterError && error.code === 'NOT_FOUND' && io.clock.nowMs() < deadlineMs) return 'on its way';
      throw error;
    });
    if (detail === undefined) continue;
    const leftMs = deadlineMs - io.clock.nowMs();
    if (detail !== 'on its way' && (OVER.has(detail.state) || leftMs <= 0)) return detail;
    await pause(io, Math.min(pollMs, leftMs, MINUTE_MS));
  }
}

/** Ends early at Ctrl-C. */
function pause({ clock, interrupted }: CliIo, forMs: number): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      cancel();
      interrupted.removeEventListener('abort', over);
      resolve();
    };
    const cancel = clock.after(forMs, over);
    interrupted.addEventListener('abort', over, { once: true });
  });
}
