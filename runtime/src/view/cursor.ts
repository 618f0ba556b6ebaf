import { z } from 'zod';
import { RouterError } from '../errors.js';

/** Cursors are opaque to callers: base64url of JSON. */
export function writeCursor(place: unknown): string {
  return Buffer.from(JSON.stringify(place), 'utf8').toString('base64url');
}

/** Throws INVALID_REQUEST for anything that writeCursor did not make for this kind of page. */
export function readCursor<T extends z.ZodType>(schema: T, cursor: string): z.output<T> {
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (error) {
    throw new RouterError(
      'INVALID_REQUEST',
      'cursor: expected `next` of an earlier page of the same question; leave it out to begin anew.',
      {
        cause: error,
      },
    );
  }
}

/** Events: for each partition, the offset before which the next page begins; 0: nothing more. */
export const eventCursor = (partitions: number): z.ZodType<number[]> => z.array(z.int().min(0)).length(partitions);

/** Incidents: the partition, and the key behind which the next page begins. */
export const incidentCursor = z.tuple([z.int().min(0), z.string()]);
