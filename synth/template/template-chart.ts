import { parseDocument } from 'yaml';
import type { Release } from '../chart.js';
import { checksumOf, isRecord, type K8sObject } from '../k8s-object.js';
import { FUNCTIONS, isTrue, Refusal, shown } from './functions.js';
import { type Expression, parseTemplate, type Statement, TemplateError } from './parse-template.js';

/** What `$` is, and the files that this render has done. */
interface Root {
  readonly Values: unknown;
  readonly Release: unknown;
  readonly Template: unknown;
  readonly done: Map<string, readonly K8sObject[]>;
}

interface Scope {
  readonly root: Root;
  readonly dot: unknown;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The text of another template: its checksum is that of its objects, as in the plain back end. */
class Included {
  constructor(readonly objects: readonly K8sObject[]) {}
}

const BASE_PATH = 'templates';

/**
 * A committed chart rendered from its templates alone: no Helm, and none of the code that generated them. It knows what our compiler writes
 * and refuses the rest. Not for values that were never checked: it has no schema.
 */
export class TemplateChart {
  readonly #files: ReadonlyMap<string, readonly Statement[]>;
  readonly #documents = new Map<string, readonly K8sObject[]>();

  /** `files`: name in templates/ → text. Throws a TemplateError. */
  constructor(files: ReadonlyMap<string, string>) {
    const shownFiles = [...files].filter(([name]) => name !== 'NOTES.txt' && !name.startsWith('_'));
    this.#files = new Map(shownFiles.map(([name, text]) => [name, parseTemplate(name, text)]));
  }

  /** All objects at complete values. Throws a Refusal where the chart fails with a reason. */
  render(values: unknown, release: Release): K8sObject[] {
    const root: Root = {
      Values: values,
      Release: { Name: release.name, Namespace: release.namespace },
      Template: { BasePath: BASE_PATH },
      done: new Map(),
    };
    return [...this.#files.keys()].flatMap((file) => this.#objects(file, root));
  }

  #objects(file: string, root: Root): readonly K8sObject[] {
    const known = root.done.get(file);
    if (known) return known;
    const statements = this.#files.get(file);
    if (!statements) throw new TemplateError(`${file}: included, but not there`);
    const text = this.#run(statements, file, { root, dot: root, variables: {} });
    const objects = text.split(/^---$/m).flatMap((document) => this.#parsed(document, file));
    root.done.set(file, objects);
    return objects;
  }

  /** Environments have most documents in common. */
  #parsed(text: string, file: string): readonly K8sObject[] {
    const known = this.#documents.get(text);
    if (known) return known;
    const document = parseDocument(text);
    const [problem] = document.errors;
    if (problem) throw new TemplateError(`${file}: renders no YAML: ${problem.message}`);
    const object: unknown = document.toJS();
    const objects = isRecord(object) ? [object as K8sObject] : [];
    this.#documents.set(text, objects);
    return objects;
  }

  #run(statements: readonly Statement[], file: string, scope: Scope): string {
    return statements
      .map((statement): string => {
        if (statement.kind === 'text') return statement.text;
        try {
          return this.#step(statement, file, scope);
        } catch (error) {
          if (error instanceof Refusal || error instanceof TemplateError) throw error;
          throw new TemplateError(`${file}:${statement.line}: ${error instanceof Error ? error.message : String(error)}`);
        }
      })
      .join('');
  }

  #step(statement: Exclude<Statement, { kind: 'text' }>, file: string, scope: Scope): string {
    if (statement.kind === 'print') return shown(this.#value(statement.value, scope));
    if (statement.kind === 'if') {
      const arm = statement.arms.find(({ when }) => !when || isTrue(this.#value(when, scope)));
      return this.#run(arm?.body ?? [], file, scope);
    }
    const over = this.#value(statement.over, scope);
    const entries: (readonly [unknown, unknown])[] = Array.isArray(over)
      ? over.map((value, index) => [index, value] as const)
      : Object.entries(isRecord(over) ? over : {}).sort(([a], [b]) => (a < b ? -1 : 1));
    return entries
      .map(([key, dot]) => {
        const named = statement.names.length === 1 ? [dot] : [key, dot];
        const variables = { ...scope.variables, ...Object.fromEntries(statement.names.map((name, index) => [name, named[index]])) };
        return this.#run(statement.body, file, { ...scope, dot, variables });
      })
      .join('');
  }

  #value(expression: Expression, scope: Scope): unknown {
    if (expression.kind === 'constant') return expression.value;
    if (expression.kind === 'path') {
      const start = expression.root === '.' ? scope.dot : expression.root === '$' ? scope.root : scope.variables[expression.root];
      return expression.keys.reduce<unknown>((tree, key) => {
        if (tree === undefined || tree === null) throw new Error(`nothing has the key ${key} (.${expression.keys.join('.')})`);
        return isRecord(tree) ? tree[key] : undefined;
      }, start);
    }
    const { name, args } = expression;
    if (name === 'and' || name === 'or') {
      let value: unknown;
      for (const arg of args) {
        value = this.#value(arg, scope);
        if (isTrue(value) === (name === 'or')) break;
      }
      return value;
    }
    const values = args.map((arg) => this.#value(arg, scope));
    if (name === 'include') return new Included(this.#objects(String(values[0]).replace(`${BASE_PATH}/`, ''), scope.root));
    const [first] = values;
    if (name === 'sha256sum' && first instanceof Included) return checksumOf(first.objects);
    const call = FUNCTIONS[name];
    if (!call) throw new Error(`the function ${name} is not known`);
    return call(...values);
  }
}
