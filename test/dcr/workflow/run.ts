import { type Clock, parseDurationMs, SECOND_MS } from '#runtime/clock.js';
import { type ContainerSpec, expand, type Scope, type StepSpec, type TemplateSpec, type WorkflowSpec } from './argo-spec.js';
import { evaluate } from './expression.js';

export type NodePhase = 'Running' | 'Succeeded' | 'Failed' | 'Error' | 'Skipped';

/** A node of a workflow, as `argo get` lists it. */
export interface RunNode {
  readonly displayName: string;
  readonly templateName: string;
  readonly type: 'Steps' | 'Suspend' | 'Pod' | 'Retry' | 'Skipped';
  phase: NodePhase;
  message: string;
  exitCode: number | undefined;
  readonly startedMs: number;
  finishedMs: number;
  readonly outputs: Map<string, string>;
}

export interface PodEnd {
  /** Argo says -1 of a pod that went away. */
  readonly exitCode: number;
  readonly message: string;
  readonly outputs: ReadonlyMap<string, string>;
}

export interface RunPorts {
  readonly clock: Clock;
  /** Runs a container to its end; `stop` ends it early. Every text is expanded. `outputs`: files whose content it gives. */
  runPod(container: ContainerSpec, outputs: readonly { name: string; path: string }[], stop: AbortSignal): Promise<PodEnd>;
  /** Waits for the workflow's mutexes; returns what gives them back. */
  lock(names: readonly string[]): Promise<() => void>;
  changed(): void;
}

export interface RunFacts {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const FAILED = new Set<NodePhase>(['Failed', 'Error']);

/** One workflow, from its submission to its end: steps, when, continueOn, suspend, retryStrategy, onExit, mutex, deadline, stop and terminate as Argo Workflows runs them. */
export class Run {
  phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Error' = 'Pending';
  message = '';
  readonly facts: RunFacts;
  readonly spec: WorkflowSpec;
  readonly nodes: RunNode[] = [];
  readonly done: Promise<Run>;
  readonly #ports: RunPorts;
  readonly #suspended = new Map<RunNode, { template: TemplateSpec; resume: () => void }>();
  readonly #shutdown = new AbortController();
  #isTerminated = false;
  #startedMs = 0;

  constructor(spec: WorkflowSpec, facts: RunFacts, ports: RunPorts) {
    this.spec = spec;
    this.facts = facts;
    this.#ports = ports;
    this.done = this.#life();
  }

  /** Time from when it began to run; waiting for a mutex does not count. */
  get tookMs(): number {
    return this.#ports.clock.nowMs() - this.#startedMs;
  }

  node(displayName: string): RunNode | undefined {
    return this.nodes.findLast((node) => node.displayName === displayName);
  }

  /** `argo node set`: outputs of suspended nodes. */
  set(displayName: string, values: Readonly<Record<string, string>>): void {
    for (const [node, { template }] of this.#waiting(displayName))
      for (const [name, value] of Object.entries(values)) {
        const parameter = template.inputs?.parameters.find((one) => one.name === name);
        if (!(parameter?.enum?.includes(value) ?? false)) throw new Error(`${displayName}: ${name}=${value} is no answer`);
        node.outputs.set(name, value);
      }
  }

  /** `argo resume`. */
  resume(displayName: string): void {
    for (const [, { resume }] of this.#waiting(displayName)) resume();
  }

  /** `argo stop`: the exit handler runs. */
  stop(): void {
    this.#shutdown.abort('workflow shutdown with strategy: Stop');
  }

  /** `argo terminate`: nothing runs any more, no exit handler either. */
  terminate(): void {
    this.#isTerminated = true;
    this.#shutdown.abort('workflow shutdown with strategy: Terminate');
  }

  #waiting(displayName: string): (readonly [RunNode, { template: TemplateSpec; resume: () => void }])[] {
    const found = [...this.#suspended].filter(([node]) => node.displayName === displayName);
    if (found.length === 0) throw new Error(`no suspended node ${displayName} in ${this.facts.name}`);
    return found;
  }

  async #life(): Promise<Run> {
    const scope = this.#globals();
    const unlock = await this.#ports.lock((this.spec.synchronization?.mutexes ?? []).map(({ name }) => expand(name, scope)));
    this.phase = 'Running';
    this.#startedMs = this.#ports.clock.nowMs();
    this.#ports.changed();
    const deadline = this.#ports.clock.after(this.spec.activeDeadlineSeconds * SECOND_MS, () =>
      this.#shutdown.abort('Max duration limit exceeded'),
    );
    let phase: 'Succeeded' | 'Failed' | 'Error' = 'Error';
    try {
      const main = await this.#template(this.spec.entrypoint, this.facts.name, new Map(), this.#shutdown.signal);
      phase = main.phase === 'Succeeded' ? 'Succeeded' : main.phase === 'Error' ? 'Error' : 'Failed';
      this.message = main.message;
      if (this.spec.onExit !== undefined && !this.#isTerminated) {
        // Exit handlers know how it ended, and no shutdown reaches them.
        this.#status = phase;
        const exit = await this.#template(this.spec.onExit, `${this.facts.name}.onExit`, new Map(), new AbortController().signal);
        if (exit.phase === 'Failed' || exit.phase === 'Error') phase = exit.phase;
      }
    } catch (error) {
      phase = 'Error';
      this.message = String(error);
    } finally {
      deadline();
      unlock();
      this.phase = phase;
      this.#ports.changed();
    }
    return this;
  }

