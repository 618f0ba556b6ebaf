import type { SourceSamples } from '#test/contract/source.contract.js';
import { json, withMember } from '../managers.js';

export const BOUNCE = { type: 'adhoc.task', data: { task: 'bounce-mac-cluster', params: { cluster: 'mac-7' } } };

export const adhocSamples: SourceSamples = {
  good: [
    { name: 'type and data alone', payload: json(BOUNCE), events: [{ type: 'adhoc.task', source: 'adhoc' }] },
    { name: 'type alone', payload: json({ type: 'deploy.finished' }), events: [{ type: 'deploy.finished' }] },
    {
      name: 'every field',
      payload: json({
        ...BOUNCE,
        source: 'https://runbooks.example/mac',
        id: 'ticket 42/ü',
        time: '2026-01-01T01:00:00.123456789+01:00',
        nonce: 'click-1',
        expirytime: '2026-01-01T00:30:00Z',
        subject: 'mac-7',
        correlationid: 'mac-7',
        phase: 'firing',
      }),
      events: [
        {
          source: 'https://runbooks.example/mac',
          originid: 'ticket 42/ü',
          time: '2026-01-01T01:00:00.123456789+01:00',
          nonce: 'click-1',
          expirytime: '2026-01-01T00:30:00Z',
          subject: 'mac-7',
          correlationid: 'mac-7',
          phase: 'firing',
          partitionkey: 'mac-7',
        },
      ],
      isNamed: true,
    },
    {
      name: 'the progress of a Dynamic Cache Rebuild',
      payload: json({
        type: 'dcr.run',
        id: 'run-7-3',
        correlationid: 'run-7',
        data: { runId: 'run-7', cluster: 'express-1', state: 'rebuilding', farmers: 8, expectedFarmers: 10, percent: 12.5 },
      }),
      events: [{ type: 'dcr.run', correlationid: 'run-7', partitionkey: 'run-7' }],
      isNamed: true,
    },
    {
      name: 'a nonce instead of an id',
      payload: json({ ...BOUNCE, nonce: 'click-1' }),
      events: [{ nonce: 'click-1' }],
      isNamed: true,
    },
    {
      name: 'an expirytime in the past',
      payload: json({ ...BOUNCE, expirytime: '2020-01-01T00:00:00Z' }),
      events: [{ expirytime: '2020-01-01T00:00:00Z' }],
    },
  ],
  bad: [
    { name: 'no type', payload: json({ data: {} }), code: 'BODY_INVALID', pointer: '/type' },
    { name: 'an empty type', payload: json({ type: '' }), code: 'BODY_INVALID', pointer: '/type' },
    { name: 'a type of the router', payload: json({ type: 'router.command' }), code: 'BODY_INVALID', pointer: '/type' },
    { name: 'a type with a control character', payload: json({ type: 'a\u0000b' }), code: 'BODY_INVALID', pointer: '/type' },
    {
      name: 'a field that is not known',
      payload: json({ ...BOUNCE, expiryTime: '2026-01-01T00:00:00Z' }),
      code: 'BODY_INVALID',
      pointer: '/expiryTime',
    },
    { name: 'a time that is none', payload: json({ ...BOUNCE, time: 'yesterday' }), code: 'BODY_INVALID', pointer: '/time' },
    { name: 'a phase that is none', payload: json({ ...BOUNCE, phase: 'Resolved' }), code: 'BODY_INVALID', pointer: '/phase' },
    { name: 'the name of another source', payload: json({ ...BOUNCE, source: 'alertmanager' }), code: 'BODY_INVALID', pointer: '/source' },
    { name: 'the name of the router', payload: json({ ...BOUNCE, source: 'router' }), code: 'BODY_INVALID', pointer: '/source' },
  ],
  anywhere: { payload: (fragment) => json(withMember({ type: 'x' }, `"data":${fragment}`)), at: '/data' },
  kept: { payload: (value) => json({ type: 'x', data: value }), read: ({ data }) => data },
};
