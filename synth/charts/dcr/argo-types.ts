/** The few fields of Argo Workflows 3.6 and newer that the chart sets; tests hold them against the full CRD. */
export interface Parameter {
  readonly name: string;
  readonly value?: string;
  readonly default?: string;
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly valueFrom?: { readonly path: string } | { readonly supplied: Record<string, never>; readonly default: string };
}

export interface Step {
  readonly name: string;
  readonly template: string;
  readonly when?: string;
  readonly continueOn?: { readonly failed: true; readonly error: true };
  readonly arguments?: { readonly parameters: readonly Parameter[] };
}

export interface RetryStrategy {
  readonly limit: string;
  readonly expression: string;
  /** Never maxDuration: it counts from the first try on, so that a wait of hours would not be tried again at all. */
  readonly backoff: { readonly duration: string };
}

export interface ArgoTemplate {
  readonly name: string;
  readonly inputs?: { readonly parameters: readonly Parameter[] };
  readonly outputs?: { readonly parameters: readonly Parameter[] };
  /** One group after the other; the steps of a group at once. */
  readonly steps?: readonly (readonly Step[])[];
  readonly suspend?: { readonly duration: string };
  readonly container?: Readonly<Record<string, unknown>>;
  readonly retryStrategy?: RetryStrategy;
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
}