  #status: 'Running' | 'Succeeded' | 'Failed' | 'Error' = 'Running';

  #globals(): Map<string, string> {
    const { name, namespace, uid, parameters } = this.facts;
    const scope = new Map([
      ['workflow.name', name],
      ['workflow.namespace', namespace],
      ['workflow.uid', uid],
    ]);
    for (const [key, value] of Object.entries(parameters)) scope.set(`workflow.parameters.${key}`, value);
    if (this.#status === 'Running') return scope;
    const failures = this.nodes
      .filter(({ phase }) => FAILED.has(phase))
      .map(({ displayName, templateName, message, phase, finishedMs }) => ({
        displayName,
        message,
        templateName,
        phase,
        podName: displayName,
        finishedAt: instant(finishedMs),
      }));
    // Argo quotes the JSON once more.
    return scope.set('workflow.status', this.#status).set('workflow.failures', JSON.stringify(JSON.stringify(failures)));
  }

  async #template(name: string, displayName: string, given: ReadonlyMap<string, string>, stop: AbortSignal): Promise<RunNode> {
    const template = this.spec.templates.find((one) => one.name === name);
    if (template === undefined) throw new Error(`no template ${name}`);
    const scope = this.#globals();
    for (const { name: input, default: preset } of template.inputs?.parameters ?? []) {
      const value = given.get(input) ?? preset;
      if (value === undefined) throw new Error(`${name}: input ${input} is not given`);
      scope.set(`inputs.parameters.${input}`, value);
    }
    const type =
      template.steps !== undefined ? 'Steps' : template.suspend !== undefined ? 'Suspend' : template.retryStrategy ? 'Retry' : 'Pod';
    const node = this.#begin(displayName, name, type);
    if (stop.aborted) return this.#finish(node, 'Failed', String(stop.reason));
    if (template.steps !== undefined) return await this.#steps(template.steps, scope, node, stop);
    if (template.suspend !== undefined) return await this.#suspend(template, scope, node, stop);
    if (template.container !== undefined) return await this.#container(template, scope, node, stop);
    throw new Error(`${name}: neither steps, suspend nor container`);
  }

  async #steps(groups: readonly (readonly StepSpec[])[], scope: Map<string, string>, node: RunNode, stop: AbortSignal): Promise<RunNode> {
    for (const group of groups) {
      const ended = await Promise.all(group.map((step) => this.#step(step, scope, stop)));
      for (const [index, child] of ended.entries()) {
        const at = `steps.${group[index]?.name}`;
        scope
          .set(`${at}.status`, child.phase)
          .set(`${at}.startedAt`, instant(child.startedMs))
          .set(`${at}.finishedAt`, instant(child.finishedMs));
        for (const [name, value] of child.outputs) scope.set(`${at}.outputs.parameters.${name}`, value);
      }
      const failed = ended.find(({ phase }, index) => {
        const { failed = false, error = false } = group[index]?.continueOn ?? {};
        return (phase === 'Failed' && !failed) || (phase === 'Error' && !error);
      });
      if (failed !== undefined) return this.#finish(node, 'Failed', `child '${failed.displayName}' failed`);
      if (stop.aborted) return this.#finish(node, 'Failed', String(stop.reason));
    }
    return this.#finish(node, 'Succeeded');
  }

  async #step(step: StepSpec, scope: Scope, stop: AbortSignal): Promise<RunNode> {
    if (step.when !== undefined && !evaluate(expand(step.when, scope)))
      return this.#finish(this.#begin(step.name, step.template, 'Skipped'), 'Skipped', `when '${step.when}' evaluated false`);
    const given = new Map((step.arguments?.parameters ?? []).map(({ name, value }) => [name, expand(value ?? '', scope)]));
    return await this.#template(step.template, step.name, given, stop);
  }

