import type { CommandModule } from 'yargs';
import { type EventPage, STATES } from '../view/shapes.js';
import { ask, type ClientFlags, clientOptions } from './client.js';
import { type CliIo, formatOption, jsonText, lesson, wholeNumber } from './io.js';
import { settleCommands } from './settle.js';
import { rowLine } from './tell.js';

interface Flags extends ClientFlags {
  state: string | undefined;
  type: string | undefined;
  key: string | undefined;
  cursor: string | undefined;
  limit: number;
  format: 'text' | 'json';
}

export const eventsOptions = {
  state: { choices: STATES, describe: 'What became of it, or where it stands' },
  type: { type: 'string', describe: 'Event type, e.g. alertmanager.alert' },
  key: { type: 'string', describe: 'Ordering key; for Alertmanager the fingerprint' },
  limit: { type: 'number', default: 20, describe: 'Events of a page at most' },
  cursor: { type: 'string', describe: 'Go on where an earlier page ended' },
  ...clientOptions,
  ...formatOption,
} as const;

const MAX_LIMIT = 500;

export function eventsCommand(io: CliIo): CommandModule<object, Flags> {
  return {
    command: 'events',
    describe: 'List events, newest first; settle those that need a person',
    builder(yargs) {
      for (const command of settleCommands(io)) yargs.command(command);
      // Not for the commands below it: they have their own.
      const own = Object.fromEntries(Object.entries(eventsOptions).map(([name, option]) => [name, { ...option, global: false }]));
      return yargs.options(own).epilogue(
        lesson(
          [
            ['what may or may not have happened: look there first', 'sre-router events --state ambiguous'],
            ['what failed for certain and waits for a person', 'sre-router events --state parked'],
            ['let a step go on', 'sre-router events retry ID --reason "checked: no task was made"'],
          ],
          'Columns: received, state, id, type, meaning, ordering key. A page may be short, or empty, and still have a next.',
        ),
      ) as never;
    },
    async handler(flags) {
      const query = new URLSearchParams({ limit: String(wholeNumber('limit', flags.limit, 1, MAX_LIMIT)) });
      for (const name of ['state', 'type', 'key', 'cursor'] as const) if (flags[name] !== undefined) query.set(name, flags[name]);
      const page = await ask<EventPage>(io, flags, `/api/v1/events?${query}`);
      if (flags.format === 'json') return io.out(jsonText(page));
      for (const row of page.events) io.out(`${rowLine(row)}\n`);
      if (page.events.length === 0) io.err(page.next === undefined ? 'No such event.\n' : 'None among the latest.\n');
      if (page.next !== undefined) io.err(`More: the same with --cursor ${page.next}\n`);
    },
  };
}
