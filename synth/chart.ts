import { ApiObject, App, Chart as Scope } from 'cdk8s';
import type { z } from 'zod';
import { ChartError, chartError, type Place } from './chart-error.js';
import { checkSchema } from './check-schema.js';
import type { JsonSchema } from './json-schema.js';
import { checksumOf, idOf, type K8sObject } from './k8s-object.js';
import { type Knob, knobsOf } from './knob.js';
import { jsonOf } from './newer-fields.js';
import { checkRule, type PathsOf, type Rule } from './require.js';

/** What Helm knows of an installation: `.Release.Name`, `.Release.Namespace`. */
export interface Release {
  readonly name: string;
  readonly namespace: string;
}

/** What a template's code reads. */
export type Values<S extends z.ZodType> = z.output<S> & { readonly release: Release };

export interface TemplateContext {
  /** Changes exactly when another template file of the chart renders differently: for the pod annotation that rolls the pods then. */
  checksum(file: string): string;
}

/** The code of one template file: adds objects to the chart. Pure: reads its values, passes them on, switches on finite ones. */
export type Template<S extends z.ZodType> = (chart: Scope, values: Values<S>, context: TemplateContext) => void;

export interface ChartSource<S extends z.ZodType> {
  /** Also the folder charts/<name>. */
  readonly name: string;
  readonly values: S;
  readonly rules?: readonly Rule<PathsOf<z.output<S>>>[];
  /** File name in templates/ → its code. */
  readonly templates: Readonly<Record<string, Template<S>>>;
  /** The text that `helm install` prints. */
  readonly notes?: (values: Values<S>) => string;
  /**
   * What is wrong with objects that this chart makes, whichever values: rules of the systems that read them. Called with the objects of one
   * file, and with all. What breaks here is the code's fault, or a combination of values that a rule must refuse.
   */
  readonly check?: (objects: readonly K8sObject[]) => readonly string[];
  /** The Secrets that the chart reads and people make; docs/values.md lists them. */
  readonly secrets?: readonly SecretDoc[];
  /** How `render` and `diff` install it. Default: both the chart's name. */
  readonly release?: Release;
}

/** A Secret that people make before they install. */
export interface SecretDoc {
  /** The value that names it, or its parent. */
  readonly value: string;
  readonly when: string;
  /** Key in the Secret → what it must hold, exactly. Default keys; a value beside the name may choose another. */
  readonly keys: Readonly<Record<string, string>>;
  /** A command that makes it. */
  readonly create: string;
}

/** A chart as the back ends see it. */
export interface HelmChart {
  readonly name: string;
  readonly values: z.ZodType;
  readonly jsonSchema: JsonSchema;
  readonly knobs: readonly Knob[];
  readonly rules: readonly Rule[];
  readonly templates: ReadonlyMap<string, Render>;
  readonly notes: ((values: unknown) => string) | undefined;
  readonly check: (objects: readonly K8sObject[]) => readonly string[];
  readonly secrets: readonly SecretDoc[];
  readonly release: Release;
}

/** Values with their release → objects. `guarded`: fields that a type would drop are errors (slower; done while compiling). */
export type Render = (values: unknown, context: TemplateContext, guarded?: boolean) => K8sObject[];

/** Throws a ChartError when the schema or a rule cannot be a chart's. */
export function defineChart<S extends z.ZodType>({
  name,
  values,
  rules = [],
  templates,
  notes,
  check = () => [],
  secrets = [],
  release = { name, namespace: name },
}: ChartSource<S>): HelmChart {
  const jsonSchema = checkSchema(values);
  const knobs = knobsOf(jsonSchema);
  for (const rule of rules) checkRule(rule, knobs);
  for (const file of Object.keys(templates))
    if (!/^[a-z][a-z0-9-]*\.yaml$/.test(file) || file === 'rules.yaml')
      throw new ChartError(`${name}: "${file}" is no name of a template file: lower case, .yaml, and rules.yaml is taken`);
  return {
    name,
    values,
    jsonSchema,
    knobs,
    rules,
    templates: new Map(Object.entries(templates).map(([file, template]) => [file, renderOf(template as Template<z.ZodType>)])),
    notes: notes as ((values: unknown) => string) | undefined,
    check,
    secrets,
    release,
  };
}

function renderOf(template: Template<z.ZodType>): Render {
  return (values, context, guarded = false) => {
    // A scope of its own, and never app.synth(): that walks the whole app once more for every chart in it.
    const scope = new Scope(new App(), 'chart', { disableResourceNameHashes: true });
    template(scope, values as Values<z.ZodType>, context);
    return scope.node
      .findAll()
      .filter(ApiObject.isApiObject)
      .map((object) => jsonOf(object, guarded));
  };
}

/** The plain back end: all objects of a chart at one set of values (complete and checked: parse-values.ts). */
export function bundle(chart: HelmChart, values: unknown, release: Release): K8sObject[] {
  const input = { ...(values as object), release };
  const done = new Map<string, K8sObject[]>();
  const begun = new Set<string>();
  const objectsOf = (file: string): K8sObject[] => {
    const known = done.get(file);
    if (known) return known;
    if (begun.has(file)) throw new ChartError(`checksum("${file}"): the file covers itself, in a circle`);
    begun.add(file);
    const render = chart.templates.get(file);
    if (!render) throw new ChartError(`checksum("${file}"): the chart has no such template file`);
    const objects = render(input, { checksum: (other) => checksumOf(objectsOf(other)) });
    done.set(file, objects);
    return objects;
  };
  const objects = [...chart.templates.keys()].flatMap(objectsOf);
  const ids = objects.map(idOf);
  const twice = ids.find((id, index) => ids.indexOf(id) < index);
  if (twice !== undefined) throw new ChartError(`${chart.name}: two objects are ${twice}`);
  checkObjects(chart, objects);
  return objects;
}

/** Throws a ChartError that tells what the chart's own check found. */
export function checkObjects({ name, check }: HelmChart, objects: readonly K8sObject[], place: Place = {}): void {
  const problems = check(objects);
  if (problems.length > 0)
    throw chartError(
      place,
      `${name}: ${problems.join('\n  ')}`,
      'mend the code; where only some values lead here, refuse them with require(condition, reason)',
    );
}
