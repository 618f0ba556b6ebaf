import type { CommandModule } from 'yargs';
import type { EventDetail } from '../view/detail.js';
import { ask, type ClientFlags, clientOptions } from './client.js';
import { explainLines } from './tell.js';

interface Flags extends ClientFlags {
  id: string;
  format: 'text' | 'json';
}

export const explainCommand: CommandModule<object, Flags> = {
  command: 'explain <id>',
  describe: 'Tell why an event became what it became, step by step',
  builder: (yargs) =>
    yargs
      .positional('id', { type: 'string', demandOption: true })
      .options(clientOptions)
      .option('format', { choices: ['text', 'json'] as const, default: 'text' as const })
      .example('$0 explain 0mv3k9x2a-5f…', '') as never,
  async handler(flags) {
    const detail = await ask<EventDetail>(flags, `/api/v1/events/${encodeURIComponent(flags.id)}`);
    process.stdout.write(flags.format === 'json' ? `${JSON.stringify(detail, null, 2)}\n` : `${explainLines(detail).join('\n')}\n`);
  },
};
