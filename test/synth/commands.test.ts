import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { k8s } from 'cdk8s-plus-27';
import { parse } from 'yaml';
import { z } from 'zod';
import { defineChart, type Template } from '#synth/chart.js';
import { exampleChart, exampleSource } from './example/chart.js';
import { ExampleValues } from './example/values.js';
import { EXAMPLE, Repository } from './repository.js';

const PROD = 'charts/example/env/prod.yaml';
let repository: Repository;
beforeEach(() => {
  repository = new Repository();
});
afterEach(() => repository.close());

describe('synth', () => {
  test('the committed example is what its code makes, byte for byte', async () => {
    const { code, out } = await repository.run('synth', '--check');
    expect(out).toContain('1 charts are up to date');
    expect(out).toMatch(/charts\/example\/templates\/app\.yaml: \d+ paths \(learnt\), \d+\.\d\d s/);
    expect(code).toBe(0);
    expect(readdirSync(join(EXAMPLE, 'charts/example/templates')).sort()).toEqual([
      'NOTES.txt',
      'app.yaml',
      'config.yaml',
      'journal.yaml',
      'monitoring.yaml',
      'rules.yaml',
      'topics.yaml',
    ]);
  });

  test('--check names what drifted and writes nothing; without it the files are written, and foreign templates go', async () => {
    repository.edit('charts/example/values.yaml', 'replicas: 2', 'replicas: 3');
    repository.write('charts/example/templates/old.yaml', 'a: b\n');
    const check = await repository.run('synth', '--check');
    expect(check.code).toBe(1);
    expect(check.out).toContain('charts/example/values.yaml is out of date: run npm run synth and commit it');
    expect(check.out).toContain('charts/example/templates/old.yaml is out of date');
    expect(repository.read('charts/example/values.yaml')).toContain('replicas: 3');
    expect((await repository.run('synth')).code).toBe(0);
    expect(repository.read('charts/example/values.yaml')).toContain('replicas: 2');
    expect(existsSync(join(repository.dir, 'charts/example/templates/old.yaml'))).toBe(false);
    expect(repository.git('status', '--porcelain')).toBe('');
  });

  test('a value added in the schema and used in the code is in every generated file, and nothing else is asked for', async () => {
    const timezone = z
      .string()
      .regex(/^[A-Za-z_/]+$/)
      .default('UTC')
      .describe('Time zone of log lines.');
    const clock: Template<typeof Extended> = (chart, v) => {
      new k8s.KubeConfigMap(chart, 'clock', { metadata: { name: 'clock' }, data: { TZ: v.timezone } });
    };
    const Extended = ExampleValues.extend({ timezone });
    const { templates } = exampleSource;
    repository.charts = [
      defineChart({
        ...exampleSource,
        values: Extended,
        rules: [...exampleSource.rules],
        templates: { ...templates, 'clock.yaml': clock },
      }),
    ];
    expect((await repository.run('synth')).code).toBe(0);
    expect(repository.read('charts/example/values.yaml')).toContain('# Time zone of log lines.\ntimezone: UTC\n');
    expect(JSON.parse(repository.read('charts/example/values.schema.json'))).toMatchObject({
      properties: { timezone: { pattern: '^[A-Za-z_/]+$' } },
      required: expect.arrayContaining(['timezone']),
    });
    expect(repository.read('charts/example/templates/clock.yaml')).toContain('TZ: {{ .Values.timezone | quote }}');
    expect(repository.read('docs/values.md')).toContain('| `timezone` | text | `UTC` | Time zone of log lines. |');
    expect((await repository.run('values', 'set', 'example', '--env', 'prod', 'timezone=Europe/Berlin')).out).toContain(
      'data.TZ: "UTC" → "Europe/Berlin"',
    );
    expect((await repository.run('values', 'set', 'example', '--env', 'prod', 'timezone=a b')).code).toBe(2);
  });

  test('a broken values file of an environment stops it with its place', async () => {
    repository.edit(PROD, 'replicas: 12', 'replicas: 010');
    const { code, err } = await repository.run('synth', '--check');
    expect([code, err]).toEqual([2, expect.stringContaining(`${PROD}:6:13: 010 is 8 for Helm`)]);
  });
});

