import type { Json } from '../event/event.js';
import { LISTS, type ListName } from '../plan.js';
import type { ActionCatalog } from './catalog.js';
import { type StepTypes, typedEnvironment } from './cel-types.js';
import { checkExpressionText, type StepNames } from './check-expression.js';
import { checkWith } from './check-with.js';
import { type JsonSchema, jsonSchemaOf } from './json-schema.js';
import type { RouteText, StepText } from './mapping-file.js';
import type { MappingSource, Path } from './mapping-source.js';
import type { Report } from './report.js';

const NO_NAMES: ReadonlySet<string> = new Set();

/** One route by itself: expressions, actions, inputs, references between steps. */
export function checkRoute(
  source: MappingSource,
  path: Path,
  type: string,
  route: RouteText,
  catalog: ActionCatalog,
  report: Report,
): void {
  const dataSchema = catalog.dataSchema?.(type);
  const data = dataSchema === undefined ? undefined : jsonSchemaOf(dataSchema, 'output');
  const outputs = new Map<string, JsonSchema>();
  for (const list of LISTS) for (const step of route[list] ?? []) outputs.set(step.id, outputOf(step, catalog));
  const incidentSteps: StepTypes = Object.fromEntries(outputs);
  const incident = new Set(outputs.keys());
  if (route.when !== undefined) {
    const names: StepNames = { before: NO_NAMES, later: NO_NAMES, incident };
    const { problem } = checkExpressionText(route.when, typedEnvironment(data, {}, incidentSteps), names, 'bool');
    if (problem !== undefined) report(source, [...path, 'when'], problem.code, problem.message, problem.fix, { offset: problem.offset });
  }
  if (LISTS.every((list) => route[list] === undefined)) {
    const fix = 'Give it actions; an empty list, actions: [], says that its events are taken and lead to nothing.';
    report(source, [...path, 'name'], 'empty-route', `route ${route.name} does nothing`, fix, { severity: 'warning' });
  }
  const main = new Set((route.actions ?? []).map((step) => step.id));
  for (const list of LISTS) checkList(list);

  function checkList(list: ListName): void {
    const steps = route[list] ?? [];
    const before: Record<string, JsonSchema> = {};
    for (const [index, step] of steps.entries()) {
      const at = [...path, list, index];
      if (Object.hasOwn(before, step.id) || (list !== 'actions' && main.has(step.id))) {
        report(
          source,
          [...at, 'id'],
          'duplicate-id',
          `step ${step.id} stands twice in this route`,
          'Give it another id: outputs are kept by id.',
        );
      }
      const later = new Set(steps.slice(index).map((other) => other.id));
      const names: StepNames = { before: new Set(Object.keys(before)), later, incident };
      checkStep(step, at, before, names);
      before[step.id] = outputOf(step, catalog);
    }
  }

  function checkStep(step: StepText, at: Path, before: StepTypes, names: StepNames): void {
    const typed = typedEnvironment(data, before, incidentSteps);
    if (step.when !== undefined) {
      const { problem } = checkExpressionText(step.when, typed, names, 'bool');
      if (problem !== undefined) report(source, [...at, 'when'], problem.code, problem.message, problem.fix, { offset: problem.offset });
    }
    const action = catalog.get(step.use);
    if (action === undefined) {
      const known = catalog.names === undefined ? '' : ` Known: ${catalog.names.join(', ')}.`;
      report(source, [...at, 'use'], 'unknown-action', `there is no action ${step.use}`, `Correct its name.${known}`);
    } else {
      const destination = step.destination ?? action.defaultDestination;
      if (destination === undefined) {
        report(
          source,
          [...at, 'use'],
          'no-destination',
          `${step.use} has no default destination`,
          'Add "destination" with the name of a configured one.',
        );
      } else if (!catalog.destinations.has(destination)) {
        const known = [...catalog.destinations].join(', ');
        const place = step.destination === undefined ? 'use' : 'destination';
        report(
          source,
          [...at, place],
          'unknown-destination',
          `no destination ${destination} is configured`,
          `Configure it, or use one of: ${known}.`,
        );
      }
    }
    const input = action === undefined ? {} : jsonSchemaOf(action.input, 'input');
    const written = (step.with ?? {}) as Json;
    const problems = checkWith(written, input, { typed, names }, [...at, 'with']);
    for (const problem of problems) report(source, problem.path, problem.code, problem.message, problem.fix, problem);
    if (problems.length === 0 && action !== undefined && !JSON.stringify(written).includes('${{')) {
      const [issue] = action.input.safeParse(written).error?.issues ?? [];
      if (issue !== undefined) report(source, [...at, 'with', ...issue.path.map(String)], 'with-type', issue.message, 'Correct the value.');
    }
    if (step.use === 'sre.task' && step.once === undefined) {
      const fix = 'Add "once": { "within": "30m" }, so that a cluster with five alerts is bounced once.';
      report(source, [...at, 'use'], 'task-without-once', `step ${step.id} runs its task for every event`, fix, { severity: 'warning' });
    }
  }
}

function outputOf(step: StepText, catalog: ActionCatalog): JsonSchema {
  const action = catalog.get(step.use);
  return action === undefined ? {} : jsonSchemaOf(action.output, 'output');
}
