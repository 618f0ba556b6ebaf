import { expect, test } from '@jest/globals';
import { View } from '#runtime/view/view.js';
import type { ViewPorts } from '#runtime/view/view-ports.js';

const view = (behind?: ViewPorts['behind']): View => new View({ ...(behind === undefined ? {} : { behind }) } as ViewPorts);

test.each<[string, ViewPorts['behind'], RegExp]>([
  ['the log itself', undefined, /^No event a\.$/],
  ['a copy that has everything', () => 0, /^No event a\.$/],
  ['a copy that is behind', () => 7, /^No event a\. This process's view is 7 records behind: it may be on its way, ask again\.$/],
  ['a copy that does not know yet', () => undefined, /still being filled/],
])('what is not in %s is told so', (_name, behind, says) => {
  expect(view(behind).absent('No event a.')).toMatchObject({ code: 'NOT_FOUND', message: expect.stringMatching(says) });
});
