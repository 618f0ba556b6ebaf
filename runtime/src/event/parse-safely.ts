import { z } from 'zod';

/**
 * As schema.safeParse, for data from outside. zod compares lengths before it knows the type, so that an object with a "length" that has neither a usable
 * valueOf nor toString makes it throw: here that is a failure like any other, with the place of that object.
 */
export function parseSafely<T extends z.ZodType>(schema: T, value: unknown): z.ZodSafeParseResult<z.output<T>> {
  try {
    return schema.safeParse(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const issue = { code: 'custom' as const, path: strangeLength(value), message: 'an object whose length is no number', input: value };
    return { success: false, error: new z.ZodError([issue]) as z.ZodError<z.output<T>> };
  }
}

function strangeLength(root: unknown): PropertyKey[] {
  const open: { value: unknown; path: PropertyKey[] }[] = [{ value: root, path: [] }];
  for (let at = open.shift(); at !== undefined; at = open.shift()) {
    const { value, path } = at;
    if (value === null || typeof value !== 'object') continue;
    if (!Array.isArray(value) && typeof (value as { length?: unknown }).length === 'object') return path;
    for (const [key, below] of Object.entries(value))
      open.push({ value: below, path: [...path, Array.isArray(value) ? Number(key) : key] });
  }
  return [];
}
