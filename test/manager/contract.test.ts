import { expect, test } from '@jest/globals';
import { SOURCE_KINDS } from '#runtime/manager/registry.js';
import { testSourceContract } from '#test/contract/source.contract.js';
import { SAMPLES } from './samples/samples.js';

test('every kind of source has samples of what real senders send', () => {
  expect(Object.keys(SAMPLES).sort()).toEqual(Object.keys(SOURCE_KINDS).sort());
});

for (const [kind, samples] of Object.entries(SAMPLES)) testSourceContract(kind, samples);
