import { readFileSync } from 'node:fs';
import type { Argv, CommandModule } from 'yargs';
import { cleanForTerminal } from '../redact.js';
import type { EventRow } from '../view/view.js';
import { ask, type ClientFlags, clientOptions } from './client.js';

interface ListFlags extends ClientFlags {
  state: string | undefined;
  type: string | undefined;
  key: string | undefined;
  limit: number;
  format: 'text' | 'json';
}

interface CommandFlags extends ClientFlags {
  id: string;
  step: string | undefined;
  reason: string;
  output: string | undefined;
  data: string | undefined;
  format: 'text' | 'json';
}

const COMMANDS = {
  retry: 'Call the step again (same key), whatever became of the last call',
  resolve: 'Take the step as done, with --output as its output',
  abandon: 'Take the step as failed',
  resubmit: 'Send an event that has ended once more, with --data instead of its own if given',
} as const;

const format = { choices: ['text', 'json'] as const, default: 'text' as const };

export const eventsCommand: CommandModule<object, ListFlags> = {
  command: 'events',
  describe: 'List events, newest first; settle those that need a person',
  builder(yargs) {
    let built: Argv = yargs
      .options(clientOptions)
      .option('state', { type: 'string', describe: 'done, failed, quarantined, …, running, waiting, parked, ambiguous' })
      .option('type', { type: 'string' })
      .option('key', { type: 'string', describe: 'Ordering key' })
      .option('limit', { type: 'number', default: 20 })
      .option('format', format)
      .example('$0 events --state ambiguous', 'what needs a person')
      .example('$0 events retry ID --reason "checked: no task was made"', '');
    for (const [kind, describe] of Object.entries(COMMANDS)) built = built.command(settleCommand(kind, describe));
    return built as never;
  },
  async handler(flags) {
    const query = new URLSearchParams();
    for (const name of ['state', 'type', 'key'] as const) if (flags[name] !== undefined) query.set(name, flags[name]);
    query.set('limit', String(flags.limit));
    const { events } = await ask<{ events: EventRow[] }>(flags, `/api/v1/events?${query}`);
    if (flags.format === 'json') process.stdout.write(`${JSON.stringify(events, null, 2)}\n`);
    else
      for (const { id, time, type, state, meaning, key } of events)
        process.stdout.write(`${time}  ${state.padEnd(11)} ${cleanForTerminal(`${id}  ${type}  ${meaning ?? ''}  ${key}`)}\n`);
  },
};

function settleCommand(kind: string, describe: string): CommandModule<object, CommandFlags> {
  return {
    command: `${kind} <id>`,
    describe,
    builder: (yargs) =>
      yargs
        .positional('id', { type: 'string', demandOption: true })
        .option('reason', { type: 'string', demandOption: true, describe: 'Why; kept with the command' })
        .option('step', { type: 'string', describe: 'Default: every step that waits for a person' })
        .option('output', { type: 'string', describe: 'resolve: JSON' })
        .option('data', { type: 'string', describe: 'resubmit: file with the corrected data' })
        .options(clientOptions)
        .option('format', format) as never,
    async handler(flags) {
      const body = {
        reason: flags.reason,
        ...(flags.step === undefined ? {} : { step: flags.step }),
        ...(flags.output === undefined ? {} : { output: JSON.parse(flags.output) as unknown }),
        ...(flags.data === undefined ? {} : { data: JSON.parse(readFileSync(flags.data, 'utf8')) as unknown }),
      };
      const { id } = await ask<{ id: string }>(flags, `/api/v1/events/${encodeURIComponent(flags.id)}/${kind}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      process.stdout.write(
        flags.format === 'json'
          ? `${JSON.stringify({ id })}\n`
          : `${kind}: accepted as ${id}; see: sre-router explain ${kind === 'resubmit' ? id : flags.id}\n`,
      );
    },
  };
}
