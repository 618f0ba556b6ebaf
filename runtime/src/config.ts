import { z } from 'zod';
import {
  type ConfigProblem,
  describeProblems,
  didYouMean,
  dotted,
  namesSecret,
  type Path,
  problemsOf,
  shown,
  unknownKey,
} from './config-problem.js';
import { configSchema, destinationCommon, sourceCommon } from './config-schema.js';
import { RouterError } from './errors.js';

/** The schemas of the kinds, injected by the composition root: the configuration knows no source and no action. */
export interface ConfigKinds {
  /** By kind. An object schema gets the keys that it names (baseUrl, timeout and settle too, as text, if it names them); no schema takes nothing more. */
  readonly destinationKinds: Readonly<Record<string, z.ZodType>>;
  readonly sourceKinds: Readonly<Record<string, z.ZodType>>;
}

type Top = z.output<typeof configSchema>;

export interface SourceConfig extends z.output<typeof sourceCommon> {
  /** What the kind's own schema made of its part. */
  readonly settings: unknown;
}

export interface DestinationConfig extends z.output<typeof destinationCommon> {
  readonly settings: unknown;
}

/** The whole configuration, parsed: every duration in milliseconds, every size in bytes, every default filled in. */
export interface Config extends Omit<Top, 'sources' | 'destinations'> {
  readonly sources: Readonly<Record<string, SourceConfig>>;
  readonly destinations: Readonly<Record<string, DestinationConfig>>;
}

type Checked = { readonly ok: true; readonly config: Config } | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|\[::1\]|localhost)$/;

/** Keys that an object schema names, through transforms and defaults; undefined for any other schema. */
export function keysOf(schema: z.core.$ZodType): readonly string[] | undefined {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  if (schema instanceof z.ZodPipe) return keysOf(schema.in);
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) return keysOf(schema.unwrap());
  return undefined;
}

/** A loose object, or no object schema at all. */
function takesAnyKey(schema: z.core.$ZodType): boolean {
  if (schema instanceof z.ZodObject) return schema.def.catchall !== undefined && !(schema.def.catchall instanceof z.ZodNever);
  return schema instanceof z.ZodPipe ? takesAnyKey(schema.in) : keysOf(schema) === undefined;
}

function knownAt(schema: z.core.$ZodType, path: Path): readonly string[] {
  let at: z.core.$ZodType | undefined = schema;
  for (const key of path) {
    while (at instanceof z.ZodPipe || at instanceof z.ZodPrefault || at instanceof z.ZodDefault || at instanceof z.ZodOptional)
      at = at instanceof z.ZodPipe ? at.in : at.unwrap();
    at = at instanceof z.ZodObject ? at.shape[String(key)] : undefined;
  }
  return (at && keysOf(at)) ?? [];
}

interface Parts {
  readonly settings: unknown;
  readonly common: unknown;
}

/** One source or destination: its common part and its kind's part, each key to the schemas that name it. */
function parseEntry(
  given: Record<string, unknown>,
  base: Path,
  common: z.ZodType,
  kinds: Readonly<Record<string, z.ZodType>>,
  problems: ConfigProblem[],
): Parts | undefined {
  const kind = given.kind;
  const names = Object.keys(kinds);
  const kindSchema = typeof kind === 'string' && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (!kindSchema) {
    const meant = typeof kind === 'string' ? didYouMean(kind, names) : undefined;
    problems.push({
      path: dotted([...base, 'kind']),
      expected: `one of ${names.join(', ')}`,
      received: shown(kind, 'kind'),
      ...(meant && { hint: `did you mean "${meant}"?` }),
    });
    return undefined;
  }
  const commonKeys = keysOf(common) ?? [];
  const others = Object.keys(given).filter((key) => !commonKeys.includes(key));
  const kindKeys = [...(keysOf(kindSchema) ?? []), ...(takesAnyKey(kindSchema) ? others : [])];
  const known = [...new Set([...commonKeys, ...kindKeys])];
  const before = problems.length;
  for (const key of Object.keys(given)) if (!known.includes(key)) problems.push(unknownKey(base, key, known));
  const part = (schema: z.ZodType, keys: readonly string[]): unknown => {
    const input = Object.fromEntries(Object.entries(given).filter(([key]) => keys.includes(key)));
    const result = schema.safeParse(input);
    if (result.success) return result.data;
    problems.push(...problemsOf(result.error.issues, input, base, (path) => knownAt(schema, path)));
    return undefined;
  };
  const parts = { common: part(common, commonKeys), settings: part(kindSchema, kindKeys) };
  return problems.length === before ? parts : undefined;
}

