import type { Payload } from '#runtime/manager/source.js';
import type { SourceSamples } from '#test/contract/source.contract.js';
import { withMember } from '../managers.js';
import { FIRING, GROUP_OF_FIVE } from '../recorded.js';
import { BOUNCE } from './adhoc.js';

const ARGO = { id: '3f9c1b6c2f6a4d1e9d3f0a1b2c3d4e5f', source: 'ingress', subject: 'alertmanager', time: '2026-07-13T07:03:49Z' };
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
export const ARGO_HEADER = {
  'Content-Type': ['application/json'],
  'Content-Length': ['1234'],
  'User-Agent': ['Alertmanager/0.34.2'],
  Traceparent: [TRACEPARENT],
  'X-Api-Key': ['canary-of-a-header'],
};
const webhookData = (body: unknown): object => ({ header: ARGO_HEADER, body });
/** Argo's HTTP trigger sets no Content-Type unless told to. */
const argo = (body: unknown, headers: Payload['headers'] = {}): Payload => ({
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  headers,
});
export const trigger = (body: unknown, event: object = {}, header: object | null = ARGO_HEADER): Payload =>
  argo({ event: { ...ARGO, ...event }, ...(header === null ? {} : { header }), body });
const bus = (given: object): Payload =>
  argo({ specversion: '1.0', type: 'webhook', datacontenttype: 'application/json', ...ARGO, ...given });
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');

const one = [
  { phase: 'firing', source: 'alertmanager', ingestsource: 'alertmanager', originid: ARGO.id, traceparent: TRACEPARENT },
] as const;

export const argoSamples: SourceSamples = {
  good: [
    { name: 'a trigger, the body raw', payload: trigger(FIRING), events: one, isNamed: true },
    { name: 'a trigger, the body as text', payload: trigger(JSON.stringify(FIRING)), events: one, isNamed: true },
    { name: 'a trigger, the body in base64', payload: trigger(base64(FIRING)), events: one, isNamed: true },
    {
      name: 'a trigger without headers, in a trace of its own',
      payload: argo({ event: ARGO, body: FIRING }, { traceparent: TRACEPARENT, 'content-type': 'text/plain' }),
      events: one,
      isNamed: true,
    },
    { name: 'a group', payload: trigger(GROUP_OF_FIVE), events: Array.from({ length: 5 }, () => one[0]), isNamed: true },
    { name: 'the CloudEvent of the bus', payload: bus({ data: webhookData(FIRING) }), events: one, isNamed: true },
    {
      name: 'the CloudEvent of the bus, data as text',
      payload: bus({ data: JSON.stringify(webhookData(FIRING)) }),
      events: one,
      isNamed: true,
    },
    { name: 'the CloudEvent of the bus, data in base64', payload: bus({ data: base64(webhookData(FIRING)) }), events: one, isNamed: true },
    {
      name: 'the CloudEvent of the bus with data_base64',
      payload: bus({ data_base64: base64(webhookData(FIRING)) }),
      events: one,
      isNamed: true,
    },
    { name: 'a whole event', payload: argo({ context: ARGO, data: base64(webhookData(FIRING)) }), events: one, isNamed: true },
    {
      name: 'a calendar on the bus, which has no body',
      payload: argo({
        specversion: '1.0',
        ...ARGO,
        type: 'calendar',
        subject: 'adhoc',
        data: { eventTime: '2026-01-01 00:00:00 +0000 UTC', metadata: { type: 'canary.beat' } },
      }),
      events: [{ type: 'canary.beat', ingestsource: 'adhoc', originid: ARGO.id, data: { at: '2026-01-01 00:00:00 +0000 UTC' } }],
      isNamed: true,
    },
    {
      name: 'an ad-hoc call',
      payload: trigger(BOUNCE, { subject: 'adhoc' }),
      events: [{ type: 'adhoc.task', ingestsource: 'adhoc', originid: ARGO.id }],
      isNamed: true,
    },
    {
      name: 'a CloudEvent in binary mode',
      payload: trigger(
        { a: 1 },
        { subject: 'events' },
        { 'Ce-Id': ['77'], 'Ce-Source': ['/a'], 'Ce-Type': ['x.y'], 'Ce-Specversion': ['1.0'] },
      ),
      events: [{ type: 'x.y', source: '/a', ingestsource: 'events', originid: '77', data: { a: 1 } }],
      isNamed: true,
    },
  ],
  bad: [
    { name: 'no wrapper', payload: argo(FIRING), code: 'BODY_INVALID', pointer: '' },
    { name: 'no event id', payload: trigger(FIRING, { id: undefined }), code: 'BODY_INVALID', pointer: '/event/id' },
    { name: 'no body', payload: argo({ event: ARGO }), code: 'BODY_INVALID', pointer: '/body' },
    {
      name: 'a source that is not configured',
      payload: trigger(FIRING, { subject: 'alertmanager-eu' }),
      code: 'UNKNOWN_SOURCE',
      pointer: '/event/subject',
    },
    {
      name: 'a source named like a property of every object',
      payload: trigger(FIRING, { subject: 'constructor' }),
      code: 'UNKNOWN_SOURCE',
      pointer: '/event/subject',
    },
    { name: 'itself', payload: trigger(FIRING, { subject: 'argo' }), code: 'BODY_INVALID', pointer: '/event/subject' },
    {
      name: 'a body that is no alert',
      payload: trigger({ text: 'x' }),
      code: 'BODY_INVALID',
      pointer: '/version',
      quarantine: /^\/body\/version: /,
    },
    { name: 'a body that is a text', payload: trigger('hello'), code: 'BODY_NOT_JSON', quarantine: /^\/body: / },
    { name: 'data without a body', payload: bus({ data: { header: {} } }), code: 'BODY_INVALID', pointer: '/data/body' },
    { name: 'data that is no base64', payload: bus({ data: '%%%' }), code: 'BODY_NOT_JSON', pointer: '/data' },
    {
      name: 'more alerts than the limit',
      payload: trigger({ ...FIRING, alerts: Array(9).fill({}) }),
      code: 'BATCH_TOO_LARGE',
      quarantine: /^\/body\/alerts: /,
    },
  ],
  anywhere: { payload: (fragment) => argo(withMember({ event: ARGO, body: FIRING }, `"new":${fragment}`)), at: '/new' },
  kept: { payload: (value) => trigger({ type: 'x', data: value }, { subject: 'adhoc' }), read: ({ data }) => data },
};
