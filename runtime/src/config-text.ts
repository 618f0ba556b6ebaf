import { z } from 'zod';
import { parseBytes, parseDurationMs } from './clock.js';

/** What the text must look like; shown in problems and in the generated reference. */
const DURATION = 'a duration such as 250ms, 30s, 10m, 1h30m or 7d';
const BYTES = 'a size such as 512B, 900kB or 16MiB';

function refuse(context: z.core.$RefinementCtx, expected: string): never {
  context.addIssue({ code: 'custom', message: `expected ${expected}`, params: { expected } });
  return z.NEVER;
}

function toMs(text: string, context: z.core.$RefinementCtx): number {
  return parseDurationMs(text) ?? refuse(context, DURATION);
}

function toBytes(text: string, context: z.core.$RefinementCtx): number {
  const bytes = parseBytes(text);
  return bytes === undefined || bytes < 1 ? refuse(context, BYTES) : bytes;
}

/** Text → milliseconds. Name the parsed field `…Ms`. */
export function duration(): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> {
  return z.string().transform(toMs).meta({ format: 'duration' });
}

/** Text → milliseconds, with the default as people write it. */
export function durationOr(text: string): z.ZodPipe<z.ZodDefault<z.ZodString>, z.ZodTransform<number, string>> {
  return z.string().default(text).transform(toMs).meta({ format: 'duration' });
}

/** Text → bytes, with the default as people write it. Minimum 1 B. */
export function bytesOr(text: string): z.ZodPipe<z.ZodDefault<z.ZodString>, z.ZodTransform<number, string>> {
  return z.string().default(text).transform(toBytes).meta({ format: 'size' });
}

/** An absolute http(s) URL without user, password, query or fragment: secrets belong in files. */
export function baseUrl(): z.ZodString {
  return z
    .string()
    .superRefine((text, context) => {
      const expected = 'an http:// or https:// URL without user, password, query or fragment';
      let url: URL;
      try {
        url = new URL(text);
      } catch {
        context.addIssue({ code: 'custom', message: `expected ${expected}`, params: { expected } });
        return;
      }
      const hide = Boolean(url.username || url.password || url.search || url.hash);
      if (hide || !/^https?:$/.test(url.protocol))
        context.addIssue({ code: 'custom', message: `expected ${expected}`, params: { expected, hide } });
    })
    .meta({ format: 'url' });
}
