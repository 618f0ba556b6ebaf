import type { Payload } from '#runtime/manager/source.js';
import type { SourceSamples } from '#test/contract/source.contract.js';
import { json, withMember } from '../managers.js';

export const CLOUD_EVENT = {
  specversion: '1.0',
  id: 'A234-1234-1234',
  source: '/mycontext/subcontext',
  type: 'com.example.someevent',
  time: '2018-04-05T17:31:00.123456789+02:00',
  data: { appinfoA: 'abc', appinfoB: 123 },
};

const structured = (body: unknown): Payload => json(body, { 'content-type': 'application/cloudevents+json' });
const batch = (body: unknown): Payload => json(body, { 'content-type': 'application/cloudevents-batch+json; charset=UTF-8' });
const binary = (body: string, headers: Record<string, string> = {}): Payload =>
  json(body, { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/a', 'ce-type': 'x.y', ...headers });
const without = (name: string): object => Object.fromEntries(Object.entries(CLOUD_EVENT).filter(([key]) => key !== name));

export const cloudeventsSamples: SourceSamples = {
  good: [
    {
      name: 'structured',
      payload: structured(CLOUD_EVENT),
      events: [
        { type: CLOUD_EVENT.type, source: CLOUD_EVENT.source, time: CLOUD_EVENT.time, data: CLOUD_EVENT.data, originid: CLOUD_EVENT.id },
      ],
      isNamed: true,
    },
    { name: 'structured as plain JSON', payload: json(CLOUD_EVENT), events: [{ type: CLOUD_EVENT.type }], isNamed: true },
    {
      name: 'binary',
      payload: binary('{"a":1}', { 'ce-subject': 'caf%C3%A9', 'ce-correlationid': 'k', 'ce-phase': 'resolved' }),
      events: [{ type: 'x.y', source: '/a', subject: 'café', correlationid: 'k', phase: 'resolved', partitionkey: 'k', data: { a: 1 } }],
      isNamed: true,
    },
    { name: 'binary without data', payload: binary(''), events: [{ type: 'x.y' }], isNamed: true },
    {
      name: 'batched',
      payload: batch([CLOUD_EVENT, { ...CLOUD_EVENT, id: '2' }]),
      events: [{ originid: CLOUD_EVENT.id }, { originid: '2' }],
      isNamed: true,
    },
    { name: 'batched as plain JSON', payload: json([CLOUD_EVENT]), events: [{ originid: CLOUD_EVENT.id }], isNamed: true },
    {
      name: 'our extension attributes',
      payload: structured({
        ...CLOUD_EVENT,
        correlationid: 7,
        phase: 'update',
        severitytext: 'WARN',
        nonce: 'n',
        expirytime: '2026-01-02T00:00:00Z',
        partitionkey: 'p',
        traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        comexampleother: true,
        subject: null,
      }),
      events: [
        {
          correlationid: '7',
          phase: 'update',
          severitytext: 'WARN',
          nonce: 'n',
          expirytime: '2026-01-02T00:00:00Z',
          partitionkey: '7',
          traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
        },
      ],
      isNamed: true,
    },
    {
      name: 'a partition key of its own',
      payload: structured({ ...CLOUD_EVENT, partitionkey: 'p' }),
      events: [{ partitionkey: 'p' }],
      isNamed: true,
    },
    {
      name: 'JSON in base64',
      payload: structured({ ...without('data'), data_base64: Buffer.from('{"a":"ü"}').toString('base64') }),
      events: [{ data: { a: 'ü' } }],
      isNamed: true,
    },
    ...[false, 0, '', null, 'text', [1]].map((data) => ({
      name: `data that is ${JSON.stringify(data)}`,
      payload: structured({ ...CLOUD_EVENT, data }),
      events: [{ data }],
      isNamed: true,
    })),
    { name: 'binary data that is a number', payload: binary('5'), events: [{ data: 5 }], isNamed: true },
  ],
  bad: [
    { name: 'neither headers nor a CloudEvent', payload: json({ type: 'x' }), code: 'BODY_INVALID', pointer: '/specversion' },
    ...['id', 'source', 'type', 'specversion'].map((name) => ({
      name: `no ${name}`,
      payload: structured(without(name)),
      code: 'BODY_INVALID' as const,
      pointer: `/${name}`,
    })),
    {
      name: 'another specversion',
      payload: structured({ ...CLOUD_EVENT, specversion: '0.3' }),
      code: 'BODY_INVALID',
      pointer: '/specversion',
    },
    { name: 'a time that is none', payload: structured({ ...CLOUD_EVENT, time: 'now' }), code: 'BODY_INVALID', pointer: '/time' },
    {
      name: 'a source that is no URI reference',
      payload: structured({ ...CLOUD_EVENT, source: 'a b' }),
      code: 'BODY_INVALID',
      pointer: '/source',
    },
    { name: 'an attribute with structure', payload: structured({ ...CLOUD_EVENT, other: {} }), code: 'BODY_INVALID', pointer: '/other' },
    {
      name: 'an attribute in capitals',
      payload: structured({ ...CLOUD_EVENT, correlationId: 'x' }),
      code: 'BODY_INVALID',
      pointer: '/correlationId',
    },
    { name: 'a phase that is none', payload: structured({ ...CLOUD_EVENT, phase: 'Resolved' }), code: 'BODY_INVALID', pointer: '/phase' },
    {
      name: 'binary data',
      payload: structured({ ...without('data'), datacontenttype: 'image/png', data_base64: 'AAAA' }),
      code: 'BODY_INVALID',
      pointer: '/data_base64',
    },
    { name: 'data twice', payload: structured({ ...CLOUD_EVENT, data_base64: 'AAAA' }), code: 'BODY_INVALID', pointer: '/data_base64' },
    {
      name: 'base64 that is no JSON',
      payload: structured({ ...without('data'), data_base64: 'AAAA' }),
      code: 'BODY_NOT_JSON',
      pointer: '/data_base64',
    },
    {
      name: 'binary mode without a type',
      payload: json('{}', { 'ce-id': '1', 'ce-source': '/a', 'ce-specversion': '1.0' }),
      code: 'BODY_INVALID',
      pointer: '/type',
    },
    { name: 'binary mode with data that is no JSON', payload: binary('<a/>', { 'content-type': 'application/xml' }), code: 'CONTENT_TYPE' },
    { name: 'an empty batch', payload: batch([]), code: 'BODY_INVALID', pointer: '' },
    { name: 'a batch that is no list', payload: batch(CLOUD_EVENT), code: 'BODY_INVALID', pointer: '' },
    {
      name: 'a bad event in a batch',
      payload: batch([CLOUD_EVENT, without('source'), CLOUD_EVENT]),
      code: 'BODY_INVALID',
      pointer: '/1/source',
    },
    { name: 'no object in a batch', payload: batch([CLOUD_EVENT, 5]), code: 'BODY_INVALID', pointer: '/1' },
    {
      name: "another source's name",
      payload: structured({ ...CLOUD_EVENT, source: 'alertmanager' }),
      code: 'BODY_INVALID',
      pointer: '/source',
    },
    {
      name: "another source's name in a batch",
      payload: batch([CLOUD_EVENT, { ...CLOUD_EVENT, source: 'adhoc' }]),
      code: 'BODY_INVALID',
      pointer: '/1/source',
    },
    { name: 'more events than the limit', payload: batch(Array(9).fill(CLOUD_EVENT)), code: 'BATCH_TOO_LARGE', pointer: '' },
  ],
  anywhere: { payload: (fragment) => structured(withMember({ ...without('data') }, `"data":${fragment}`)), at: '/data' },
  kept: { payload: (value) => structured({ ...CLOUD_EVENT, data: value }), read: ({ data }) => data },
};
