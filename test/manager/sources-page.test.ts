import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { Ajv, type AnySchema } from 'ajv';
import { parse } from 'yaml';
import { parseBytes } from '#runtime/clock.js';
import { parseConfig } from '#runtime/config.js';
import { ERRORS } from '#runtime/errors.js';
import type { Json } from '#runtime/event/event.js';
import { SOURCE_KINDS } from '#runtime/manager/registry.js';
import { json, sourceOfKind, testManager } from './managers.js';
import { FIRING } from './recorded.js';
import { ARGO_HEADER } from './samples/argo.js';

const page = readFileSync(new URL('../../docs/sources.md', import.meta.url), 'utf8');
/** By heading. */
const sections = Object.fromEntries(page.split(/^## /m).map((text) => [text.slice(0, text.indexOf('\n')), text]));
const blocks = (text: string | undefined, language: string): string[] =>
  [...(text ?? '').matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\n\`\`\``, 'g'))].map(([, block]) => block as string);

interface Curl {
  readonly source: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/** One `curl URL -H … -d …`, as a shell would read it. */
function readCurl(command: string): Curl {
  const words = [...command.matchAll(/'([^']*)'|"([^"]*)"|([^\s\\]+)/g)].map(([, single, double, bare]) => single ?? double ?? bare ?? '');
  const after = (flag: string): string[] => words.flatMap((word, index) => (word === flag ? [words[index + 1] ?? ''] : []));
  const headers = after('-H').map((header) => [
    header.slice(0, header.indexOf(':')).toLowerCase(),
    header.slice(header.indexOf(':') + 1).trim(),
  ]);
  return {
    source: /\/ingest\/(\S+)/.exec(command)?.[1] ?? '',
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: after('-d')[0] ?? '',
  };
}

const curls = blocks(page, 'sh').flatMap((block) => block.split(/^(?=curl )/m).map(readCurl));

test('every kind of source has a section with an example', () => {
  for (const kind of Object.keys(SOURCE_KINDS))
    expect(blocks(sections[kind], 'json').length + blocks(sections[kind], 'sh').length).toBeGreaterThan(0);
});

test.each(curls)('the curl to $source is taken as it stands there: $body', ({ source, headers, body }) => {
  const events = testManager().decode(source, { body: Buffer.from(body), headers });
  expect(events).not.toEqual([]);
  for (const event of events) expect(event.quarantine).toBeUndefined();
});

test('the three modes of CloudEvents are shown', () => {
  const modes = curls.filter(({ source }) => source === 'events').map(({ headers }) => headers['ce-id'] ?? headers['content-type']);
  expect(modes).toEqual(['application/cloudevents+json', '43', 'application/cloudevents-batch+json']);
});

test.each(Object.keys(SOURCE_KINDS).flatMap((kind) => blocks(sections[kind], 'json').map((text) => ({ kind, text }))))(
  'a body shown for $kind is taken as it stands there',
  ({ kind, text }) => {
    const events = testManager().decode(sourceOfKind(kind), json(text));
    expect(events).not.toEqual([]);
    for (const event of events) expect(event.quarantine).toBeUndefined();
  },
);

interface Entry {
  readonly src: { readonly contextKey?: string; readonly dataKey?: string; readonly useRawData?: boolean };
  readonly dest: string;
}
interface Sensor {
  readonly spec: { readonly triggers: readonly { readonly template: { readonly http: { readonly payload: readonly Entry[] } } }[] };
}
const [eventSource, sensor] = blocks(sections.argo, 'yaml').map((text) => parse(text) as Json);

test('the payload of the Sensor that is shown gives the events of the webhook', () => {
  const context: Record<string, Json> = { id: 'e1', source: 'ingress', subject: 'alertmanager', time: '2026-01-01T00:00:00Z' };
  const data: Record<string, unknown> = { header: ARGO_HEADER, body: FIRING };
  const payload: Record<string, Record<string, unknown>> = {};
  for (const { src, dest } of (sensor as unknown as Sensor).spec.triggers[0]?.template.http.payload ?? []) {
    const value = src.contextKey === undefined ? data[String(src.dataKey)] : context[src.contextKey];
    // Without useRawData, Argo sends an object as its text.
    const sent = typeof value === 'string' || src.useRawData === true ? value : JSON.stringify(value);
    const [outer = '', inner] = dest.split('.');
    if (inner === undefined) payload[outer] = sent as Record<string, unknown>;
    else payload[outer] = { ...payload[outer], [inner]: sent };
  }
  const events = testManager().decode('argo', { body: Buffer.from(JSON.stringify(payload)), headers: {} });
  expect(events).toMatchObject([{ ingestsource: 'alertmanager', originid: 'e1', phase: 'firing' }]);
});

test('the EventSource and the Sensor are valid by the schema of Argo Events, where it is at hand', () => {
  const folder = process.env.UPSTREAM_SCHEMAS;
  expect([eventSource, sensor]).toMatchObject([{ kind: 'EventSource' }, { kind: 'Sensor' }]);
  if (folder === undefined) return;
  const schema = JSON.parse(readFileSync(`${folder}/argo-events.schema.json`, 'utf8')) as { definitions: Json };
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  for (const object of [eventSource, sensor] as { kind: string }[]) {
    const ofKind = { $ref: `#/definitions/io.argoproj.events.v1alpha1.${object.kind}`, definitions: schema.definitions };
    expect(ajv.validate(ofKind as AnySchema, object) ? [] : ajv.errors).toEqual([]);
  }
});

test('each answer that is listed is in the table of errors, with its status', () => {
  const rows = [...(sections['What is answered'] ?? '').matchAll(/^\| (.*?) \|/gm)].map(([, answer]) => answer ?? '');
  const told = rows.flatMap((row) => {
    const parts = [...row.matchAll(/(\d{3}) ((?:`[A-Z0-9_]+`(?:, )?)+)/g)];
    return parts.flatMap(([, status, codes]) => [...(codes ?? '').matchAll(/[A-Z0-9_]+/g)].map(([code]) => [code, Number(status)]));
  });
  expect(told.length).toBeGreaterThan(12);
  for (const [code, status] of told) expect({ code, status: ERRORS[code as keyof typeof ERRORS]?.status }).toEqual({ code, status });
});

test('the limits have the defaults that are listed', () => {
  const rows = [...page.matchAll(/^\| `limits\.(\w+)` \| `(\w+)` \|/gm)].map(([, name, value]) => [
    name,
    parseBytes(value ?? '') ?? Number(value),
  ]);
  const { limits } = parseConfig({ sources: {}, destinations: {} }, { sourceKinds: {}, destinationKinds: {} });
  expect(Object.fromEntries(rows)).toEqual({
    body: limits.bodyBytes,
    alerts: limits.alertCount,
    event: limits.eventBytes,
    depth: limits.depth,
  });
});
