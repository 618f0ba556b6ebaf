import { randomUUID } from 'node:crypto';
import type { Clock } from '#runtime/clock.js';
import type { K8sObject } from '#synth/k8s-object.js';
import type { Json } from '#test/dcr/chart/installation.js';
import type { KubeStandIn } from '#test/dcr/kube-api.js';
import { workflowSpec } from './argo-spec.js';
import { Mutexes } from './mutexes.js';
import { Run, type RunPorts } from './run.js';

const AT = '/apis/argoproj.io/v1alpha1/namespaces/dcr/workflows';

interface ArgoPorts {
  readonly clock: Clock;
  /** Of what the schedule starts: slower, since its deadline of an hour would be over while its two processes start. */
  readonly scheduleClock: Clock;
  readonly kube: KubeStandIn;
  runPod: RunPorts['runPod'];
}

/** The workflow controller and the `argo` command line: runs what the rendered WorkflowTemplates and the CronWorkflow say. */
export class Argo {
  readonly #objects: readonly K8sObject[];
  readonly #ports: ArgoPorts;
  readonly #mutexes = new Mutexes();
  readonly runs: Run[] = [];

  constructor(objects: readonly K8sObject[], ports: ArgoPorts) {
    this.#objects = objects;
    this.#ports = ports;
  }

  /** `argo submit --from workflowtemplate/<name> -p …`. */
  submit(template: string, parameters: Readonly<Record<string, string>> = {}): Run {
    return this.#start(template, this.#get('WorkflowTemplate', template).spec, parameters, this.#ports.clock);
  }

  /** `argo submit --from cronwf/<name>`: what the schedule starts. */
  tick(cron: string): Run {
    return this.#start(cron, (this.#get('CronWorkflow', cron).spec as Json).workflowSpec, {}, this.#ports.scheduleClock);
  }

  /** A line as the notice of a suspended workflow gives it: `argo node set … && argo resume …`. */
  command(line: string): void {
    for (const one of line.split('&&')) {
      const [argo, ...words] = one.trim().split(/\s+/);
      if (argo !== 'argo') throw new Error(`${one}: no argo command`);
      const option = (name: string): string | undefined => words[words.indexOf(name) + 1];
      const step = /^displayName=(\S+)$/.exec(option('--node-field-selector') ?? '')?.[1] ?? '';
      const run = this.runs.find(({ facts }) => words.includes(facts.name) && option('-n') === facts.namespace);
      if (run === undefined) throw new Error(`${one}: no such workflow`);
      if (words[0] === 'resume') run.resume(step);
      else if (words[0] === 'node' && words[1] === 'set') {
        const [name = '', value = ''] = (option('-p') ?? '').split('=');
        run.set(step, { [name]: value });
      } else throw new Error(`${one}: not understood`);
    }
  }

  #start(from: string, rendered: unknown, given: Readonly<Record<string, string>>, clock: Clock): Run {
    const spec = workflowSpec.parse(rendered);
    const parameters: Record<string, string> = {};
    for (const { name, value, enum: allowed } of spec.arguments?.parameters ?? []) {
      const set = given[name] ?? value ?? '';
      if (allowed !== undefined && !allowed.includes(set)) throw new Error(`${name}: ${set} is none of ${allowed.join(', ')}`);
      parameters[name] = set;
    }
    const facts = { name: `${from}-${this.runs.length}`, namespace: 'dcr', uid: randomUUID(), parameters };
    const { kube, runPod } = this.#ports;
    const createdAt = new Date(clock.nowMs()).toISOString();
    let run: Run | undefined;
    const show = (): void => {
      const nodes = (run?.nodes ?? []).map(({ displayName, type, phase }, index) => [`n${index}`, { displayName, type, phase }] as const);
      kube.objects.set(`${AT}/${facts.name}`, {
        metadata: { name: facts.name, uid: facts.uid, creationTimestamp: createdAt, labels: spec.workflowMetadata?.labels ?? {} },
        spec: { arguments: { parameters: Object.entries(parameters).map(([name, value]) => ({ name, value })) } },
        status: { phase: run?.phase ?? 'Pending', message: run?.message ?? '', nodes: Object.fromEntries(nodes) },
      });
    };
    show();
    run = new Run(spec, facts, { clock, runPod, changed: show, lock: (names) => this.#mutexes.lock(names) });
    this.runs.push(run);
    return run;
  }

  #get(kind: string, name: string): K8sObject {
    const found = this.#objects.find((object) => object.kind === kind && object.metadata.name === name);
    if (found === undefined) throw new Error(`no ${kind} ${name}`);
    return found;
  }
}
