import { expect, test } from '@jest/globals';
import { readValues } from '#synth/values/read-values.js';
import { exampleChart } from './example/chart.js';

const FILE = 'charts/example/env/prod.yaml';
const problems = (text: string): string => {
  try {
    readValues(exampleChart, FILE, text);
    return '';
  } catch (error) {
    return String(error);
  }
};

/** What Helm reads otherwise than everybody else, or by version, is refused where it stands. */
test.each([
  ['yes is true for Helm', 'budget: yes', '1:9: yes is true for Helm, but "yes" elsewhere'],
  ['on is true for Helm', 'monitoring: on', '1:13: on is true'],
  ['y is true for Helm', 'greeting: y', '1:11: y is true'],
  ['010 is 8 for Helm', 'app:\n  replicas: 010', '2:13: 010 is 8 for Helm, but 10 elsewhere'],
  ['1_0 is 10 for Helm', 'app:\n  replicas: 1_0', '2:13: 1_0 is 10 for Helm, but "1_0" elsewhere'],
  ['0b11 is 3 for Helm', 'greeting: 0b11', '1:11: 0b11 is 3 for Helm'],
  ['0o7 is a text for Helm', 'app:\n  port: 0o7', '2:9: 0o7 is "0o7" for Helm, but 7 elsewhere'],
  ['minutes and seconds are a number for some', 'greeting: 12:30', '1:11: 12:30 is 750'],
  ['a date is none everywhere', 'greeting: 2001-01-01', '1:11: 2001-01-01 is'],
  ['infinity is no JSON', 'app:\n  replicas: .inf', '2:13: .inf is no number that JSON can hold'],
  ['null is dropped, kept or 0, by version', 'app:\n  replicas: null', '2:13: null is no value'],
  ['~ is null', 'greeting: ~', '1:11: null is no value'],
  ['an empty value is null', 'app:\n  replicas:', '2:12: null is no value'],
  ['null in a list', 'app:\n  extraEnv: [null]', '2:14: null is no value'],
  ['null inside a map of anything', 'app:\n  affinity:\n    a: null', '3:8: null is no value'],
  ['a key that Helm reads as true', 'app:\n  podLabels:\n    on: x', '3:5: on is true for Helm'],
  ['a number as a key', 'app:\n  podLabels:\n    1: x', '3:5: the key 1 is no text; write it in quotes'],
  ['a merge key', 'app: &a\n  port: 8080\njournal:\n  <<: *a', '4:3: merge keys are not read alike'],
  ['a tag', 'greeting: !!str 5', '1:17: tags are not read alike'],
  ['a tag of a map', 'app: !x\n  port: 8080', '2:3: tags are not read alike'],
  ['a key twice', 'greeting: a\ngreeting: b', '2:1: Map keys must be unique'],
  ['two documents', 'greeting: a\n---\ngreeting: b', '2:1: Source contains multiple documents'],
  ['a directive', '%YAML 1.1\n---\ngreeting: a', 'a %YAML directive has no place'],
  ['a list of values', '- a', '1:1: expected a map of values'],
  ['half a character', 'greeting: "\\ud83d"', '1:11: half a character'],
])('%s', (_, text, says) => {
  expect(problems(text)).toContain(`${says.startsWith('a %') ? '' : `${FILE}:`}${says}`);
});

test.each([
  [
    'a typo names the nearest key',
    'app:\n  replcas: 3',
    `${FILE}:2:3: app.replcas: expected no such key, received "replcas"; did you mean "replicas"?`,
  ],
  [
    'a key in the wrong place names the right one',
    'replicas: 3',
    `${FILE}:1:1: replicas: expected no such key, received "replicas"; did you mean "app.replicas"?`,
  ],
  ['a wrong type says what was expected', 'app:\n  port: "80"', `${FILE}:2:3: app.port: expected a number, received "80"`],
  ['a number out of bounds says the bound', 'app:\n  port: 80', `${FILE}:2:3: app.port: expected at least 1024, received 80`],
  ['an unknown word lists the known ones', 'mode: both', `${FILE}:1:1: mode: expected one of "single", "split", received "both"`],
  [
    'a version that YAML reads as a number asks for quotes',
    'image:\n  tag: 1.10',
    `${FILE}:2:3: image.tag: expected a string, received 1.1; write it in quotes: "1.1"`,
  ],
  [
    'a broken rule says its reason at its first value',
    '# c\nmode: split',
    `${FILE}:2:1: mode: split needs Kafka: set kafka.topics to strimzi or existing`,
  ],
  ['a key of JavaScript', 'app:\n  podLabels:\n    constructor: x', `${FILE}:3:5: app.podLabels.constructor: expected no such key`],
  ['a wrong item of a list has its own place', 'app:\n  extraEnv:\n    - { name: A, value: b }\n    - { nam: A, value: b }', `${FILE}:4:`],
])('%s', (_, text, says) => {
  expect(problems(text)).toContain(says);
});

test('all problems of a file are told at once', () => {
  expect(problems('mode: both\napp:\n  port: 1\n').split('\n')).toHaveLength(2);
});

test('what is written in quotes, anchors and comments are taken; maps are merged with the defaults, lists replaced', () => {
  const text =
    '# c\ngreeting: "yes"\napp:\n  podLabels: &l { a: "010" }\n  nodeSelector: *l\n  tolerations: []\nkafka:\n  brokers: [a:1, b:2]\n';
  const { values, given } = readValues(exampleChart, FILE, text);
  expect(values).toMatchObject({
    greeting: 'yes',
    app: { podLabels: { a: '010' }, nodeSelector: { a: '010' }, port: 8080 },
    kafka: { brokers: ['a:1', 'b:2'], prefix: 'app' },
  });
  expect(Object.keys(given)).toEqual(['greeting', 'app', 'kafka']);
});

test('an empty file is the defaults, and keys of Helm are taken and ignored', () => {
  const { values } = readValues(exampleChart, FILE, '# nothing yet\n');
  expect(values).toMatchObject({ mode: 'single', app: { replicas: 2 } });
  expect(readValues(exampleChart, FILE, 'global: { a: 1 }\nenabled: true\n').values).toEqual(values);
});