describe('render', () => {
  test('prints the objects of an environment, or writes one file an object and takes away those of an earlier render', async () => {
    const printed = await repository.run('render', 'example', '--env', 'prod', '--release', 'blue', '--namespace', 'apps');
    expect(printed.out).toContain('name: blue-config');
    const folder = join(repository.dir, 'out');
    await repository.run('render', 'example', '--env', 'prod', '--out', folder);
    expect(readdirSync(folder)).toContain('deployment.apps.example-intake.yaml');
    repository.write('out/mine.yaml', 'a: b\n');
    await repository.run('render', 'example', '--env', 'staging', '--out', folder);
    expect(readdirSync(folder).sort()).toEqual([
      'configmap.example-config.yaml',
      'deployment.apps.example-app.yaml',
      'mine.yaml',
      'poddisruptionbudget.policy.example.yaml',
      'service.example.yaml',
    ]);
    expect(parse(repository.read('out/service.example.yaml'))).toMatchObject({
      kind: 'Service',
      spec: { ports: [{ name: 'http', port: 8080 }] },
    });
  });

  test('says what is wrong with its arguments', async () => {
    expect(await repository.run('render', 'exmaple', '--env', 'prod')).toMatchObject({
      code: 2,
      err: 'no chart exmaple; did you mean example?',
    });
    expect(await repository.run('render', 'example', '--env', 'pord')).toMatchObject({
      code: 2,
      err: expect.stringContaining('environments: prod, staging'),
    });
    expect((await repository.run('render', 'example')).err).toContain('env');
    expect((await repository.run('rendr')).code).toBe(2);
  });
});

describe('values', () => {
  test('set keeps comments and order, and says what will change', async () => {
    const before = repository.read(PROD);
    const { code, out } = await repository.run('values', 'set', 'example', '--env', 'prod', 'app.replicas=5', 'kafka.partitions=24');
    expect(code).toBe(0);
    expect(repository.read(PROD)).toBe(
      before.replace('replicas: 12 #', 'replicas: 5 #').replace('  tls: true\n', '  tls: true\n  partitions: 24\n'),
    );
    expect(out).toContain('  ~ Deployment/example-intake\n      spec.replicas: 12 → 5');
    expect(out).toContain('  ! partitions: KafkaTopic/app.events: partitions 12 → 24');
  });

  test('set adds maps that are not there, takes the last key of a map out, and changes nothing where nothing changes', async () => {
    repository.write(PROD, '# mine\napp:\n  # the port\n  port: 9090 # fixed\n\n# done\n');
    await repository.run('values', 'set', 'example', '--env', 'prod', 'kafka.prefix=b', 'app.logLevel=warn');
    expect(repository.read(PROD)).toBe(
      '# mine\napp:\n  # the port\n  port: 9090 # fixed\n  logLevel: warn\nkafka:\n  prefix: b\n\n# done\n',
    );
    expect((await repository.run('values', 'set', 'example', '--env', 'prod', 'app.logLevel=warn')).out).toBe(
      `${PROD} says that already\n  no object changes`,
    );
    await repository.run('values', 'set', 'example', '--env', 'prod', 'kafka.prefix-', 'app.port-');
    expect(repository.read(PROD)).toContain('# mine');
    expect(parse(repository.read(PROD))).toEqual({ app: { logLevel: 'warn' }, kafka: {} });
  });

  test('set reads a text as a text, whatever YAML would make of it', async () => {
    await repository.run(
      'values',
      'set',
      'example',
      '--env',
      'prod',
      'image.tag=1.10',
      'greeting=yes',
      'journal.storage=20Gi',
      'app.tolerations=[]',
      'monitoring=false',
    );
    expect(parse(repository.read(PROD))).toMatchObject({
      image: { tag: '1.10' },
      greeting: 'yes',
      journal: { storage: '20Gi' },
      app: { tolerations: [] },
      monitoring: false,
    });
    expect(repository.read(PROD)).toContain('greeting: "yes"');
  });

  test('set writes nothing that is not valid', async () => {
    const before = repository.read(PROD);
    expect(await repository.run('values', 'set', 'example', '--env', 'prod', 'app.replicas=1')).toMatchObject({
      code: 2,
      err: expect.stringContaining('app.replicas'),
    });
    expect(await repository.run('values', 'set', 'example', '--env', 'prod', 'app.replcas=3')).toMatchObject({
      code: 2,
      err: 'example has no value app.replcas; did you mean app.replicas?',
    });
    expect(await repository.run('values', 'set', 'example', '--env', 'prod', 'kafka.topics=none')).toMatchObject({
      code: 2,
      err: expect.stringContaining('mode: split needs Kafka'),
    });
    expect(await repository.run('values', 'set', 'example', '--env', 'prod', 'budget=yes')).toMatchObject({
      code: 2,
      err: expect.stringContaining('neither true, false nor a whole number'),
    });
    expect(repository.read(PROD)).toBe(before);
  });

  test('set path- goes back to the default; get says what holds and where it comes from', async () => {
    await repository.run('values', 'set', 'example', '--env', 'prod', 'app.priorityClass-', 'monitoring-');
    const { out } = await repository.run('values', 'get', 'example', '--env', 'prod', 'app.priorityClass', 'monitoring', 'app.replicas');
    expect(out.split('\n')).toEqual([
      'app.priorityClass = (not set)  (default)',
      'monitoring = false  (default)',
      `app.replicas = 12  (${PROD})`,
    ]);
  });

  test('history tells from git who set a value when, and the last value before; a changed default counts', async () => {
    repository.edit(PROD, 'replicas: 12', 'replicas: 30');
    repository.commit('more for the sale', 'Grace');
    repository.edit(PROD, 'logLevel', 'logLevel');
    repository.edit(PROD, '  replicas: 30 # since the spring load test\n', '');
    repository.commit('back to the default', 'Edsger');
    repository.edit('charts/example/values.yaml', 'replicas: 2', 'replicas: 4');
    repository.commit('a better default', 'Barbara');
    const { out } = await repository.run('values', 'history', 'example', 'app.replicas', '--env', 'prod');
    const lines = out.split('\n').map((line) => line.replace(/[0-9a-f]{9} /, ''));
    expect(lines).toEqual([
      '2030-01-04T12:00:00+00:00  Barbara  2 → 4 (default)  a better default',
      '2030-01-03T12:00:00+00:00  Edsger  30 → 2 (default)  back to the default',
      '2030-01-02T12:00:00+00:00  Grace  12 → 30  more for the sale',
      '2030-01-01T12:00:00+00:00  Ada  (not set) → 12  the example',
    ]);
  });
});

