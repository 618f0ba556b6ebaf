/** One thing that is wrong with a mapping, and what to do about it. */
export interface Finding {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly severity: 'error' | 'warning';
  /** Short kebab-case name, stable. */
  readonly code: string;
  readonly message: string;
  /** What to do. */
  readonly fix: string;
}

export function countFindings(findings: readonly Finding[]): { readonly errors: number; readonly warnings: number } {
  const errors = findings.filter((finding) => finding.severity === 'error').length;
  return { errors, warnings: findings.length - errors };
}

/** `text`: one finding a line, as compilers write them. `json`: { findings, errors, warnings }. */
export function renderFindings(findings: readonly Finding[], format: 'text' | 'json'): string {
  const { errors, warnings } = countFindings(findings);
  if (format === 'json') return JSON.stringify({ findings, errors, warnings }, null, 2);
  const lines = findings.map((f) => `${f.file}:${f.line}:${f.column}: ${f.severity} ${f.code}: ${f.message}\n    ${f.fix}`);
  return [...lines, `${errors} error(s), ${warnings} warning(s)`].join('\n');
}
