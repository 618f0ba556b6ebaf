import { expect, test } from '@jest/globals';
import { canonicalJson, idOf } from '#synth/k8s-object.js';
import { differences } from './differences.js';
import { ALL, environment, Installation, type Json } from './installation.js';

const PROD = environment('prod');
const changed = (change: Json): Installation => {
  const merged: Json = structuredClone(PROD);
  for (const [role, values] of Object.entries(change)) merged[role] = { ...(merged[role] as Json), ...(values as Json) };
  return new Installation(merged);
};
const diff = (change: Json): string[] => differences(changed({}).objects, changed(change).objects);

test('property 12: farmers.enabled changes exactly one field of all that is rendered, and back', () => {
  expect(diff({ farmers: { enabled: true } })).toEqual(['StatefulSet/dcr-farmer.spec.replicas: 0 → 20']);
  expect(diff({ farmers: { enabled: false } })).toEqual([]);
});

test('property 12: dcr.runId changes the ConfigMap that the nodes read, and nothing else', () => {
  const [line, ...others] = diff({ dcr: { ...(PROD.dcr as Json), runId: 'r-7' } });
  expect(line).toMatch(/^ConfigMap\/dcr-properties\.data\.dcr\.json: /);
  expect(others).toEqual([]);
  expect(changed({ dcr: { ...(PROD.dcr as Json), runId: 'r-7' } }).properties).toEqual({ ...changed({}).properties, runId: 'r-7' });
});

test('property 12: synchronizer.enabled keeps every object and runs no pod', () => {
  expect(diff({ synchronizer: { enabled: false } })).toEqual(['StatefulSet/dcr-synchronizer.spec.replicas: 1 → 0']);
});

test.each([0, 8, 40, 100])('property 12: farmers.replicas %i touches no pod template, off or on; 0 is 0', (replicas) => {
  const on = diff({ farmers: { enabled: true, replicas } });
  expect(on.map((line) => line.split(': ')[0])).toEqual([
    'ConfigMap/dcr-properties.data.dcr.json',
    ...(replicas === 0 ? [] : ['StatefulSet/dcr-farmer.spec.replicas']),
  ]);
  expect(changed({ farmers: { enabled: true, replicas } }).set('farmer').spec.replicas).toBe(replicas);
  for (const role of ['farmer', 'synchronizer'] as const)
    expect(canonicalJson(changed({ farmers: { enabled: true, replicas } }).set(role).spec.template)).toBe(
      canonicalJson(changed({}).set(role).spec.template),
    );
});

test('all toggles off: the objects are still there, and nothing runs', () => {
  const off = changed({ farmers: { enabled: false }, synchronizer: { enabled: false } });
  expect(off.objects.map(idOf)).toEqual(changed({}).objects.map(idOf));
  for (const role of ['farmer', 'synchronizer'] as const) expect(off.set(role).spec.replicas).toBe(0);
});

test('two installations stand side by side in one Kubernetes cluster: no object of one is an object of the other', () => {
  const install = (name: string, create: boolean): Installation =>
    new Installation(
      {
        ...ALL,
        cluster: name,
        dcr: { workflow: { ...((ALL.dcr as Json).workflow as Json), application: `dcr-${name}`, gitFile: `charts/dcr/env/${name}.yaml` } },
        s3: { prefix: name },
        priorityClasses: { create, guardian: 'dcr-guardian', farmer: 'dcr-farmer' },
      },
      { name: 'dcr', namespace: name },
    );
  const [one, two] = [install('express-7', true), install('express-8', false)];
  const placed = ({ objects }: Installation, namespace: string): string[] =>
    objects.map((object) =>
      object.kind === 'PriorityClass' ? idOf(object) : idOf({ ...object, metadata: { namespace, ...object.metadata } }),
    );
  const [first, second] = [placed(one, 'express-7'), placed(two, 'express-8')];
  expect(first.filter((id) => second.includes(id))).toEqual([]);
  expect(second).toHaveLength(first.length - 2);
  // Names of the one do not stand in what the other says, and both use the classes that one has made.
  expect(JSON.stringify(two.objects)).not.toContain('express-7');
  expect(JSON.stringify(one.objects)).not.toContain('express-8');
  for (const { set } of [one, two].map((installation) => ({ set: installation.set('synchronizer') })))
    expect(set.spec.template.spec.priorityClassName).toBe('dcr-guardian');
  const mutex = (installation: Installation): unknown =>
    (installation.get('WorkflowTemplate', 'dcr-run') as unknown as { spec: Json }).spec.synchronization;
  expect([mutex(one), mutex(two)]).toEqual([{ mutexes: [{ name: 'dcr-express-7' }] }, { mutexes: [{ name: 'dcr-express-8' }] }]);
});

test('PriorityClasses are made by nobody unless told so, and may be used by name all the same', () => {
  expect(new Installation().of('PriorityClass')).toEqual([]);
  const using = new Installation({ priorityClasses: { guardian: 'ours' } });
  expect(using.of('PriorityClass')).toEqual([]);
  expect(using.set('synchronizer').spec.template.spec.priorityClassName).toBe('ours');
  expect(using.set('farmer').spec.template.spec.priorityClassName).toBeUndefined();
});
