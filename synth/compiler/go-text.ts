/** A Go string literal in an action. JSON's escapes are Go's, but for \/ (never written) and lone surrogates (never there). */
export function goString(text: string): string {
  return JSON.stringify(text);
}

/** An operand: put in parentheses when it is more than one word. */
export function operand(expression: string): string {
  return /^(?:[^\s"]+|"(?:[^"\\]|\\.)*")$/.test(expression) ? expression : `(${expression})`;
}

/** Text that stands in a template as itself: `{{ … }}` of Argo, Prometheus or mappings must not run as Helm's. */
export function literal(text: string): string {
  return text.replace(/\{\{[^`\n]*?\}\}(?!\})|\{\{/g, (braces) => `{{\`${braces}\`}}`);
}

/** The other way round: a template without values as the text that it gives. */
export function unescaped(template: string): string {
  return template.replace(/\{\{`([^`]*)`\}\}/g, '$1');
}
