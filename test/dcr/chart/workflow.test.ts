import { expect, test } from '@jest/globals';
import { parseDurationMs } from '#runtime/clock.js';
import { COMMANDS } from '#runtime/dcr/commands.js';
import { envName } from '#runtime/dcr/options.js';
import { type TemplateSpec, type WorkflowSpec, workflowSpec } from '#test/dcr/workflow/argo-spec.js';
import { ALL, Installation, type Json } from './installation.js';

const installation = new Installation(ALL);
const templateOf = (name: string): WorkflowSpec => workflowSpec.parse(installation.get('WorkflowTemplate', name).spec);
const run = templateOf('dcr-run');
const release = templateOf('dcr-release-guardian');
const schedule = workflowSpec.parse((installation.get('CronWorkflow', 'dcr-schedule').spec as Json).workflowSpec);

const template = (spec: WorkflowSpec, name: string): TemplateSpec => {
  const found = spec.templates.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no template ${name}`);
  return found;
};
const DAY_SECONDS = 86_400;

test('property 15: one mutex per cluster, in the form that Argo still reads, for runs and releases alike', () => {
  for (const spec of [run, release]) expect(spec.synchronization).toEqual({ mutexes: [{ name: 'dcr-express' }] });
  // The schedule waits for nobody: it is there for what a run does not do.
  expect(schedule.synchronization).toBeUndefined();
});

test('property 15: a run lasts 7 days at most; only its waits without progress have time-outs', () => {
  expect(run.activeDeadlineSeconds).toBe(7 * DAY_SECONDS);
  const waits =
    template(run, 'main')
      .steps?.flat()
      .filter((step) => step.template === 'guarded-wait') ?? [];
  const timeoutOf = (name: string): string =>
    waits.find((step) => step.name === name)?.arguments?.parameters.find((one) => one.name === 'timeout')?.value ?? '';
  // These two count standstill; the others are what a run may spend at most before a person is asked.
  const spent = waits
    .filter(({ name }) => name !== 'rebuilt' && name !== 'cache-written')
    .map(({ name }) => parseDurationMs(timeoutOf(name)) ?? Number.NaN);
  expect(spent.reduce((sum, one) => sum + one, 0) / 1_000).toBeLessThan(run.activeDeadlineSeconds);
  for (const name of ['rebuilt', 'cache-written']) expect(parseDurationMs(timeoutOf(name))).toBeGreaterThan(0);
  expect(JSON.stringify(run.templates)).not.toContain('"activeDeadlineSeconds"');
});

test('property 15: every suspension ends by itself, with the harmless answer', () => {
  const suspended = [run, release, schedule].flatMap(({ templates }) => templates.filter(({ suspend }) => suspend !== undefined));
  expect(suspended.map(({ name }) => name)).toEqual(['manual-intervention', 'approval']);
  for (const { suspend, inputs, outputs } of suspended) {
    expect(suspend?.duration).toBe('{{workflow.parameters.interventionTimeout}}');
    const [input, output] = [inputs?.parameters[0], outputs?.parameters[0]];
    const harmless = input?.name === 'decision' ? 'abort' : 'no';
    expect([input?.name, input?.default, input?.enum?.[0]]).toEqual([output?.name, harmless, harmless]);
    expect(output?.valueFrom).toEqual({ supplied: {}, default: harmless });
  }
  for (const spec of [run, release])
    expect(spec.arguments?.parameters.find(({ name }) => name === 'interventionTimeout')?.value).toBe('30m');
});

test('property 15: the path to success proves the cache before farmers go, and labels the guardian last', () => {
  expect(template(run, 'main').steps?.map((group) => group.map(({ name }) => name).join('+'))).toEqual([
    'started+preflight',
    'scale-up',
    'synced',
    'registered',
    'farmers',
    'rebuilt',
    'cache-written',
    'scale-down',
    'farmers-gone',
    'guardian',
  ]);
  // Only telling people may fail without failing the run.
  const steps = run.templates.flatMap(({ steps: groups }) => groups?.flat() ?? []);
  expect(steps.filter(({ continueOn }) => continueOn !== undefined).map(({ name }) => name)).toEqual([
    'started',
    'wait',
    'tell',
    'farmers-down',
  ]);
});

test('property 15: nothing but the scale-up of a run writes synchronizer.enabled=true, and nothing but a release writes false', () => {
  const commits = [run, release, schedule].flatMap(({ templates }) =>
    templates.flatMap(({ name, container }) =>
      container?.args[0] === 'git-set' ? [[name, container.args.filter((word) => /^[a-z]+\.[a-zA-Z]+=/.test(word))] as const] : [],
    ),
  );
  expect(commits).toEqual([
    ['scale-up', ['farmers.enabled=true', 'synchronizer.enabled=true', 'dcr.runId={{workflow.uid}}']],
    ['farmers-off', ['farmers.enabled=false']],
    ['release', ['synchronizer.enabled=false']],
  ]);
  const exit = template(run, run.onExit ?? '').steps?.flat() ?? [];
  expect(exit.map(({ template: name }) => name)).toEqual(['farmers-off', 'report']);
});

test('property 15: what trying again cannot change is not tried again', () => {
  for (const { name, container, retryStrategy } of [run, release, schedule].flatMap(({ templates }) => templates)) {
    if (container === undefined || name === 'abort') continue;
    expect([name, retryStrategy?.expression]).toEqual([name, '!(asInt(lastRetry.exitCode) in [1, 2, 4])']);
  }
});

test('every setting in the ConfigMap is an option of dcrctl, and none that means different things to different commands', () => {
  const known = new Map<string, Set<string>>();
  for (const { options } of COMMANDS)
    for (const [name, spec] of Object.entries(options))
      known.set(envName(name), new Set([...(known.get(envName(name)) ?? []), spec.describe]));
  const { data } = installation.get('ConfigMap', 'dcr-workflow') as unknown as { data: Record<string, string> };
  expect(Object.keys(data).filter((name) => !known.has(name))).toEqual([]);
  for (const name of ['DCRCTL_TIMEOUT', 'DCRCTL_PORT', 'DCRCTL_RUN_ID']) expect(data).not.toHaveProperty(name);
});

test('workflows are found by their cluster; those of the schedule are no runs', () => {
  for (const spec of [run, release]) expect(spec.workflowMetadata?.labels).toEqual({ 'dcr.example.io/cluster': 'express' });
  expect(schedule.workflowMetadata).toBeUndefined();
  expect(installation.get('CronWorkflow', 'dcr-schedule').spec).toMatchObject({ schedules: ['*/5 * * * *'], concurrencyPolicy: 'Forbid' });
});

test('no workflow object is in what Argo CD applies, and without dcr.workflow.enabled nothing of Argo is', () => {
  expect(installation.of('Workflow')).toEqual([]);
  const without = new Installation({ monitoring: { enabled: true } });
  expect(without.objects.filter(({ apiVersion }) => apiVersion.startsWith('argoproj.io'))).toEqual([]);
  expect(without.of('Role')).toEqual([]);
});
