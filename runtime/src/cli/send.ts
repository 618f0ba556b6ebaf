import { readFileSync } from 'node:fs';
import type { CommandModule } from 'yargs';
import { systemClock } from '../clock.js';
import { newId } from '../event/id.js';
import { OUTCOMES } from '../journal/records.js';
import { systemRandom } from '../random.js';
import type { EventDetail } from '../view/detail.js';
import { ask, type ClientFlags, clientOptions } from './client.js';
import { explainLines } from './tell.js';

interface Flags extends ClientFlags {
  file: string | undefined;
  source: string;
  type: string | undefined;
  data: string | undefined;
  id: string | undefined;
  wait: number;
  format: 'text' | 'json';
}

const POLL_MS = 200;

export const sendCommand: CommandModule<object, Flags> = {
  command: 'send [file]',
  describe: 'Send an event and show what happens',
  builder: (yargs) =>
    yargs
      .positional('file', { type: 'string', describe: 'Body to post; "-" is standard input' })
      .option('source', { type: 'string', default: 'adhoc', describe: 'Configured source to post to' })
      .option('type', { type: 'string', describe: 'Without a file: the event type' })
      .option('data', { type: 'string', describe: 'Without a file: the data, as JSON' })
      .option('id', { type: 'string', describe: 'Without a file: your id; sent twice, it is one event' })
      .option('wait', { type: 'number', default: 30, describe: 'Seconds to wait for the end; 0 = do not wait' })
      .options(clientOptions)
      .option('format', { choices: ['text', 'json'] as const, default: 'text' as const })
      .example('$0 send --type adhoc.task --data \'{"task":"bounce-mac-cluster","params":{"cluster":"mac-7"}}\'', '')
      .example('$0 send alert.json --source alertmanager', '') as never,
  async handler(flags) {
    const body = flags.file === undefined ? adhocBody(flags) : readFileSync(flags.file === '-' ? 0 : flags.file);
    const { events } = await ask<{ events: { id: string }[] }>(flags, `/ingest/${encodeURIComponent(flags.source)}`, {
      method: 'POST',
      body,
    });
    const details = flags.wait === 0 ? [] : await Promise.all(events.map(({ id }) => ended(flags, id, Date.now() + flags.wait * 1_000)));
    if (flags.format === 'json') process.stdout.write(`${JSON.stringify({ events: details.length > 0 ? details : events }, null, 2)}\n`);
    else if (flags.wait === 0) for (const { id } of events) process.stdout.write(`accepted ${id}\n`);
    else
      for (const [index, detail] of details.entries())
        process.stdout.write(
          `${detail === undefined ? `${events[index]?.id}: accepted, not read yet` : explainLines(detail).join('\n')}\n`,
        );
    process.exitCode = details.every(
      (detail) => detail === undefined || !['failed', 'quarantined', 'parked', 'ambiguous'].includes(detail.state),
    )
      ? 0
      : 1;
  },
};

function adhocBody(flags: Flags): string {
  if (flags.type === undefined) throw new Error('Name a file, or --type and --data. Try: sre-router send --help');
  const data = flags.data === undefined ? undefined : (JSON.parse(flags.data) as unknown);
  // Always with an id: an answer that is lost on the way and asked for again is not a second event.
  const id = flags.id ?? newId(systemClock, systemRandom);
  return JSON.stringify({ type: flags.type, id, ...(data === undefined ? {} : { data }) });
}

/** Asks until the event has ended, needs a person, or the time is over; then as it stands. */
async function ended(flags: Flags, id: string, deadlineMs: number): Promise<EventDetail | undefined> {
  for (;;) {
    const detail = await ask<EventDetail>(flags, `/api/v1/events/${encodeURIComponent(id)}`).catch((error: { code?: string }) => {
      if (error.code === 'NOT_FOUND') return undefined;
      throw error;
    });
    const isOver = detail !== undefined && ([...OUTCOMES] as string[]).concat('parked', 'ambiguous').includes(detail.state);
    if (isOver || Date.now() > deadlineMs) return detail;
    await new Promise((again) => setTimeout(again, POLL_MS));
  }
}
