import { quoted, yamlScalar } from '../yaml-scalar.js';
import type { Condition } from './condition.js';
import { goString, literal, operand } from './go-text.js';
import { type Marks, type Ref, textExpression } from './marks.js';
import { type Node, SPLICE, Splice } from './node.js';
import { type Item, Leaf, LinesTree, ListTree, MapTree, Switch, type Tree } from './tree.js';

/** Arms longer than this in one line stand on lines of their own. */
const MAX_INLINE = 100;

const pad = (depth: number): string => ' '.repeat(depth);
const action = (text: string): string => `{{ ${text} }}`;

/** A tree as a Helm template: a list as YAML documents, a text (NOTES.txt) as itself. */
export function print(tree: Tree, marks: Marks): string {
  const printer = new Printer(marks);
  const lines =
    tree instanceof ListTree
      ? printer.guarded(tree.items, 0, (item) => ['---', ...printer.block(item.tree, 0)])
      : tree instanceof LinesTree
        ? printer.guarded(tree.items, 0, (item) => printer.textLine(item.tree, 0))
        : printer.textLine(tree, 0);
  return `${lines.join('\n')}\n`;
}

class Printer {
  constructor(readonly marks: Marks) {}

  /**
   * Members under their conditions. Neighbours that share a condition share its `if`, what they ask for beyond it stands inside; opposite
   * conditions on one value are its else.
   */
  guarded(items: readonly Item[], depth: number, lines: (item: Item) => string[]): string[] {
    const out: string[] = [];
    let chain: Condition[] = [];
    const close = (): void => {
      if (chain.length > 0) out.push(`${pad(depth)}{{- end }}`);
      chain = [];
    };
    for (let at = 0; at < items.length; ) {
      const item = items[at] as Item;
      const { when } = item;
      if (!when || when.factors.length === 0) {
        close();
        out.push(...lines(item));
        at++;
        continue;
      }
      const inner: Item[] = [];
      for (let rest = when.beyond(when); rest; rest = items[at]?.when?.beyond(when)) inner.push({ ...(items[at++] as Item), when: rest });
      const word = chainWord(chain, when);
      if (!word) close();
      out.push(`${pad(depth)}{{- ${word ?? `if ${when.text}`} }}`, ...this.guarded(inner, depth, lines));
      chain.push(when);
    }
    close();
    return out;
  }

