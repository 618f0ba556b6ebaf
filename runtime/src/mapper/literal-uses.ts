import type { Json } from '../event/event.js';
import { LISTS } from '../plan.js';
import type { ActionCatalog } from './catalog.js';
import { eachRoute, type MappingText, readMappings } from './check.js';
import { parseTemplate } from './template.js';

/** One use of an action, with those fields of its input that say the same for every event. */
export interface MappedUse {
  readonly action: string;
  /** The destination that the step names, else the default of the action. */
  readonly destination: string;
  readonly with: { readonly [field: string]: Json };
}

/** A text without `${{ }}`, with `$${{` read as it is meant; undefined for one that holds an expression or cannot be read. */
function literalText(text: string): string | undefined {
  try {
    const parts = parseTemplate(text);
    return parts.every((part) => typeof part === 'string') ? parts.join('') : undefined;
  } catch {
    return undefined;
  }
}

/** The value if all of it is literal. An expression anywhere inside makes the whole value one that differs by event. */
function literal(value: Json): Json | undefined {
  if (typeof value === 'string') return literalText(value);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    const items = value.map(literal);
    return items.includes(undefined) ? undefined : (items as Json[]);
  }
  const entries = Object.entries(value).map(([name, inner]) => [name, literal(inner)] as const);
  return entries.some(([, inner]) => inner === undefined) ? undefined : (Object.fromEntries(entries) as Json);
}

/**
 * Every use of an action in the files, shadow routes too: what a route needs is there before it goes live.
 * A field that is an expression is null, which no action takes as a literal. Pure; files that cannot be read have no uses.
 */
export function literalUses(files: readonly MappingText[], catalog: Pick<ActionCatalog, 'get'>): readonly MappedUse[] {
  const uses: MappedUse[] = [];
  for (const { route } of eachRoute(readMappings(files).read)) {
    for (const step of LISTS.flatMap((list) => route[list] ?? [])) {
      const fields = Object.entries((step.with ?? {}) as { [field: string]: Json });
      uses.push({
        action: step.use,
        destination: step.destination ?? catalog.get(step.use)?.defaultDestination ?? '',
        with: Object.fromEntries(fields.map(([name, value]) => [name, literal(value) ?? null])),
      });
    }
  }
  return uses;
}
