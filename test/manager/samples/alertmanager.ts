import type { Event } from '#runtime/event/event.js';
import type { Payload } from '#runtime/manager/source.js';
import type { SourceSamples } from '#test/contract/source.contract.js';
import { json, withMember } from '../managers.js';
import { FIFTY_KB, FIRING, GROUP_OF_FIVE, RESOLVED, recorded } from '../recorded.js';

const am = (body: Buffer | unknown): Payload =>
  Buffer.isBuffer(body) ? { body, headers: { 'content-type': 'application/json' } } : json(body);

export const alertmanagerSamples: SourceSamples = {
  good: [
    ...['0.25.0', '0.34.2'].map((version) => ({
      name: `one firing alert of ${version}`,
      payload: am(recorded(`01-fire-resolve/a-main/${version}/0001`)),
      events: [{ phase: 'firing', source: 'alertmanager', type: 'alertmanager.alert' } as Partial<Event>],
    })),
    {
      name: 'a group of five',
      payload: am(GROUP_OF_FIVE),
      events: Array.from({ length: 5 }, () => ({ phase: 'firing' }) as Partial<Event>),
    },
    { name: 'an annotation of 50 kB of 0.28.1', payload: am(FIFTY_KB), events: [{ phase: 'firing' }] },
    {
      name: 'UTF-8 values, NUL and markup of 0.34.2',
      payload: am(recorded('05-utf8/a-values/0.34.2/0001')),
      events: [{ phase: 'firing' }],
    },
    { name: 'UTF-8 label names of 0.34.2', payload: am(recorded('05-utf8/b-label-names/0.34.2/0001')), events: [{ phase: 'firing' }] },
    { name: 'a resolved alert', payload: am(RESOLVED), events: [{ phase: 'resolved' }] },
  ],
  bad: [
    { name: 'another version', payload: json({ ...FIRING, version: '3' }), code: 'BODY_INVALID', pointer: '/version' },
    { name: 'no version', payload: json({ alerts: FIRING.alerts }), code: 'BODY_INVALID', pointer: '/version' },
    { name: 'no alerts', payload: json({ ...FIRING, alerts: [] }), code: 'BODY_INVALID', pointer: '/alerts' },
    { name: 'alerts that are no list', payload: json({ ...FIRING, alerts: {} }), code: 'BODY_INVALID', pointer: '/alerts' },
    {
      name: 'a group label that is no text',
      payload: json({ ...FIRING, groupLabels: { a: 1 } }),
      code: 'BODY_INVALID',
      pointer: '/groupLabels/a',
    },
    { name: 'a custom payload', payload: json({ text: 'web-1 is down' }), code: 'BODY_INVALID', pointer: '/version' },
    { name: 'a custom payload that is a list', payload: json([{ alert: 'web-1' }]), code: 'BODY_INVALID', pointer: '' },
    {
      name: 'more alerts than the limit',
      payload: json({ ...FIRING, alerts: Array(9).fill({}) }),
      code: 'BATCH_TOO_LARGE',
      pointer: '/alerts',
    },
  ],
  anywhere: { payload: (fragment) => json(withMember(FIRING, `"new":${fragment}`)), at: '/new' },
  kept: {
    payload: (value) => json({ ...FIRING, alerts: [{ ...FIRING.alerts[0], annotations: { summary: value } }] }),
    read: ({ data }) => (data as { annotations: { summary: string } }).annotations.summary,
  },
};
