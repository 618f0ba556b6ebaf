import { expect, test } from '@jest/globals';
import { literalUses } from '#runtime/mapper/literal-uses.js';
import { testCatalog } from './test-catalog.js';

const mapping = (route: object): { file: string; text: string } => ({
  file: 'm.json',
  text: JSON.stringify({ routes: { t: [{ name: 'r', ...route }] } }),
});

test('uses are read from every list and from shadow routes, each with its destination; an expression is no literal', () => {
  const file = mapping({
    mode: 'shadow',
    actions: [
      { id: 'a', use: 'slack.message', with: { channel: '#sre', text: 'down: ${{ data.x }}' } },
      { id: 'b', use: 'slack.message', destination: 'other', with: { channel: '${{ data.channel }}', text: '$${{ x }}' } },
    ],
    resolved: [{ id: 'c', use: 'jira.issue', with: { project: 'SRE', fields: { a: ['${{ 1 }}', 'x'], b: 1 } } }],
    expired: [{ id: 'd', use: 'sre.task' }],
  });
  expect(literalUses([file], testCatalog)).toEqual([
    { action: 'slack.message', destination: 'slack', with: { channel: '#sre', text: null } },
    { action: 'slack.message', destination: 'other', with: { channel: null, text: '${{ x }}' } },
    { action: 'jira.issue', destination: 'jira', with: { project: 'SRE', fields: null } },
    { action: 'sre.task', destination: 'sre', with: {} },
  ]);
});

test('files that are no mappings have no uses', () => {
  expect(
    literalUses(
      [
        { file: 'm.json', text: '{' },
        { file: 'n.json', text: '{"routes":{"t":[{}]}}' },
      ],
      testCatalog,
    ),
  ).toEqual([]);
});
