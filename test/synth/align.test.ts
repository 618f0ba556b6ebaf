import { expect, test } from '@jest/globals';
import { embed, supersequence } from '#synth/compiler/align.js';

test.each<[rule: string, sequences: string[], order: string]>([
  ['what is alike stands together', ['abd', 'acd'], 'abcd'],
  ['what stands in one order everywhere is there once, however the sequences come', ['a', 'la', 'ca', 'cla', 'cea', 'cela'], 'cela'],
  ['and in any other order of them', ['cela', 'la', 'cea', 'a'], 'cela'],
  ['what changes places is there twice', ['ab', 'ba'], 'aba'],
  ['a member may be there twice by itself', ['aba', 'ab'], 'aba'],
])('%s', (_, sequences, order) => {
  const split = sequences.map((one) => [...one]);
  expect(supersequence(split).join('')).toBe(order);
  for (const one of split) expect(embed(one, [...order])).toBeDefined();
});