function parseEntries<T>(
  entries: Readonly<Record<string, Record<string, unknown>>>,
  section: string,
  common: z.ZodType,
  kinds: Readonly<Record<string, z.ZodType>>,
  problems: ConfigProblem[],
): Record<string, T> {
  const parsed: Record<string, T> = {};
  for (const [name, given] of Object.entries(entries)) {
    const parts = parseEntry(given, [section, name], common, kinds, problems);
    if (parts) parsed[name] = { ...(parts.common as object), settings: parts.settings } as T;
  }
  return parsed;
}

/** The events and journal topics take records of 1 MiB, with key, headers and what the journal adds. */
const KAFKA_EVENT_BYTES = 1_000_000;

function crossCheck(top: Top, problems: ConfigProblem[]): void {
  if (top.log.retentionMs < top.incidents.dedupeWindowMs)
    problems.push({
      path: 'log.retention',
      expected: `at least incidents.dedupeWindow (${top.incidents.dedupeWindowMs} ms)`,
      received: `${top.log.retentionMs} ms`,
    });
  if (top.log.kind === 'kafka' && top.limits.eventBytes > KAFKA_EVENT_BYTES)
    problems.push({
      path: 'limits.event',
      expected: `at most ${KAFKA_EVENT_BYTES} bytes, since log.kind is kafka`,
      received: `${top.limits.eventBytes} bytes`,
      hint: 'a larger record would not fit into the events topic, and stop what is behind it',
    });
  if (top.role !== 'all' && top.log.kind !== 'kafka')
    problems.push({
      path: 'role',
      expected: 'all, since the embedded log belongs to one process',
      received: top.role,
      hint: 'set log.kind to kafka to spread the roles over processes',
    });
  if (!top.http.auth.tokensFile && !LOOPBACK.test(top.http.host))
    problems.push({
      path: 'http.host',
      expected: 'a loopback address while http.auth.tokensFile is not set',
      received: shown(top.http.host, 'host'),
      hint: 'set http.auth.tokensFile, or listen on 127.0.0.1',
    });
}

/** All problems at once, or the configuration. Sources and destinations are checked even when another section is wrong. */
export function checkConfig(input: unknown, kinds: ConfigKinds): Checked {
  const given = input ?? {};
  const problems: ConfigProblem[] = [];
  const result = configSchema.safeParse(given);
  if (!result.success) problems.push(...problemsOf(result.error.issues, given, [], (path) => knownAt(configSchema, path)));
  const section = (name: 'sources' | 'destinations'): Readonly<Record<string, Record<string, unknown>>> => {
    if (result.success) return result.data[name];
    const raw = configSchema.shape[name].safeParse((given as Record<string, unknown>)[name]);
    return raw.success ? raw.data : {};
  };
  const sources = parseEntries<SourceConfig>(section('sources'), 'sources', sourceCommon, kinds.sourceKinds, problems);
  const destinations = parseEntries<DestinationConfig>(
    section('destinations'),
    'destinations',
    destinationCommon,
    kinds.destinationKinds,
    problems,
  );
  if (result.success) crossCheck(result.data, problems);
  return result.success && problems.length === 0
    ? { ok: true, config: { ...result.data, sources, destinations } }
    : { ok: false, problems };
}

/** @throws RouterError CONFIG_INVALID that tells every problem with its path. */
export function parseConfig(input: unknown, kinds: ConfigKinds, origin = 'the configuration'): Config {
  const checked = checkConfig(input, kinds);
  if (checked.ok) return checked.config;
  throw new RouterError('CONFIG_INVALID', describeProblems(checked.problems, origin));
}

/** For logs and `--print-config`: JSON text in which anything that could be a secret is hidden. File names stay. */
export function printConfig(config: Config): string {
  return JSON.stringify(
    config,
    (key, value: unknown) => {
      if (namesSecret(key) && typeof value === 'string') return '(hidden)';
      return typeof value === 'string' ? value.replace(/\/\/[^/@]*@/g, '//(hidden)@') : value;
    },
    2,
  );
}
