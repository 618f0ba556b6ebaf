import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { HelmChart, Release } from '#synth/chart.js';
import type { K8sObject } from '#synth/k8s-object.js';
import { valuesSchemaJson } from '#synth/values/values-schema.js';
import { valuesYaml } from '#synth/values/values-yaml.js';

/** The Helms of the bundle tier: name → binary. */
export const HELMS: Readonly<Record<string, string>> = {
  'Helm 3': process.env.HELM3_BIN ?? 'helm',
  'Helm 4': process.env.HELM4_BIN ?? 'helm4',
};

export interface HelmAnswer {
  /** undefined where Helm refused. */
  readonly text: string | undefined;
  readonly error: string;
}

/** A folder of charts for one test; `close` removes it. */
export class HelmFolder {
  readonly dir = mkdtempSync(join(tmpdir(), 'sre-router-helm-'));
  #count = 0;

  /** Writes a chart as `npm run synth` would; returns its folder. */
  write(chart: HelmChart, files: ReadonlyMap<string, { readonly text: string }>): string {
    const { name } = chart;
    const folder = join(this.dir, name);
    this.#put(join(folder, 'Chart.yaml'), `apiVersion: v2\nname: ${name}\nversion: 0.1.0\n`);
    this.#put(join(folder, 'values.yaml'), valuesYaml(chart));
    this.#put(join(folder, 'values.schema.json'), valuesSchemaJson(chart));
    for (const [file, { text }] of files) this.#put(join(folder, 'templates', file), text);
    return folder;
  }

  put(file: string, text: string): string {
    const path = join(this.dir, file);
    this.#put(path, text);
    return path;
  }

  /** A values file in JSON, which is YAML; what YAML does not take bare is escaped, but for pairs of surrogates, which Go does not take escaped. */
  values(values: unknown): string {
    const text = JSON.stringify(values).replace(
      /[\u007f-\ud7ff\ue000-\uffff]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    return this.put(`values-${this.#count++}.json`, text);
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  #put(path: string, text: string): void {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

export function helm(binary: string, args: readonly string[]): Promise<HelmAnswer> {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  return new Promise((done) => {
    execFile(binary, [...args], { env, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      done({ text: error ? undefined : stdout, error: error ? stderr || String(error) : '' });
    });
  });
}

export function helmTemplate(binary: string, folder: string, valuesFile: string, { name, namespace }: Release): Promise<HelmAnswer> {
  return helm(binary, ['template', name, folder, '--namespace', namespace, '--values', valuesFile]);
}

/** Objects of Helm's output, by a reader of YAML 1.1 (as in the API server's clients) or 1.2. */
export function objectsOf(text: string, version: '1.1' | '1.2'): K8sObject[] {
  return parseAllDocuments(text, { version, merge: false }).flatMap((document) => {
    if (document.errors[0]) throw document.errors[0];
    const object: unknown = document.toJS();
    return object === null || object === undefined ? [] : [object as K8sObject];
  });
}

/** Runs tasks two at a time: the machines have two cores. */
export async function inPairs<T>(tasks: readonly T[], run: (task: T) => Promise<void>): Promise<void> {
  const left = [...tasks];
  const worker = async (): Promise<void> => {
    for (let task = left.shift(); task !== undefined; task = left.shift()) await run(task);
  };
  await Promise.all([worker(), worker()]);
}
