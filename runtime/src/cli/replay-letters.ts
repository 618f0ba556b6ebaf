import type { LetterDetail, LetterPage, ReplayAnswer, ReplayResult } from '../http/letter-shapes.js';
import { cleanForTerminal } from '../redact.js';
import { ask } from './client.js';
import { type CliIo, jsonText, UsageError } from './io.js';
import { readFileOf } from './read-file.js';
import type { ReplayFlags } from './replay-flags.js';

const PAGE = 500;
const MAX_SHOWN_CHARACTERS = 300;
/** At most 500 are named in one request. */
const MAX_SHOWN_IDS = 3;

const short = (text: string): string => {
  const clean = cleanForTerminal(text);
  return clean.length > MAX_SHOWN_CHARACTERS ? `${clean.slice(0, MAX_SHOWN_CHARACTERS)}…` : clean;
};

/** `replay --dlq --list`: newest first. */
export async function listLetters(io: CliIo, flags: ReplayFlags): Promise<void> {
  const letters: LetterPage['letters'] = [];
  let standing = 0;
  for (let cursor: string | undefined; ; ) {
    const query = new URLSearchParams({ limit: String(PAGE), ...(cursor === undefined ? {} : { cursor }) });
    const page = await ask<LetterPage>(io, flags, `/api/v1/dlq?${query}`);
    letters.push(...page.letters.filter(({ record }) => isNamed(record, flags.record)));
    standing = page.standing;
    cursor = page.next;
    if (cursor === undefined) break;
  }
  if (flags.format === 'json') return io.out(jsonText({ letters, standing }));
  for (const { record, receivedAt, reason, detail, bytes } of letters)
    io.out(`${clean(record)}  ${clean(receivedAt)}  ${clean(reason)}  ${bytes} B\n    ${short(detail)}\n`);
  io.err(standing === 0 ? 'No dead letter stands.\n' : `${standing} stand. What this release can read: sre-router replay --dlq\n`);
}

/** `replay --dlq --record R --show`: the bytes, as they came. */
export async function showLetter(io: CliIo, flags: ReplayFlags): Promise<void> {
  const [record = ''] = flags.record ?? [];
  const letter = await ask<LetterDetail>(io, flags, `/api/v1/dlq/${encodeURIComponent(record)}`);
  if (flags.format === 'json') return io.out(jsonText(letter));
  if (letter.text === undefined) throw new UsageError(`${clean(letter.record)} is no UTF-8 text; --format json shows it in base64.`);
  io.out(letter.text);
  io.err(`${clean(letter.record)}: ${clean(letter.reason)}: ${short(letter.detail)}\n`);
}

/** `replay --dlq [--record R]`: tries, or sends with --yes. */
export async function replayLetters(io: CliIo, flags: ReplayFlags): Promise<void> {
  const request = {
    dryRun: !flags.yes,
    ...(flags.reason === undefined ? {} : { reason: flags.reason }),
    ...(flags.record === undefined ? {} : { records: flags.record }),
    ...(flags.body === undefined ? {} : { body: textOf(flags.body) }),
    ...(flags['content-type'] === undefined ? {} : { contentType: flags['content-type'] }),
  };
  const results: ReplayResult[] = [];
  for (let after: string | undefined; ; ) {
    const body = JSON.stringify({ ...request, ...(after === undefined ? {} : { after }) });
    const answer = await ask<ReplayAnswer>(io, flags, '/api/v1/dlq/replay', { method: 'POST', body });
    results.push(...answer.results);
    if (flags.format === 'text') for (const result of answer.results) io.out(`${lineOf(result)}\n`);
    after = answer.next;
    if (after === undefined) break;
  }
  const count = (state: ReplayResult['state']): number => results.filter((result) => result.state === state).length;
  const [unreadable, readable, replayed] = [count('unreadable'), count('readable'), count('replayed')];
  if (flags.format === 'json') io.out(jsonText({ dryRun: !flags.yes, results }));
  else if (results.length === 0) io.err('No dead letter stands.\n');
  else if (flags.yes) io.err(`${replayed} sent again, ${unreadable} still cannot be read.\n`);
  else
    io.err(
      `${readable} would be sent again, ${unreadable} cannot be read. Nothing was done${readable > 0 ? '; add --yes --reason "…" to send them' : ''}.\n`,
    );
  io.exitCode = unreadable === 0 ? 0 : 1;
}

const clean = (text: string): string => cleanForTerminal(text);
const isNamed = (record: string, names: readonly string[] | undefined): boolean =>
  names === undefined || names.some((name) => record === name || record.startsWith(`${name}/`));

function lineOf({ record, state, events = [], reason, detail, at }: ReplayResult): string {
  const ids = events.slice(0, MAX_SHOWN_IDS).map(clean).join(' ');
  const more = events.length > MAX_SHOWN_IDS ? ` and ${events.length - MAX_SHOWN_IDS} more` : '';
  switch (state) {
    case 'unreadable':
      return `${clean(record)}  cannot be read  ${clean(reason ?? '')}: ${short(detail ?? '')}`;
    case 'replayed-before':
      return `${clean(record)}  was sent again at ${clean(at ?? '')}  ${ids}${more}`;
    default:
      return `${clean(record)}  ${state === 'replayed' ? 'sent again as' : 'would be'}  ${ids}${more}`;
  }
}

function textOf(file: string): string {
  const bytes = readFileOf('--body', file);
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) throw new UsageError(`--body: ${file} is not UTF-8.`);
  return text;
}
