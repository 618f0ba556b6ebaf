import type { CommandModule } from 'yargs';
import { STATES } from '../view/shapes.js';
import { clientOptions } from './client.js';
import { type CliIo, formatOption, lesson, UsageError } from './io.js';
import { replayEvents } from './replay-events.js';
import type { ReplayFlags } from './replay-flags.js';
import { listLetters, replayLetters, showLetter } from './replay-letters.js';

export const replayOptions = {
  dlq: { type: 'boolean', default: false, describe: 'Dead letters instead of events: records of the raw topic that could not be read' },
  list: { type: 'boolean', default: false, describe: '--dlq: only list what stands, and why' },
  record: { type: 'string', array: true, describe: '--dlq: partition/offset of a letter, as --list shows it; default: all that stand' },
  show: { type: 'boolean', default: false, describe: '--dlq --record: write its bytes to standard output' },
  body: { type: 'string', describe: '--dlq --record: file with the mended value; default: its own bytes are tried again' },
  'content-type': { type: 'string', describe: '--body: its content type, instead of all headers that the record had' },
  state: { choices: STATES, describe: 'Events: outcome, e.g. failed or quarantined' },
  type: { type: 'string', describe: 'Events: type, e.g. alertmanager.alert' },
  key: { type: 'string', describe: 'Events: ordering key' },
  since: { type: 'string', describe: 'Events received since: a time (2026-01-31T09:00:00Z), or how long ago (2h)' },
  until: { type: 'string', describe: 'Events received before: the same' },
  limit: { type: 'number', default: 100, describe: 'Events at most; more than that, and nothing is sent' },
  again: { type: 'boolean', default: false, describe: 'Events: also those that were sent again before' },
  reason: { type: 'string', describe: 'Why; kept with each. Needed with --yes' },
  yes: { type: 'boolean', default: false, describe: 'Send. Without it nothing happens: it only tells what would' },
  ...clientOptions,
  ...formatOption,
} as const;

const OF_LETTERS = ['list', 'show', 'record', 'body', 'content-type'] as const;
const OF_EVENTS = ['state', 'type', 'key', 'since', 'until', 'again'] as const;

export function replayCommand(io: CliIo): CommandModule<object, ReplayFlags> {
  return {
    command: 'replay',
    describe: 'Send ended events, or dead letters, once more',
    builder: (yargs) =>
      yargs.options(replayOptions).epilogue(
        lesson(
          [
            ['what would be sent: the failed ones of the last two hours', 'sre-router replay --state failed --since 2h'],
            ['send them, each as a new event <id>~1', 'sre-router replay --state failed --since 2h --reason "Jira was down" --yes'],
            ['records of the raw topic that nobody could read, and why', 'sre-router replay --dlq --list'],
            ['which of them this release can read', 'sre-router replay --dlq'],
            ['one as it came', 'sre-router replay --dlq --record 2/17 --show > body.json'],
            ['the same one, mended', 'sre-router replay --dlq --record 2/17 --body body.json --reason "mended" --yes'],
          ],
          'Exit 0: fine. 1: something cannot be sent. 2: wrong usage, or no router. A letter is never sent twice; an event only with --again.\nNeeds a token with the roles read and operate.',
        ),
      ) as never,
    async handler(flags) {
      const strangers = (flags.dlq ? OF_EVENTS : OF_LETTERS).filter((name) => flags[name] !== undefined && flags[name] !== false);
      if (strangers.length > 0)
        throw new UsageError(
          flags.dlq ? `--${strangers[0]} is for events: leave --dlq out.` : `--${strangers[0]} is for dead letters: add --dlq.`,
        );
      if (flags.yes && (flags.reason ?? '').trim() === '') throw new UsageError('--yes needs --reason: say why, in a few words.');
      if (!flags.dlq) return replayEvents(io, flags);
      if ((flags.show || flags.body !== undefined) && flags.record?.length !== 1)
        throw new UsageError(`--${flags.show ? 'show' : 'body'} is for one record: name it with --record, as --list shows it.`);
      if (flags['content-type'] !== undefined && flags.body === undefined) throw new UsageError('--content-type goes with --body.');
      if (flags.list) return listLetters(io, flags);
      return flags.show ? showLetter(io, flags) : replayLetters(io, flags);
    },
  };
}
