import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { checkMappings } from '#runtime/mapper/check.js';
import { testCatalog } from '#test/mapper/test-catalog.js';

/** Each row: replace `from` (once) by `to` in a shipped file; the finding `code` must stand at `at`, a text in the mutated file. */
const MAC = 'mappings/mac-cluster.json';
const ROWS: readonly (readonly [what: string, from: string, to: string, code: string, at: string])[] = [
  ['an unknown key of the file', '"tests": [', '"test": [', 'schema', '"test": ['],
  ['an unknown key of a route', '"critical": true', '"critcal": true', 'schema', '"critcal"'],
  ['an unknown key of a step', '"always": true', '"allways": true', 'schema', '"allways"'],
  ['a wrong type of critical', '"critical": true', '"critical": "yes"', 'schema', '"yes"'],
  ['a wrong mode', '"critical": true', '"mode": "dry"', 'schema', '"dry"'],
  ['a wrong onError', '"onError": "continue"', '"onError": "ignore"', 'schema', '"ignore"'],
  ['a wrong duration', '"within": "30m"', '"within": "30 minutes"', 'schema', '"30 minutes"'],
  ['an empty duration', '"within": "30m"', '"within": ""', 'schema', '"" }'],
  ['zero attempts', '"attempts": 5', '"attempts": 0', 'schema', '0 }'],
  ['attempts as text', '"attempts": 5', '"attempts": "5"', 'schema', '"5"'],
  ['an unknown key of retry', '"attempts": 5', '"attempt": 5', 'schema', '"attempt"'],
  ['a step id with a dash', '"id": "tell"', '"id": "te-ll"', 'schema', '"te-ll"'],
  ['a route name with a space', '"name": "mac-cluster-down"', '"name": "mac cluster"', 'schema', '"mac cluster"'],
  ['an empty when', `"when": "data.labels.env == 'gov'"`, '"when": ""', 'schema', '"",'],
  ['actions as a text', '"reopened": [', '"reopened": "x", "repeated": [', 'schema', '"x"'],
  ['a missing comma', '"critical": true,', '"critical": true', 'syntax', ''],
  ['a trailing comma', '"critical": true,', '"critical": true,,', 'syntax', ''],
  ['a key twice', '"critical": true,', '"critical": true, "critical": true,', 'duplicate-key', ''],
  ['a when that is no CEL', "data.labels.severity == 'critical'\"", "data.labels.severity = 'critical'\"", 'cel-syntax', ''],
  ['an unclosed bracket', "data.labels.env == 'gov'", "(data.labels.env == 'gov'", 'cel-syntax', ''],
  ['a when that is a text', "data.labels.env == 'gov'", 'data.labels.env', 'when-type', 'data.labels.env"'],
  ['a when that is an integer', "data.labels.env == 'gov'", 'size(data.labels)', 'when-type', 'size(data.labels)'],
  ['a text compared with an integer', "data.labels.env == 'gov'", 'event.id == 1', 'cel-type', 'event.id == 1'],
  ['an unknown variable', "data.labels.env == 'gov'", "alert.labels.env == 'gov'", 'unknown-variable', 'alert.labels'],
  ['an unknown field of the event', "data.labels.env == 'gov'", "event.kind == 'gov'", 'unknown-field', '.kind'],
  ['an unknown function', "data.labels.env == 'gov'", 'shout(data.labels.env)', 'cel-type', 'shout('],
  ['a text with a boolean operator', "data.labels.env == 'gov'", 'event.id && true', 'cel-type', 'event.id && true'],
  ['a pattern that is no RE2', "data.labels.env == 'gov'", "data.labels.env.matches('(?=x)')", 'cel-pattern', "'(?=x)'"],
  ['an unclosed pattern', "data.labels.env == 'gov'", "data.labels.env.matches('(a')", 'cel-pattern', "'(a'"],
  ['cel.bind', "data.labels.env == 'gov'", "cel.bind(x, 'a', x == 'a')", 'cel-bounds', 'cel.bind'],
  ['comprehensions three deep', "data.labels.env == 'gov'", '[1].all(a, [1].all(b, [1].all(c, true)))', 'cel-bounds', '[1].all(c'],
  ['an expression too long', "data.labels.env == 'gov'", `'${'x'.repeat(2_001)}' == ''`, 'cel-bounds', "'xxxx"],
  ['an unknown action', '"use": "jira.comment"', '"use": "jira.coment"', 'unknown-action', '"jira.coment"'],
  ['an unknown destination', '"use": "jira.comment"', '"use": "jira.comment", "destination": "jra"', 'unknown-destination', '"jra"'],
  ['an action without a default destination', '"use": "jira.comment"', '"use": "http.request"', 'no-destination', '"http.request"'],
  ['a missing field of with', '"channel": "#sre", ', '', 'with-missing', '{ "text": "MAC cluster'],
  ['an unknown field of with', '"channel": "#sre"', '"chanel": "#sre"', 'with-unknown', '"chanel"'],
  ['a number for a text', '"channel": "#sre"', '"channel": 7', 'with-type', '7, "text"'],
  ['an empty text', '"channel": "#sre"', '"channel": ""', 'with-type', '"", "text"'],
  ['a list for a text', '"channel": "#sre"', '"channel": ["#sre"]', 'with-type', '["#sre"]'],
  ['a text for a list', '"labels": ["mac-cluster", "${{ data.labels.cluster }}"]', '"labels": "mac"', 'with-type', '"mac"\n'],
  ['a number in a list of texts', '["mac-cluster", ', '[1, ', 'with-type', '1, "${{'],
  ['a text for an object', '"params": { "cluster": "${{ data.labels.cluster }}" }', '"params": "x"', 'with-type', '"x" }'],
  ['a template of a wrong type', '"channel": "#sre"', '"channel": "${{ size(data.labels) }}"', 'with-type', 'size(data.labels)'],
  [
    'an object in place of a text',
    '"text": "Bounce submitted: ${{ steps.bounce.id }}"',
    '"text": "${{ steps.bounce }}"',
    'with-type',
    'steps.bounce }}',
  ],
  ['the output of a wrong action', '"to": "${{ steps.tell }}"', '"to": "${{ steps.bounce }}"', 'with-type', 'steps.bounce }}", "text"'],
  ['a text of an object', '"to": "${{ steps.tell }}"', '"to": "x ${{ steps.tell }}"', 'with-type', '"x ${{'],
  ['a template without an end', '"to": "${{ steps.tell }}"', '"to": "${{ steps.tell"', 'cel-syntax', '${{ steps.tell"'],
  ['an empty template', '"to": "${{ steps.tell }}"', '"to": "${{ }}"', 'cel-syntax', ''],
  ['a template that is no CEL', '"to": "${{ steps.tell }}"', '"to": "${{ steps..tell }}"', 'cel-syntax', ''],
  ['a later step', '"channel": "#sre"', '"channel": "${{ steps.note.ts }}"', 'later-step', ''],
  ['the step itself', '"channel": "#sre"', '"channel": "${{ steps.tell.ts }}"', 'later-step', ''],
  ['an unknown step', '${{ steps.bounce.id }}', '${{ steps.bunce.id }}', 'unknown-step', ''],
  ['an unknown output', '${{ steps.bounce.id }}', '${{ steps.bounce.ident }}', 'unknown-field', ''],
  [
    'a step of another list',
    '"to": "${{ incident.steps.tell }}", "text": "MAC cluster ${{ data.labels.cluster }} is up again"',
    '"to": "${{ steps.tell }}", "text": "up"',
    'unknown-step',
    '',
  ],
  [
    'an incident step that does not exist',
    '"issue": "${{ incident.steps.ticket }}"',
    '"issue": "${{ incident.steps.tiket }}"',
    'unknown-incident-step',
    '',
  ],
  ['an unknown fact of the incident', '"text": "The alert has resolved."', '"text": "${{ incident.colour }}"', 'unknown-field', ''],
  ['an id twice in a list', '"id": "note"', '"id": "tell"', 'duplicate-id', ''],
  ['an id of actions in another list', '"id": "green"', '"id": "tell"', 'duplicate-id', ''],
  ['an sre.task without once', '"once": { "within": "30m" },', '', 'task-without-once', '"sre.task"'],
  ['an unknown list in a test', '"list": "reopened"', '"list": "reopend"', 'schema', '"reopend"'],
  [
    'a test that expects another route',
    '"expect": { "route": "mac-cluster-down", "actions": ["tell", "bounce", "note"] }',
    '"expect": { "route": "other" }',
    'test-failed',
    '"other"',
  ],
  ['a test that expects other steps', '"actions": ["tell", "bounce", "note"]', '"actions": ["tell"]', 'test-failed', '["tell"] }'],
  [
    'a test that expects other input',
    '"with": { "green": { "to": { "ts": "1.1" } } }',
    '"with": { "green": { "to": { "ts": "9.9" } } }',
    'test-failed',
    '',
  ],
  ['a test with data that no source gives', '"labels": { "alertname"', '"labels": { "n": 1, "alertname"', 'test-event', '1, "alertname"'],
];

