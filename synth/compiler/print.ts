import { quoted, yamlScalar } from '../yaml-scalar.js';
import type { Condition } from './condition.js';
import { textExpression } from './expression.js';
import { goString, literal, operand } from './go-text.js';
import { Int, type Node, type Ref, SPLICE, Splice, Text } from './node.js';
import { type Item, Leaf, LinesTree, ListTree, MapTree, Switch, type Tree } from './tree.js';

/** Arms longer than this in one line stand on lines of their own. */
const MAX_INLINE = 100;

const pad = (depth: number): string => ' '.repeat(depth);
const action = (text: string): string => `{{ ${text} }}`;

/** A file of documents as a Helm template. */
export function printDocuments(tree: Tree): string {
  if (!(tree instanceof ListTree)) return '';
  return guarded(tree.items, 0, (item) => ['---', ...block(item.tree, 0)])
    .join('\n')
    .concat('\n');
}

/** A text as a Helm template: NOTES.txt. */
export function printText(tree: Tree): string {
  if (tree instanceof LinesTree)
    return guarded(tree.items, 0, (item) => textLine(item.tree, 0))
      .join('\n')
      .concat('\n');
  if (tree instanceof Leaf) return bare(tree.node).concat('\n');
  return inlineArms(tree as Switch, (node) => bare(node)).concat('\n');
}

/**
 * Members under their conditions. Neighbours that share a condition share its `if`, what they ask for beyond it stands inside; opposite
 * conditions on one value are its else.
 */
function guarded(items: readonly Item[], depth: number, lines: (item: Item) => string[]): string[] {
  const out: string[] = [];
  let chain: Condition[] = [];
  const close = (): void => {
    if (chain.length > 0) out.push(`${pad(depth)}{{- end }}`);
    chain = [];
  };
  for (let at = 0; at < items.length; ) {
    const item = items[at] as Item;
    const { when } = item;
    if (!when || when.isAlways) {
      close();
      out.push(...lines(item));
      at++;
      continue;
    }
    const inner: Item[] = [];
    for (let rest = when.beyond(when); rest; rest = items[at]?.when?.beyond(when)) inner.push({ ...(items[at++] as Item), when: rest });
    const word = chainWord(chain, when);
    if (!word) close();
    out.push(`${pad(depth)}{{- ${word ?? `if ${when.text}`} }}`, ...guarded(inner, depth, lines));
    chain.push(when);
    if (word === 'else') close();
  }
  close();
  return out;
}

/** How a condition goes on from those before it, all on the same value and none holding with another. */
function chainWord(chain: readonly Condition[], when: Condition): string | undefined {
  const own = when.literal;
  if (!own || chain.length === 0) return undefined;
  const taken = new Set<number>();
  for (const { literal: before } of chain) {
    if (before?.knob !== own.knob || [...before.cases].some((one) => own.cases.has(one))) return undefined;
    for (const one of before.cases) taken.add(one);
  }
  return taken.size + own.cases.size === own.knob.cases.length ? 'else' : `else if ${when.text}`;
}

/** Lines of a value that stands below its key. */
function block(tree: Tree, depth: number): string[] {
  if (tree instanceof MapTree && !isFlow(tree)) {
    const own = tree.items.flatMap(({ key }) => (key === SPLICE ? [] : [key]));
    return guarded(tree.items, depth, (item) => {
      const { key, tree: child } = item as MapTree['items'][number];
      return key === SPLICE ? splicedMap(child, own, depth) : entry(`${pad(depth)}${literal(yamlScalar(key))}:`, child, depth);
    });
  }
  if (tree instanceof ListTree && !isFlow(tree))
    return guarded(tree.items, depth, ({ tree: child }) =>
      child instanceof Leaf && child.node instanceof Splice ? splicedList(child.node, depth) : listItem(child, depth),
    );
  if (tree instanceof Switch && !isInline(tree)) return armsBlock(tree, depth, (child) => block(child, depth));
  if (tree instanceof LinesTree) return [`${pad(depth)}|${tree.end ? '' : '-'}`, ...textLines(tree, depth)];
  return [`${pad(depth)}${inline(tree)}`];
}

/** A key or dash with its value behind or below it. */
function entry(head: string, tree: Tree, depth: number): string[] {
  if (tree instanceof LinesTree) return [`${head} |${tree.end ? '' : '-'}`, ...textLines(tree, depth + 2)];
  if (tree instanceof Switch && !isInline(tree) && tree.arms.every(({ tree: arm }) => isOneLine(arm)))
    return armsBlock(tree, depth, (child) => [`${head} ${inline(child)}`]);
  if (tree instanceof Switch ? isInline(tree) : isOneLine(tree)) return [`${head} ${inline(tree)}`];
  return [head, ...block(tree, depth + 2)];
}

function listItem(tree: Tree, depth: number): string[] {
  if (!(tree instanceof MapTree) || isFlow(tree)) return entry(`${pad(depth)}-`, tree, depth);
  const first = tree.items.findIndex(({ key, when }) => !when && key !== SPLICE);
  if (first < 0) return [`${pad(depth)}-`, ...block(tree, depth + 2)];
  const lines = block(new MapTree(tree.items.toSpliced(first, 1).toSpliced(0, 0, ...tree.items.slice(first, first + 1))), depth + 2);
  return [`${pad(depth)}- ${(lines[0] ?? '').slice(depth + 2)}`, ...lines.slice(1)];
}

