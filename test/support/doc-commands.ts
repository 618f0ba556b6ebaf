import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Commands of the documentation: blocks of the language `sh`. */
export interface DocBlock {
  readonly line: number;
  readonly text: string;
  /** The marker before it: commands that need what no test machine has, or take long, and the test that shows them. */
  readonly shownBy: string | undefined;
  /** The block of the language `text` right behind it: lines that are printed, `…` for anything. */
  readonly prints: readonly string[];
}

const BLOCK = /(?:<!-- shown by: (.+?) -->\n)?```sh\n([\s\S]*?)\n```(?:\n+```text\n([\s\S]*?)\n```)?/g;

export function docBlocks(markdown: string): readonly DocBlock[] {
  return [...markdown.matchAll(BLOCK)].map(({ index, 1: shownBy, 2: text = '', 3: prints }) => ({
    line: markdown.slice(0, index).split('\n').length,
    text,
    shownBy,
    prints: prints?.split('\n') ?? [],
  }));
}

/** Pages that people read, relative to the root. */
export function docPages(root: string): readonly string[] {
  const below = readdirSync(join(root, 'docs'), { recursive: true }).map((file) => `docs/${String(file)}`);
  return ['README.md', 'CONTRIBUTING.md', 'runtime/README.md', ...below.filter((file) => file.endsWith('.md'))].sort();
}

/** `path "text"`: is there a file with that text? */
export function isShown(root: string, shownBy: string): boolean {
  const [, file = '', text = ''] = /^(\S+) "([^"]+)"$/.exec(shownBy) ?? [];
  return file !== '' && existsSync(join(root, file)) && readFileSync(join(root, file), 'utf8').includes(text);
}

/** A line that documentation promises, as a pattern. */
export const printed = (line: string): RegExp =>
  new RegExp(
    line
      .split('…')
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').trim())
      .join('.*'),
  );
