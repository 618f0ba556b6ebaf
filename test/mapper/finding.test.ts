import { expect, test } from '@jest/globals';
import { checkMappings } from '#runtime/mapper/check.js';
import { renderFindings } from '#runtime/mapper/finding.js';
import { testCatalog } from '#test/mapper/test-catalog.js';

test('a finding is one line that editors can follow, with what to do below it', () => {
  const findings = checkMappings([{ file: 'a.yaml', text: 'routes:\n  t:\n    - name: a\n      whn: "true"\n' }], testCatalog);
  expect(renderFindings(findings, 'text')).toMatch(/^a\.yaml:4:7: error schema: .*\n {4}Correct.*\n1 error\(s\), 0 warning\(s\)$/);
  expect(JSON.parse(renderFindings(findings, 'json'))).toMatchObject({ errors: 1, warnings: 0, findings: [{ line: 4, column: 7 }] });
});
