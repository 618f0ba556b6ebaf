/** Looking into objects of which nothing is certain. */

export type Fields = Readonly<Record<string, unknown>>;
/** What is wrong, for people, with the reason where it is not plain. */
export type Problem = string;

/** A part of a NATS subject and of a bucket's name. */
export const NAME = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

export const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The map there; an empty one where there is none. */
export function mapAt(fields: object, key: string): Fields {
  const value = (fields as Fields)[key];
  return isFields(value) ? value : {};
}

export function listAt(fields: object, key: string): readonly Fields[] {
  const value = (fields as Fields)[key];
  return Array.isArray(value) ? value.filter(isFields) : [];
}

export function textAt(fields: object, key: string): string {
  const value = (fields as Fields)[key];
  return typeof value === 'string' ? value : '';
}
