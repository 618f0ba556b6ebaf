import { unescaped } from './compiler/go-text.js';
import { Marks } from './compiler/marks.js';
import { print } from './compiler/print.js';
import { constant } from './compiler/tree.js';
import type { K8sObject } from './k8s-object.js';

const NO_VALUES = new Marks([]);

/** Objects as YAML documents, in the words that the templates would give: one style for people who compare. */
export function printObjects(objects: readonly K8sObject[]): string {
  return unescaped(
    print(
      constant(
        objects.map((object) => NO_VALUES.lift(object, {})),
        NO_VALUES,
      ),
      NO_VALUES,
    ),
  );
}