function armsBlock({ arms }: Switch, depth: number, lines: (tree: Tree) => string[]): string[] {
  const words = arms.map(({ when }, index) => (index === 0 ? `if ${when?.text}` : when ? `else if ${when.text}` : 'else'));
  return [...arms.flatMap(({ tree }, index) => [`${pad(depth)}{{- ${words[index]} }}`, ...lines(tree)]), `${pad(depth)}{{- end }}`];
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

/** Nothing of its own in it: empty, or nothing but values. */
function isFlow(tree: MapTree | ListTree): boolean {
  return tree.items.every(({ tree: child }) => child instanceof Leaf && child.node instanceof Splice);
}

function isOneLine(tree: Tree): boolean {
  return (
    tree instanceof Leaf ||
    ((tree instanceof MapTree || tree instanceof ListTree) && isFlow(tree)) ||
    (tree instanceof Switch && isInline(tree))
  );
}

function isInline(tree: Switch): boolean {
  return (
    tree.arms.every(({ tree: arm }) => isOneLine(arm)) &&
    (tree.arms.length === 2 || booleanArms(tree) !== undefined) &&
    inline(tree).length <= MAX_INLINE
  );
}

function inline(tree: Tree): string {
  if (tree instanceof Leaf) return scalar(tree.node);
  if (tree instanceof Switch) return booleanArms(tree) ?? inlineArms(tree, scalar);
  const isMap = tree instanceof MapTree;
  const refs = (tree as MapTree | ListTree).items.map(({ tree: child }) => ((child as Leaf).node as Splice).knob.ref);
  if (refs.length === 0) return isMap ? '{}' : '[]';
  return action(refs.length === 1 ? `toJson ${refs[0]}` : `toJson (concat ${refs.join(' ')} | default list)`);
}

function inlineArms({ arms }: Switch, leaf: (node: Node) => string): string {
  const words = arms.map(({ when }, index) => (index === 0 ? `if ${when?.text}` : when ? `else if ${when.text}` : 'else'));
  const text = (tree: Tree): string => (tree instanceof Leaf ? leaf(tree.node) : inline(tree));
  return `${arms.map(({ tree }, index) => action(words[index] ?? '') + text(tree)).join('')}{{ end }}`;
}

/** true and false by one condition: the condition itself. */
function booleanArms({ arms }: Switch): string | undefined {
  const [first, second] = arms.map(({ tree }) => (tree instanceof Leaf ? tree.node : undefined));
  const when = arms[0]?.when;
  if (arms.length !== 2 || !when?.isBoolean || typeof first !== 'boolean' || typeof second !== 'boolean') return undefined;
  return action(first ? when.text : /^not \S+$/.test(when.text) ? when.text.slice(4) : `not ${operand(when.text)}`);
}

function scalar(node: Node): string {
  if (node instanceof Int) return action(node.ref.shown);
  if (node instanceof Text) return textScalar(node);
  return literal(yamlScalar(node as string | number | boolean));
}

/** As people write it where the values cannot break out of their place; else by way of JSON, which holds every text. */
function textScalar(text: Text): string {
  const refs = text.pieces.filter((piece) => typeof piece !== 'string');
  const words = text.pieces.filter((piece) => typeof piece === 'string');
  const isSafe =
    refs.every(({ chars }) => chars !== undefined && !/["\\]/.test(chars)) && words.every((word) => quoted(word) === `"${word}"`);
  const [only] = refs;
  if (!isSafe) return action(`${only && text.pieces.length === 1 ? only.shown : textExpression(text)} | toJson`);
  if (text.pieces.length === 1 && only?.verb === '%s') return action(`${only.shown} | quote`);
  const body = bare(text);
  return isPlainWith(refs, words) ? body : `"${body}"`;
}

/** Whatever the values are, the text cannot be read as anything but text: a word of ours says so. */
function isPlainWith(refs: readonly Ref[], words: readonly string[]): boolean {
  const isBland = refs.every(({ chars }) => /^[-\w./]*$/.test(chars ?? ' ')) && words.every((word) => /^[-\w./]+$/.test(word));
  return isBland && words.some((word) => /[-/]/.test(word) && /[g-wyzG-WYZ]/.test(word));
}

/** As it stands in a text that nothing reads as YAML. */
function bare(node: Node): string {
  if (node instanceof Text) return node.pieces.map((piece) => (typeof piece === 'string' ? literal(piece) : action(piece.shown))).join('');
  return node instanceof Int ? action(node.ref.shown) : literal(String(node));
}

function textLines(tree: LinesTree, depth: number): string[] {
  return guarded(tree.items, depth, (item) => textLine(item.tree, depth));
}

/** A line of a text, with the blank ones before it: all its arms have as many. */
function textLine(tree: Tree, depth: number): string[] {
  const leaf = (node: Node): string => bare(node).replace(/^\n+/, '');
  const first = (each: Tree): Node => (each instanceof Switch ? first(each.arms[0]?.tree ?? new Leaf('')) : (each as Leaf).node);
  const blanks = bare(first(tree)).length - leaf(first(tree)).length;
  const line = tree instanceof Switch ? inlineArms(tree, leaf) : leaf(first(tree));
  return [...new Array<string>(blanks).fill(''), `${pad(depth)}${line}`];
}
