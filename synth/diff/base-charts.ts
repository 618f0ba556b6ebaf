import { parse } from 'yaml';
import type { Release } from '../chart.js';
import type { Git } from '../git.js';
import type { K8sObject } from '../k8s-object.js';
import { TemplateChart } from '../template/template-chart.js';
import { deepMerge } from '../values/parse-values.js';

/** The charts as they are committed at a ref: rendered from their own templates, without Helm and without that ref's code. */
export class BaseCharts {
  readonly #files: ReadonlyMap<string, string>;
  readonly #charts = new Map<string, TemplateChart>();
  readonly #defaults = new Map<string, unknown>();

  constructor(git: Git, ref: string) {
    this.#files = git.filesAt(ref, 'charts', /^charts\/[^/]+\/(?:values\.yaml$|templates\/|env\/)/);
  }

  /** chart → names of its environments. */
  environments(): ReadonlyMap<string, readonly string[]> {
    const found = new Map<string, string[]>();
    for (const file of this.#files.keys()) {
      const [, chart, environment] = /^charts\/([^/]+)\/env\/([^/]+)\.yaml$/.exec(file) ?? [];
      if (chart !== undefined && environment !== undefined) found.set(chart, [...(found.get(chart) ?? []), environment]);
    }
    return found;
  }

  /** undefined where the chart or the environment was not there. Throws what the chart's templates throw. */
  render(chart: string, environment: string, release: Release): K8sObject[] | undefined {
    const [defaults, own] = [this.#defaultsOf(chart), this.#files.get(`charts/${chart}/env/${environment}.yaml`)];
    if (defaults === undefined || own === undefined) return undefined;
    return this.#chart(chart).render(deepMerge(defaults, parse(own) ?? {}), release);
  }

  /** Parsed once a chart, which has many environments. */
  #defaultsOf(chart: string): unknown {
    const text = this.#files.get(`charts/${chart}/values.yaml`);
    if (text !== undefined && !this.#defaults.has(chart)) this.#defaults.set(chart, parse(text) ?? {});
    return this.#defaults.get(chart);
  }

  #chart(name: string): TemplateChart {
    const known = this.#charts.get(name);
    if (known) return known;
    const folder = `charts/${name}/templates/`;
    const files = [...this.#files]
      .filter(([file]) => file.startsWith(folder))
      .map(([file, text]) => [file.slice(folder.length), text] as const);
    const chart = new TemplateChart(new Map(files));
    this.#charts.set(name, chart);
    return chart;
  }
}
