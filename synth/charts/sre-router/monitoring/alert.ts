/** One alert about the router. Each has a section of its name in docs/runbooks.md and unit tests in test/monitoring/. */
export interface Alert {
  readonly name: `SreRouter${string}`;
  /** critical: events are late or lost, wake someone. warning: in working hours. */
  readonly severity: 'critical' | 'warning';
  readonly expr: string;
  /** How long it must hold; absent: at once, as for what a counter told. */
  readonly for?: string;
  readonly summary: string;
  /** What to do first. */
  readonly description: string;
}