describe('diff', () => {
  test('is quiet with exit 0 when nothing changes, although code and committed templates are two things', async () => {
    expect(await repository.run('diff', '--base', 'HEAD')).toEqual({ code: 0, out: 'Nothing changes.', err: '' });
  });

  test('tells every environment by object, dangers first, with exit 1', async () => {
    repository.edit(PROD, 'replicas: 12', 'replicas: 0');
    repository.edit(PROD, 'monitoring: true', 'monitoring: false');
    const { code, out } = await repository.run('diff', '--base', 'HEAD');
    expect(code).toBe(1);
    expect(out.split('\n')).toEqual([
      'example/prod: 2 changed, 1 removed',
      '  ! deletion: ServiceMonitor/example: the object goes',
      '  ! replicas-zero: Deployment/example-intake: replicas 12 → 0',
      '  ! replicas-zero: Deployment/example-worker: replicas 12 → 0',
      '  ~ Deployment/example-intake',
      '      spec.replicas: 12 → 0',
      '  ~ Deployment/example-worker',
      '      spec.replicas: 12 → 0',
      '  - ServiceMonitor/example',
    ]);
  });

  test('shows texts line by line, and the checksum that rolls the pods', async () => {
    repository.edit(PROD, 'mode: split', 'mode: split\njournal: { enabled: true }');
    const { out } = await repository.run('diff', '--base', 'HEAD');
    expect(out).toContain('        +journal:\n        +  maxBytes: 604800000\n');
    expect(out).toMatch(/spec\.template\.metadata\.annotations\."checksum\/config": "[0-9a-f]{64}" → "[0-9a-f]{64}"/);
  });

  test('a change of the code is a change of every environment, before synth is run and after', async () => {
    const render = exampleChart.templates.get('monitoring.yaml');
    const templates = new Map([...exampleChart.templates, ['monitoring.yaml', () => (render ? [] : [])]]);
    repository.charts = [{ ...exampleChart, templates }];
    const { out } = await repository.run('diff', '--base', 'HEAD', '--format', 'json');
    expect(JSON.parse(out)).toMatchObject([
      {
        environment: 'prod',
        changes: [{ kind: 'removed', id: 'monitoring.coreos.com/v1/ServiceMonitor/example' }],
        dangers: [{ flag: 'deletion' }],
      },
      { environment: 'staging', changes: [] },
    ]);
  });

  test('new and removed environments and charts are all added or all removed', async () => {
    repository.write('charts/example/env/new.yaml', 'greeting: hi\n');
    repository.git('rm', '--quiet', 'charts/example/env/staging.yaml');
    const { out } = await repository.run('diff', '--base', 'HEAD');
    expect(out).toContain('example/new: 4 added');
    expect(out).toContain('example/staging: 4 removed');
    repository.charts = [];
    expect((await repository.run('diff', '--base', 'HEAD')).out).toContain('example/prod: 8 removed');
  });

  test('a base that its own chart refuses is shown, with a note', async () => {
    repository.edit(PROD, 'topics: strimzi', 'topics: none');
    repository.commit('broken', 'Ada');
    repository.edit(PROD, 'topics: none', 'topics: strimzi');
    const { code, out } = await repository.run('diff', '--base', 'HEAD');
    expect([code, out]).toEqual([1, expect.stringContaining('? at the base the chart refuses these values: mode: split needs Kafka')]);
  });

  test('what cannot be compared is exit 2: no such ref, templates that nobody generated', async () => {
    expect(await repository.run('diff', '--base', 'nope')).toMatchObject({ code: 2, err: expect.stringContaining('git fetch') });
    repository.write('charts/example/templates/hand.yaml', '{{- with .Values.app }}\na: {{ .port }}\n{{- end }}\n');
    repository.commit('by hand', 'Ada');
    expect(await repository.run('diff', '--base', 'HEAD')).toMatchObject({ code: 2, err: expect.stringContaining('hand.yaml:1: ') });
  });
});
