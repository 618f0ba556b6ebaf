import { z } from 'zod';
import { ERRORS, type ErrorCode, RouterError } from '../errors.js';
import { cleanForTerminal, redactText } from '../redact.js';

/** RFC 9457 problem details. */
export const problemShape = z.object({
  type: z.string().describe('urn:sre-router:error:<code>'),
  title: z.string(),
  status: z.int(),
  code: z.string().describe('Match this, never the texts. docs/errors.md lists them.'),
  detail: z.string().optional(),
  pointer: z.string().optional().describe('JSON pointer to the field at fault.'),
});
export type Problem = z.infer<typeof problemShape>;

export const PROBLEM_TYPE = 'application/problem+json';
const MAX_DETAIL_CHARACTERS = 1_000;
const MAX_POINTER_CHARACTERS = 500;

/** Errors of ours tell what they know; anything else is a 500 that tells nothing of the inside. */
export function problemOf(error: unknown): Problem {
  if (error instanceof RouterError) return makeProblem(error.code, error.message, error.pointer);
  const { code, statusCode } = (error ?? {}) as { code?: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return makeProblem('BODY_TOO_LARGE', 'The body is larger than limits.body.');
  if (statusCode === 404) return makeProblem('NOT_FOUND', 'See /openapi.json.');
  if (statusCode === 415) return makeProblem('CONTENT_TYPE', 'Content-Type is not readable.');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return makeProblem('INVALID_REQUEST', error instanceof Error ? error.message : 'Invalid request.');
  return makeProblem('INTERNAL');
}

/** The detail may hold what a stranger sent: one line, bounded, without secrets or control characters. */
export function makeProblem(code: ErrorCode, detail?: string, pointer?: string): Problem {
  const { title, status } = ERRORS[code];
  return {
    type: `urn:sre-router:error:${code}`,
    title,
    status,
    code,
    ...(detail === undefined ? {} : { detail: short(detail, MAX_DETAIL_CHARACTERS) }),
    ...(pointer === undefined ? {} : { pointer: short(pointer, MAX_POINTER_CHARACTERS) }),
  };
}

function short(text: string, maxCharacters: number): string {
  const clean = cleanForTerminal(redactText(text).replaceAll(/\s+/g, ' '));
  return clean.length > maxCharacters ? `${clean.slice(0, maxCharacters - 1)}…` : clean;
}
