import type { Clock } from '#runtime/clock.js';

export interface ProbeSpec {
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
  readonly successThreshold: number;
}

export interface ContainerProbes {
  readonly startup?: ProbeSpec;
  readonly readiness?: ProbeSpec;
  readonly liveness?: ProbeSpec;
}

export type ProbeKind = keyof ContainerProbes;

/** What one probe finds. `error`: it could not be run; the kubelet throws that away. `afterSeconds` above timeoutSeconds is a failure. */
export interface ProbeFinding {
  readonly result: 'success' | 'failure' | 'error';
  readonly afterSeconds?: number;
}

export interface ContainerPorts {
  readonly clock: Clock;
  /** A new container's process starts. Call `exited` when it ends by itself. */
  start(exited: () => void): void;
  /** The kubelet kills it; resolve when it is gone. */
  kill(): Promise<void>;
  probe(kind: ProbeKind): ProbeFinding;
  /** The container's readiness as the pod's status shows it. */
  onReady?(ready: boolean): void;
}

const SECOND_MS = 1_000;
/** Crash-loop back-off of the kubelet: doubled from restart to restart, forgotten after a container has run for 10 min. */
const FIRST_BACKOFF_MS = 10 * SECOND_MS;
const MAX_BACKOFF_MS = 300 * SECOND_MS;
const BACKOFF_FORGOTTEN_MS = 600 * SECOND_MS;

interface Worker {
  readonly kind: ProbeKind;
  readonly spec: ProbeSpec;
  last: 'success' | 'failure' | undefined;
  run: number;
  onHold: boolean;
  cancel: () => void;
}

/**
 * A container under the kubelet's probe workers (pkg/kubelet/prober/worker.go): each probe has a worker of its own that asks every period; nothing counts before
 * initialDelaySeconds since the container's start; a startup probe keeps the others from running until it has succeeded; a result takes effect after its threshold
 * of equal ones in a row; a startup or liveness failure kills, and its worker holds until there is a new container; errors are thrown away. Readiness begins as false.
 */
export class KubeletContainer {
  readonly #probes: ContainerProbes;
  readonly #ports: ContainerPorts;
  #workers: Worker[] = [];
  #cancelStart: () => void = () => undefined;
  #startedMs = 0;
  #started = false;
  #running = false;
  #generation = 0;
  #backoffMs = FIRST_BACKOFF_MS;
  #stopped = false;
  /** Restarts, by what caused them. */
  readonly restarts = { startup: 0, liveness: 0, exit: 0 };
  ready = false;

  constructor(probes: ContainerProbes, ports: ContainerPorts) {
    this.#probes = probes;
    this.#ports = ports;
  }

  /** The startup probe has succeeded, or there is none. */
  get started(): boolean {
    return this.#running && this.#started;
  }

  get restartCount(): number {
    return this.restarts.startup + this.restarts.liveness + this.restarts.exit;
  }

  start(): void {
    this.#generation += 1;
    const generation = this.#generation;
    this.#startedMs = this.#ports.clock.nowMs();
    this.#running = true;
    this.#started = this.#probes.startup === undefined;
    this.#setReady(this.#started && this.#probes.readiness === undefined);
    this.#ports.start(() => {
      if (generation === this.#generation && this.#running) this.#restart('exit');
    });
    this.#workers = (['startup', 'readiness', 'liveness'] as const).flatMap((kind) => {
      const spec = this.#probes[kind];
      return spec === undefined ? [] : [{ kind, spec, last: undefined, run: 0, onHold: false, cancel: () => undefined }];
    });
    for (const worker of this.#workers) this.#every(worker);
  }

  /** The pod goes: nothing is asked any more. */
  stop(): void {
    this.#stopped = true;
    this.#cancelStart();
    this.#end();
  }

  #every(worker: Worker): void {
    const generation = this.#generation;
    const tick = (): void => {
      if (generation !== this.#generation || !this.#running) return;
      worker.cancel = this.#ports.clock.after(worker.spec.periodSeconds * SECOND_MS, tick);
      this.#doProbe(worker);
    };
    tick();
  }

  #doProbe(worker: Worker): void {
    const { kind, spec } = worker;
    if (worker.onHold) return;
    const runsSeconds = Math.floor((this.#ports.clock.nowMs() - this.#startedMs) / SECOND_MS);
    if (runsSeconds < spec.initialDelaySeconds) return;
    if (this.#started === (kind === 'startup')) return;
    const { result, afterSeconds = 0 } = this.#ports.probe(kind);
    if (result === 'error') return;
    const found = afterSeconds > spec.timeoutSeconds ? 'failure' : result;
    worker.run = worker.last === found ? worker.run + 1 : 1;
    worker.last = found;
    if (worker.run < (found === 'failure' ? spec.failureThreshold : spec.successThreshold)) return;
    if (kind === 'readiness') return this.#setReady(found === 'success');
    if (found === 'failure') {
      worker.onHold = true;
      return this.#restart(kind);
    }
    if (kind === 'startup') {
      this.#started = true;
      if (this.#probes.readiness === undefined) this.#setReady(true);
    }
  }

  #restart(cause: keyof KubeletContainer['restarts']): void {
    this.restarts[cause] += 1;
    const ranMs = this.#ports.clock.nowMs() - this.#startedMs;
    this.#end();
    if (ranMs >= BACKOFF_FORGOTTEN_MS) this.#backoffMs = FIRST_BACKOFF_MS;
    // What a probe kills is started again at once the first time; an exit waits for the back-off.
    const waitMs = cause === 'exit' ? this.#backoffMs : 0;
    this.#backoffMs = Math.min(MAX_BACKOFF_MS, this.#backoffMs * 2);
    const again = (): void => {
      if (!this.#stopped) this.#cancelStart = this.#ports.clock.after(waitMs, () => this.start());
    };
    if (cause === 'exit') again();
    else this.#ports.kill().then(again, again);
  }

  #end(): void {
    for (const worker of this.#workers) worker.cancel();
    this.#running = false;
    this.#started = false;
    this.#setReady(false);
  }

  #setReady(ready: boolean): void {
    if (ready === this.ready) return;
    this.ready = ready;
    this.#ports.onReady?.(ready);
  }
}