  /** Lines of a value that stands below its key. */
  block(tree: Tree, depth: number): string[] {
    if (tree instanceof LinesTree) return this.#text('', tree, depth);
    if (tree instanceof Switch && !this.#isOneLine(tree)) return this.#arms(tree, depth, (arm) => this.block(arm, depth));
    if (this.#isOneLine(tree)) return [`${pad(depth)}${this.#inline(tree)}`];
    if (tree instanceof MapTree) {
      const own = tree.items.flatMap(({ key }) => (key === SPLICE ? [] : [key]));
      return this.guarded(tree.items, depth, (item) => {
        const { key, tree: child } = item as MapTree['items'][number];
        return key === SPLICE ? splicedMap(child, own, depth) : this.#entry(`${pad(depth)}${literal(yamlScalar(key))}:`, child, depth);
      });
    }
    return this.guarded((tree as ListTree).items, depth, (item) => this.#listItem(item.tree, depth));
  }

  /** A line of a text, with the blank ones before it: all its arms have as many. */
  textLine(tree: Tree, depth: number): string[] {
    const leaf = (node: Node): string => this.#bare(node).replace(/^\n+/, '');
    let first = tree;
    while (first instanceof Switch) first = (first.arms[0] as Item).tree;
    const blanks = /^\n*/.exec(String((first as Leaf).node))?.[0].length ?? 0;
    const line = tree instanceof Switch ? this.#inlineArms(tree, leaf) : leaf((tree as Leaf).node);
    return [...new Array<string>(blanks).fill(''), `${pad(depth)}${line}`];
  }

  /** A key or dash with its value behind or below it. */
  #entry(head: string, tree: Tree, depth: number): string[] {
    if (tree instanceof LinesTree) return this.#text(`${head} `, tree, depth + 2);
    if (this.#isOneLine(tree)) return [`${head} ${this.#inline(tree)}`];
    if (tree instanceof Switch && tree.arms.every((arm) => this.#isOneLine(arm.tree)))
      return this.#arms(tree, depth, (arm) => [`${head} ${this.#inline(arm)}`]);
    return [head, ...this.block(tree, depth + 2)];
  }

  #listItem(tree: Tree, depth: number): string[] {
    if (tree instanceof Leaf && tree.node instanceof Splice) return splicedList(tree.node, depth);
    if (!(tree instanceof MapTree) || this.#isOneLine(tree)) return this.#entry(`${pad(depth)}-`, tree, depth);
    const first = tree.items.find(({ key, when }) => !when && key !== SPLICE);
    if (!first) return [`${pad(depth)}-`, ...this.block(tree, depth + 2)];
    const [head = '', ...rest] = this.block(new MapTree([first, ...tree.items.filter((item) => item !== first)]), depth + 2);
    return [`${pad(depth)}- ${head.slice(depth + 2)}`, ...rest];
  }

  #text(head: string, tree: LinesTree, depth: number): string[] {
    return [`${head}|${tree.end ? '' : '-'}`, ...this.guarded(tree.items, depth, (item) => this.textLine(item.tree, depth))];
  }

  #arms(tree: Switch, depth: number, lines: (tree: Tree) => string[]): string[] {
    return [...armWords(tree).flatMap(([word, arm]) => [`${pad(depth)}{{- ${word} }}`, ...lines(arm)]), `${pad(depth)}{{- end }}`];
  }

  /** Can it stand behind its key? A list or map can when there is nothing of its own in it: empty, or nothing but values. */
  #isOneLine(tree: Tree): boolean {
    if (tree instanceof Leaf) return true;
    if (tree instanceof LinesTree) return false;
    if (!(tree instanceof Switch)) return tree.items.every((item) => item.tree instanceof Leaf && item.tree.node instanceof Splice);
    const isShort = tree.arms.length === 2 && tree.arms.every((arm) => this.#isOneLine(arm.tree));
    return isShort && this.#inline(tree).length <= MAX_INLINE;
  }

  #inline(tree: Tree): string {
    if (tree instanceof Leaf) return this.#scalar(tree.node);
    if (tree instanceof Switch) return booleanArms(tree) ?? this.#inlineArms(tree, (node) => this.#scalar(node));
    const refs = (tree as MapTree | ListTree).items.map((item) => ((item.tree as Leaf).node as Splice).knob.ref);
    if (refs.length === 0) return tree instanceof MapTree ? '{}' : '[]';
    return action(refs.length === 1 ? `toJson ${refs[0]}` : `toJson (concat ${refs.join(' ')} | default list)`);
  }

  #inlineArms(tree: Switch, leaf: (node: Node) => string): string {
    const text = (arm: Tree): string =>
      arm instanceof Leaf ? leaf(arm.node) : arm instanceof Switch ? this.#inlineArms(arm, leaf) : this.#inline(arm);
    return `${armWords(tree)
      .map(([word, arm]) => action(word) + text(arm))
      .join('')}{{ end }}`;
  }

  /** As people write it where the values cannot break out of their place; else by way of JSON, which holds every text. */
  #scalar(node: Node): string {
    if (typeof node === 'number') return this.#bare(node);
    const pieces = typeof node === 'string' ? this.marks.pieces(node) : [];
    const refs = pieces.filter((piece) => typeof piece !== 'string');
    const words = pieces.filter((piece) => typeof piece === 'string');
    const [only] = refs;
    if (!only) return literal(yamlScalar(node as string | boolean));
    const isSafe =
      refs.every(({ chars }) => chars !== undefined && !/["\\]/.test(chars)) && words.every((word) => quoted(word) === `"${word}"`);
    if (!isSafe) return action(`${textExpression(pieces)} | toJson`);
    if (pieces.length === 1 && only.verb === '%s') return action(`${only.shown} | quote`);
    return isPlainWith(refs, words) ? this.#bare(node) : `"${this.#bare(node)}"`;
  }

  /** As it stands where nothing reads it as YAML. */
  #bare(node: Node): string {
    const ref = typeof node === 'number' ? this.marks.refOf(node) : undefined;
    if (ref) return action(ref.shown);
    return this.marks
      .pieces(String(node))
      .map((piece) => (typeof piece === 'string' ? literal(piece) : action(piece.shown)))
      .join('');
  }
}

/** How a condition goes on from those before it, all on the same value and none holding with another. */
function chainWord(chain: readonly Condition[], when: Condition): string | undefined {
  const own = when.literal;
  const [first] = chain;
  if (first && chain.length === 1 && (when.isOppositeOf(first) || first.isOppositeOf(when))) return 'else';
  if (!own || !first) return undefined;
  const taken = new Set<number>();
  for (const { literal: before } of chain) {
    if (before?.knob !== own.knob || [...before.cases].some((one) => own.cases.has(one))) return undefined;
    for (const one of before.cases) taken.add(one);
  }
  return taken.size + own.cases.size === own.knob.cases.length ? 'else' : `else if ${when.text}`;
}

function armWords({ arms }: Switch): (readonly [string, Tree])[] {
  return arms.map(({ when, tree }, index) => [index === 0 ? `if ${when?.text}` : when ? `else if ${when.text}` : 'else', tree]);
}

/** true and false by one condition: the condition itself. */
function booleanArms({ arms }: Switch): string | undefined {
  const [first, second] = arms.map(({ tree }) => (tree instanceof Leaf ? tree.node : undefined));
  const when = arms[0]?.when;
  if (arms.length !== 2 || !when?.isBoolean || typeof first !== 'boolean' || typeof second !== 'boolean') return undefined;
  return action(first ? when.text : /^not \S+$/.test(when.text) ? when.text.slice(4) : `not ${operand(when.text)}`);
}

/** Exact for every text and number (toYaml with nindent is not), and needs no indentation. */
function splicedList({ knob }: Splice, depth: number): string[] {
  return [`${pad(depth)}{{- range ${knob.ref} }}`, `${pad(depth)}- {{ toJson . }}`, `${pad(depth)}{{- end }}`];
}

function splicedMap(tree: Tree, own: readonly string[], depth: number): string[] {
  const { knob } = (tree as Leaf).node as Splice;
  const rest = own.length > 0 ? `omit ${knob.ref} ${own.map(goString).join(' ')}` : knob.ref;
  return [
    `${pad(depth)}{{- range $key, $value := ${rest} }}`,
    `${pad(depth)}{{ toJson $key }}: {{ toJson $value }}`,
    `${pad(depth)}{{- end }}`,
  ];
}

/** Whatever the values are, the text cannot be read as anything but text: a word of ours says so. */
function isPlainWith(refs: readonly Ref[], words: readonly string[]): boolean {
  const isBland = refs.every(({ chars }) => /^[-\w./]*$/.test(chars ?? ' ')) && words.every((word) => /^[-\w./]+$/.test(word));
  return isBland && words.some((word) => /[-/]/.test(word) && /[g-wyzG-WYZ]/.test(word));
}
