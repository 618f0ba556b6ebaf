import type { Json } from '../../event/event.js';

/** Atlassian Document Format: text nodes only, so nothing in a payload is markup. */
export function adf(text: string): Json {
  const paragraphs = text.slice(0, 30_000).split('\n');
  return {
    type: 'doc',
    version: 1,
    content: paragraphs.map((line) => ({ type: 'paragraph', content: line === '' ? [] : [{ type: 'text', text: line }] })),
  };
}

/** Wiki markup of Data Center, escaped: braces, brackets, bars and the like lose their meaning. */
export function wiki(text: string): string {
  return text.slice(0, 30_000).replaceAll(/[\\{}[\]|*_^~+\-!#@]/g, (character) => `\\${character}`);
}
