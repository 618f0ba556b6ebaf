import type { CommandModule } from 'yargs';
import type { EventDetail } from '../view/shapes.js';
import { ask, type ClientFlags, clientOptions } from './client.js';
import { type CliIo, formatOption, jsonText, lesson } from './io.js';
import { explainLines } from './tell.js';

interface Flags extends ClientFlags {
  id: string;
  format: 'text' | 'json';
}

export function explainCommand(io: CliIo): CommandModule<object, Flags> {
  return {
    command: 'explain <id>',
    describe: 'Tell why an event became what it became, step by step',
    builder: (yargs) =>
      yargs
        .positional('id', { type: 'string', demandOption: true, describe: 'Event id' })
        .options({ ...clientOptions, ...formatOption })
        .epilogue(
          lesson(
            [
              ['what it was to its incident, which route took it or which clause was false, every step', 'sre-router explain ID'],
              ['attempts and outputs, for a program', "sre-router explain ID --format json | jq '.branches[].steps[]'"],
            ],
            'ID: as `send`, `events` and the logs show it. Needs a token with the role read.',
          ),
        ) as never,
    async handler(flags) {
      const detail = await ask<EventDetail>(io, flags, `/api/v1/events/${encodeURIComponent(flags.id)}`);
      io.out(flags.format === 'json' ? jsonText(detail) : `${explainLines(detail).join('\n')}\n`);
    },
  };
}