  /** When its time is over it goes on as if it had been resumed, with the outputs' defaults. */
  async #suspend(template: TemplateSpec, scope: Scope, node: RunNode, stop: AbortSignal): Promise<RunNode> {
    const durationMs = parseDurationMs(expand(template.suspend?.duration ?? '', scope));
    if (durationMs === undefined) throw new Error(`${template.name}: no duration`);
    const over = await new Promise<boolean>((resolve) => {
      const cancel = this.#ports.clock.after(durationMs, () => resolve(true));
      const resume = (): void => {
        cancel();
        resolve(!stop.aborted);
      };
      this.#suspended.set(node, { template, resume });
      stop.addEventListener('abort', resume, { once: true });
      this.#ports.changed();
    });
    this.#suspended.delete(node);
    if (!over) return this.#finish(node, 'Failed', String(stop.reason));
    for (const { name, valueFrom } of template.outputs?.parameters ?? [])
      if (!node.outputs.has(name) && valueFrom !== undefined && 'supplied' in valueFrom) node.outputs.set(name, valueFrom.default);
    return this.#finish(node, 'Succeeded');
  }

  async #container(template: TemplateSpec, scope: Scope, node: RunNode, stop: AbortSignal): Promise<RunNode> {
    const container = expandAll(template.container as ContainerSpec, scope);
    const outputs = (template.outputs?.parameters ?? []).flatMap(({ name, valueFrom }) =>
      valueFrom !== undefined && 'path' in valueFrom ? [{ name, path: valueFrom.path }] : [],
    );
    const { retryStrategy: retry } = template;
    for (let attempt = 0; ; attempt += 1) {
      const one = retry === undefined ? node : this.#begin(`${node.displayName}(${attempt})`, template.name, 'Pod');
      const { exitCode, message, outputs: found } = await this.#ports.runPod(container, outputs, stop);
      one.exitCode = exitCode;
      node.exitCode = exitCode;
      if (exitCode === 0) {
        for (const [name, value] of found) node.outputs.set(name, value);
        this.#finish(one, 'Succeeded');
        return this.#finish(node, 'Succeeded');
      }
      const phase = exitCode === -1 ? 'Error' : 'Failed';
      this.#finish(one, phase, stop.aborted ? String(stop.reason) : `main: ${message}`);
      if (retry === undefined) return node;
      if (stop.aborted) return this.#finish(node, 'Failed', String(stop.reason));
      if (attempt >= Number(retry.limit)) return this.#finish(node, phase, 'No more retries left');
      const last = { 'lastRetry.exitCode': String(exitCode), 'lastRetry.status': phase, 'lastRetry.message': message };
      if (!evaluate(retry.expression, last)) return this.#finish(node, phase, 'retryStrategy.expression evaluated to false');
      await this.#pass(parseDurationMs(retry.backoff.duration) ?? Number.NaN, stop);
    }
  }

  #pass(forMs: number, stop: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.after(forMs, resolve);
      stop.addEventListener(
        'abort',
        () => {
          cancel();
          resolve();
        },
        { once: true },
      );
    });
  }

  #begin(displayName: string, templateName: string, type: RunNode['type']): RunNode {
    const startedMs = this.#ports.clock.nowMs();
    const node: RunNode = {
      displayName,
      templateName,
      type,
      phase: 'Running',
      message: '',
      exitCode: undefined,
      startedMs,
      finishedMs: startedMs,
      outputs: new Map(),
    };
    this.nodes.push(node);
    this.#ports.changed();
    return node;
  }

  #finish(node: RunNode, phase: NodePhase, message = ''): RunNode {
    node.phase = phase;
    node.message = message;
    node.finishedMs = this.#ports.clock.nowMs();
    this.#ports.changed();
    return node;
  }
}

/** As Argo writes instants: whole seconds. */
const instant = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

function expandAll(container: ContainerSpec, scope: Scope): ContainerSpec {
  return {
    ...container,
    command: container.command.map((word) => expand(word, scope)),
    args: container.args.map((word) => expand(word, scope)),
    env: container.env.map(({ name, value }) => ({ name, value: expand(value, scope) })),
  };
}