function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset);
  return `${before.split('\n').length}:${offset - before.lastIndexOf('\n')}`;
}

const base = readFileSync(MAC, 'utf8');

test.each(ROWS)('%s is refused at its place', (_what, from, to, code, at) => {
  const where = base.indexOf(from);
  expect(where).toBeGreaterThanOrEqual(0);
  const text = base.slice(0, where) + to + base.slice(where + from.length);
  const findings = checkMappings([{ file: MAC, text }], testCatalog);
  const found = findings.find((finding) => finding.code === code);
  expect(findings.map((finding) => finding.code)).toContain(code);
  if (found === undefined) return;
  expect(found.fix).not.toBe('');
  if (at !== '') expect(`${found.line}:${found.column}`).toBe(placeOf(text, text.indexOf(at) + (at.startsWith('.') ? 1 : 0)));
  // Near the mutation in any case: syntax errors are found up to a line behind it.
  else expect(Math.abs(found.line - Number(placeOf(text, where).split(':')[0]))).toBeLessThanOrEqual(1);
});

const SECOND = '{"routes":{"t":[{"name":"a","actions":[]}]}}';

test.each([
  ['duplicate-route', [SECOND, '{"routes":{"u":[{"name":"a"}]}}'], '2.json:1:25'],
  ['unreachable-route', [SECOND, '{"routes":{"t":[{"name":"b"}]}}'], '2.json:1:25'],
  ['duplicate-when', ['{"routes":{"t":[{"name":"a","when":"data.x == 1"},{"name":"b","when":"data.x  ==  1"}]}}'], '1.json:1:70'],
  ['unknown-field', ['{"routes":{"strict.alert":[{"name":"a","when":"data.nope == 1"}]}}'], '1.json:1:53'],
  ['cel-type', ['{"routes":{"strict.alert":[{"name":"a","when":"data.count == \'x\'"}]}}'], '1.json:1:48'],
])('%s is found across routes and typed data', (code, texts, place) => {
  const findings = checkMappings(
    texts.map((text, index) => ({ file: `${index + 1}.json`, text })),
    testCatalog,
  );
  expect(findings.filter((finding) => finding.code === code).map((finding) => `${finding.file}:${finding.line}:${finding.column}`)).toEqual(
    [place],
  );
});
