import type { z } from 'zod';
import type { Release } from '../../../chart.js';
import type { Monitoring } from './values.js';

/** What the monitoring reads of the chart's values. */
export interface Monitored {
  readonly release: Release;
  readonly log: { readonly kind: 'embedded' | 'kafka' };
  readonly kafka: {
    readonly prefix: string;
    readonly group: string;
    /** Of topics events and journal. */
    readonly partitions: number;
  };
  /** The EventSource that sends an event of Installation.canaryType every minute. */
  readonly canary: { readonly enabled: boolean };
  readonly monitoring: z.output<typeof Monitoring>;
}

/** The Service of one role. */
export interface Target {
  /** A label of all its series: router, ingest, … */
  readonly role: string;
  /** Labels that its Service alone has. */
  readonly labels: Readonly<Record<string, string>>;
  /** Name of the port that serves /metrics. */
  readonly port: string;
}

/** What the chart's code knows beside the values. */
export interface Installation {
  /** In their order; at least one. */
  readonly targets: readonly Target[];
  /** Labels of all objects. */
  readonly labels: Readonly<Record<string, string>>;
  /** Type of the canary's events. The router counts it apart only if a route or a schema names it. */
  readonly canaryType: string;
}
