import { describe, expect, test } from '@jest/globals';
import { argoProblems } from '#synth/charts/sre-router/argo-rules.js';
import type { K8sObject } from '#synth/k8s-object.js';
import { StrictSchemas } from '#test/support/strict-schemas.js';
import { ENVIRONMENTS, environment, INSTALLATIONS, rendered } from './installations.js';

/** Upstream's schemas, where they are at hand; CI has them. */
const FOLDER = process.env.UPSTREAM_SCHEMAS;

(FOLDER === undefined ? describe.skip : describe)('with the schemas of upstream', () => {
  const schemas = new Map(['1.27', '1.36'].map((version) => [version, new StrictSchemas(FOLDER ?? '', version)]));
  const problems = (objects: readonly K8sObject[], version = '1.27'): string[] =>
    objects.flatMap((object) => schemas.get(version)?.problems(object) ?? []);

  test.each(['1.27', '1.36'])(
    'every kind of every installation is valid with Kubernetes %s, with no field that its schema does not know',
    (version) => {
      const all = [...Object.values(INSTALLATIONS).map((values) => rendered(values)), ...ENVIRONMENTS.map(environment)];
      for (const objects of all) expect(problems(objects, version)).toEqual([]);
    },
  );

  test.each<[mistake: string, installation: string, kind: string, from: string, to: string, problem: RegExp]>([
    ['a misspelt field of a probe', 'direct', 'Deployment', '"failureThreshold":151', '"failureTreshold":151', /failureTreshold/],
    ['a probe of a wrong kind', 'direct', 'Deployment', '"periodSeconds":2', '"periodSeconds":"2s"', /must be integer/],
    ['a key that Kubernetes does not know', 'direct', 'Deployment', '"enableServiceLinks":false', '"serviceLinks":false', /serviceLinks/],
    ['a policy without its pods', 'direct', 'NetworkPolicy', '"podSelector"', '"podSelectors"', /podSelector/],
    ['partitions of a topic misspelt', 'bus', 'KafkaTopic', '"partitions":', '"partition":', /"partition"/],
    ['partitions of a topic as text', 'bus', 'KafkaTopic', '"partitions":6', '"partitions":"6"', /must be integer/],
    ['a partition of a trigger', 'kafka', 'Sensor', '"requiredAcks":-1', '"partition":3,"requiredAcks":-1', /partition is never read/],
    ['the key of a trigger misspelt', 'kafka', 'Sensor', '"dest":"partitioningKey"', '"dest":"partitionKey"', /random partitions/],
    ['a dependency of a wrong name', 'http over JetStream', 'Sensor', '"eventName":"adhoc"', '"eventName":"adhok"', /no event adhok/],
    ['conditions of a wrong name', 'http over JetStream', 'Sensor', '"conditions":"adhoc"', '"conditions":"adhok"', /never fire/],
    ['a payload of a wrong name', 'http over JetStream', 'Sensor', '"dependencyName":"adhoc"', '"dependencyName":"adhok"', /no dependency/],
    [
      'a token in place of its Secret',
      'http over JetStream',
      'EventSource',
      '"authSecret":{"key":"adhoc","name":"sre-router-webhook"}',
      '"authSecret":"s3cret"',
      /must be object/,
    ],
    [
      'a header in plain text',
      'http over JetStream',
      'Sensor',
      '"Content-Type":"application/json"',
      '"Authorization":"Bearer s3cret"',
      /plain text/,
    ],
    [
      'a secure header with a value',
      'http over JetStream',
      'Sensor',
      '"valueFrom":{"secretKeyRef":{"key":"authorization","name":"sre-router-sensor"}}',
      '"value":"Bearer s3cret"',
      /"value"/,
    ],
    [
      'a password in plain text',
      'kafka with TLS and a login',
      'Sensor',
      '"passwordSecret":{"key":"password","name":"sre-router-kafka"}',
      '"password":"s3cret"',
      /"password"/,
    ],
    ['a misspelt field of a trigger', 'http over JetStream', 'Sensor', '"atLeastOnce"', '"atleastOnce"', /atleastOnce/],
    ['a misspelt field of a webhook', 'http over JetStream', 'EventSource', '"maxPayloadSize"', '"maxPayload"', /"maxPayload"/],
    ['a field of Kafka buses that the docs have wrong', 'bus', 'EventBus', '"oldest"', '"startOldest"', /startOldest/],
  ])('is caught: %s', (_, installation, kind, from, to, problem) => {
    const objects = rendered(INSTALLATIONS[installation]);
    const index = objects.findIndex((object) => object.kind === kind && JSON.stringify(object).includes(from));
    expect(index).toBeGreaterThanOrEqual(0);
    objects[index] = JSON.parse(JSON.stringify(objects[index]).replace(from, to)) as K8sObject;
    expect([...problems(objects), ...argoProblems(objects)].join('\n')).toMatch(problem);
  });
});
