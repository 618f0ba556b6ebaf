import { expect, test } from '@jest/globals';
import type { Kube } from '#runtime/dcr/kube-client.js';
import { lookFor } from '#runtime/dcr/look-for.js';

const never = (): never => {
  throw new Error('not asked for');
};

async function gone(set: object | undefined): Promise<object> {
  const kube = { namespace: 'dcr', get: async () => set, mergePatch: never } as unknown as Kube;
  const sources = { kube: () => kube, farmers: () => 'dcr-farmer', application: never, repo: never, askNode: never, cache: never };
  return await lookFor({ name: 'farmers-gone' }, 'r-1', sources);
}

test.each([
  ['none is called for and none is left', { spec: { replicas: 0 }, status: { replicas: 0 } }, 'reached', '0 farmers run, 0 are called for'],
  ['the controller has counted none yet', { spec: { replicas: 0 } }, 'reached', '0 farmers run, 0 are called for'],
  ['one still ends', { spec: { replicas: 0 }, status: { replicas: 1 } }, 'pending', '1 farmers run, 0 are called for'],
  ['they are called for again', { spec: { replicas: 3 }, status: { replicas: 0 } }, 'pending', '0 farmers run, 3 are called for'],
  ['there is no set', undefined, 'pending', 'there is no StatefulSet dcr-farmer'],
])('farmers are gone, or not: %s', async (_what, set, verdict, seen) => {
  expect(await gone(set)).toEqual({ verdict, seen });
});
