import type { CommandModule } from 'yargs';
import { ask, type ClientFlags, clientOptions } from './client.js';
import { type CliIo, formatOption, jsonOption, jsonText, lesson, UsageError } from './io.js';
import { readFileOf } from './read-file.js';

interface Flags extends ClientFlags {
  id: string;
  step: string | undefined;
  branch: number | undefined;
  reason: string;
  output: string | undefined;
  data: string | undefined;
  format: 'text' | 'json';
}

const reason = { type: 'string', demandOption: true, describe: 'Why; kept with the command' } as const;
const step = { type: 'string', describe: 'Default: every step that waits for a person' } as const;
const branch = { type: 'number', describe: 'Where several routes took the event: which of them, from 0' } as const;

const KINDS = {
  retry: {
    describe: 'Call the step again, under the same key, whatever became of the last call',
    options: { step, branch, reason },
    example: ['Jira is back', '--step ticket --reason "Jira is back"'],
  },
  resolve: {
    describe: 'Take the step as done, with --output as its output',
    options: { step, branch, reason, output: { type: 'string', describe: 'Output of the step, as JSON; later steps read it' } },
    example: ['the ticket was made by hand; later steps use it', '--step ticket --output \'{"key":"SRE-1"}\' --reason "made by hand"'],
  },
  abandon: {
    describe: 'Take the step as failed',
    options: { step, branch, reason },
    example: ["not to be done; the step's onError decides what follows", '--step bounce --reason "cluster is gone"'],
  },
  resubmit: {
    describe: 'Send an event that has ended once more, as a new one',
    options: { reason, data: { type: 'string', describe: 'File with the corrected data, as JSON; default: its own data' } },
    example: ['a quarantined event, mended', '--data fixed.json --reason "severity was missing"'],
  },
} as const;

export const settleOptions = { ...KINDS.resolve.options, ...KINDS.resubmit.options };

export function settleCommands(io: CliIo): CommandModule<object, Flags>[] {
  return Object.entries(KINDS).map(([kind, { describe, options, example }]) => ({
    command: `${kind} <id>`,
    describe,
    builder: (yargs) =>
      yargs
        .positional('id', { type: 'string', demandOption: true, describe: 'Event id' })
        .options({ ...options, ...clientOptions, ...formatOption })
        .epilogue(
          lesson(
            [[example[0], `sre-router events ${kind} ID ${example[1]}`]],
            'ID: as `events` lists it. Needs a token with the role operate.',
          ),
        ) as never,
    async handler(flags) {
      if (flags.reason.trim() === '') throw new UsageError('--reason: say why, in a few words.');
      const body = {
        reason: flags.reason,
        ...(flags.step === undefined ? {} : { step: flags.step }),
        ...(flags.branch === undefined ? {} : { branch: flags.branch }),
        ...(flags.output === undefined ? {} : { output: jsonOption('output', flags.output) }),
        ...(flags.data === undefined ? {} : { data: dataOf(flags.data) }),
      };
      const { id } = await ask<{ id: string }>(io, flags, `/api/v1/events/${encodeURIComponent(flags.id)}/${kind}`, {
        method: 'POST',
        body: JSON.stringify(body),
      });
      const look = kind === 'resubmit' ? id : flags.id;
      io.out(flags.format === 'json' ? jsonText({ id }) : `${kind}: accepted as ${id}. See: sre-router explain ${look}\n`);
    },
  }));
}

function dataOf(file: string): unknown {
  try {
    return JSON.parse(readFileOf('--data', file).toString('utf8')) as unknown;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--data: ${file} is not JSON.`);
  }
}
