import type { Event, Json } from '../event/event.js';
import type { CompiledRoute, Scope } from '../plan.js';
import { canonicalJson } from './canonical.js';
import type { ActionCatalog } from './catalog.js';
import { compileRoute, type MappedRoute } from './compile.js';
import { jsonSchemaOf, sampleOf } from './json-schema.js';
import type { MappingTest } from './mapping-file.js';
import type { MappingSource, Path } from './mapping-source.js';
import type { ReadMapping, Report } from './report.js';
import { createRouteTable } from './route-table.js';

/** Runs the tests of all files against all routes, calling nothing. */
export function runMappingTests(read: readonly ReadMapping[], catalog: ActionCatalog, report: Report): void {
  const routes = read.flatMap(({ mapping }) =>
    Object.entries(mapping.routes).flatMap(([type, list]) => list.map((route): MappedRoute => compileRoute(type, route, catalog))),
  );
  for (const { source, mapping } of read) {
    for (const [index, test] of (mapping.tests ?? []).entries()) runTest(source, ['tests', index], test, routes, catalog, report);
  }
}

interface Ran {
  readonly ids: readonly string[];
  readonly inputs: Readonly<Record<string, Json>>;
  readonly notes: readonly string[];
}

function runTest(
  source: MappingSource,
  path: Path,
  test: MappingTest,
  routes: readonly MappedRoute[],
  catalog: ActionCatalog,
  report: Report,
): void {
  const fail = (at: Path, message: string, fix = 'Correct the route or the test.'): void =>
    report(source, [...path, ...at], 'test-failed', `"${test.name}": ${message}`, fix);
  const event = eventOf(test, catalog);
  const dataSchema = catalog.dataSchema?.(event.type);
  const parsed = dataSchema?.safeParse(event.data);
  if (parsed !== undefined && !parsed.success) {
    const [issue] = parsed.error.issues;
    const fix = 'Give the event data as it would really come.';
    report(
      source,
      [...path, 'event', 'data', ...(issue?.path ?? []).map(String)],
      'test-event',
      `"${test.name}": data: ${issue?.message ?? 'invalid'}`,
      fix,
    );
    return;
  }
  const errors: string[] = [];
  const table = createRouteTable(routes, { catalog, onWhenError: ({ route, detail }) => errors.push(`${route}: ${detail}`) });
  const taken = table.match(event);
  const names = taken.map((route) => route.name);
  const { expect } = test;
  const why = errors.length === 0 ? '' : ` (${errors.join('; ')})`;
  const explained = () =>
    table
      .explain(event)
      .filter((trial) => !trial.matched)
      .map((trial) => `${trial.route}: ${trial.clause ?? trial.reason} with ${JSON.stringify(trial.values ?? {})}`)
      .join('; ');
  if (expect.none === true && names.length > 0) {
    fail(['expect', 'none'], `expected no route, but ${names.join(', ')} took the event`);
    return;
  }
  const wanted = expect.routes ?? (expect.route === undefined ? undefined : [expect.route]);
  if (wanted !== undefined && wanted.join('\n') !== names.join('\n')) {
    fail(
      ['expect', expect.routes === undefined ? 'route' : 'routes'],
      `expected ${wanted.join(', ')}, received ${names.join(', ') || 'none'}${why}; ${explained()}`,
    );
    return;
  }
  const ran = taken.map((route) => runList(route, event, test, catalog));
  const ids = ran.flatMap((run) => run.ids);
  if (expect.actions !== undefined && expect.actions.join('\n') !== ids.join('\n')) {
    const notes = ran.flatMap((run) => run.notes).join('; ');
    fail(
      ['expect', 'actions'],
      `expected ${expect.actions.join(', ') || 'nothing'} to run, received ${ids.join(', ') || 'nothing'}${notes === '' ? '' : ` (${notes})`}`,
    );
    return;
  }
  for (const [id, part] of Object.entries(expect.with ?? {})) {
    const input = ran.map((run) => run.inputs[id]).find((value) => value !== undefined);
    if (input === undefined) fail(['expect', 'with', id], `step ${id} did not run`);
    else if (!includes(input, part as Json))
      fail(['expect', 'with', id], `step ${id}: expected ${canonicalJson(part as Json)} within ${canonicalJson(input)}`);
  }
}

function runList(route: CompiledRoute, event: Event, test: MappingTest, catalog: ActionCatalog): Ran {
  const ids: string[] = [];
  const inputs: Record<string, Json> = {};
  const notes: string[] = [];
  const steps: Record<string, Json> = {};
  const incidentSteps = (test.incident?.steps ?? {}) as Record<string, Json>;
  const facts = { key: `${event.source}:test`, state: test.incident?.state ?? 'open', openedAt: event.time, occurrences: 1, reopened: 0 };
  const hasIncident = test.incident !== undefined || event.correlationid !== undefined;
  for (const step of route.lists[test.list ?? 'actions'] ?? []) {
    const scope: Scope = { event, steps: { ...steps }, ...(hasIncident ? { incident: { ...facts, steps: incidentSteps } } : {}) };
    const when = step.when(scope);
    if (when.ok && !when.value) continue;
    const input = when.ok ? step.input(scope) : when;
    if (!when.ok || !input.ok) {
      notes.push(`${step.id}: ${input.ok ? '' : `${input.reason}: ${input.detail}`}`);
      if (!input.ok && input.reason === 'error' && step.onError !== 'continue') break;
      continue;
    }
    const action = catalog.get(step.use);
    const parsed = action?.input.safeParse(input.value);
    if (parsed !== undefined && !parsed.success) {
      const [issue] = parsed.error.issues;
      notes.push(`${step.id}: its input is refused: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
      if (step.onError !== 'continue') break;
      continue;
    }
    ids.push(step.id);
    inputs[step.id] = input.value;
    const given = test.outputs?.[step.id];
    steps[step.id] = (given ?? (action === undefined ? null : sampleOf(jsonSchemaOf(action.output, 'output')))) as Json;
  }
  return { ids, inputs, notes };
}

/** What a test leaves out. The instants are fixed: tests are the same at any time. */
function eventOf(test: MappingTest, catalog: ActionCatalog): Event {
  const type = (test.event as { type?: unknown }).type;
  const example = typeof type === 'string' ? catalog.dataExample?.(type) : undefined;
  const { data } = test.event as { data?: Json };
  const isPartial = isObject(example) && (data === undefined || isObject(data));
  return {
    specversion: '1.0',
    id: 'test',
    source: 'test',
    type: 'unknown',
    time: '2026-01-01T00:00:00Z',
    recordedtime: '2026-01-01T00:00:00Z',
    partitionkey: 'test',
    ingestsource: 'test',
    ...test.event,
    ...(isPartial ? { data: { ...example, ...(data as object) } } : {}),
  } as Event;
}

const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every part that is named is there. */
function includes(whole: Json, part: Json): boolean {
  if (part === null || typeof part !== 'object' || Array.isArray(part)) return canonicalJson(whole) === canonicalJson(part);
  if (whole === null || typeof whole !== 'object' || Array.isArray(whole)) return false;
  return Object.entries(part).every(([key, value]) => {
    const own = whole[key];
    return own !== undefined && includes(own, value);
  });
}
