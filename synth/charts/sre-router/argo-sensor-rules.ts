import { type Fields, isFields, listAt, mapAt, type Problem, textAt } from './argo-fields.js';

/** Usable in conditions, and as a key of a bucket. */
const SAFE = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const REPLICAS = [1, 3, 5];

/** What is wrong with a Sensor by itself. */
export function* sensorProblems(spec: Fields): Iterable<Problem> {
  for (const key of ['errorOnFailedRound', 'loggingFields']) if (key in spec) yield `${key} is never read`;
  if (!REPLICAS.includes(Number(spec.replicas ?? 1))) yield `replicas is ${String(spec.replicas)}: 1, 3 or 5, for they elect`;
  const dependencies = listAt(spec, 'dependencies');
  const names = dependencies.map((dependency) => textAt(dependency, 'name'));
  if (names.length === 0) yield 'it has no dependency';
  if (new Set(names.map((name) => name.replaceAll('-', '_'))).size < names.length)
    yield 'two dependencies have one name, or names that differ in - and _';
  for (const dependency of dependencies) yield* dependencyProblems(dependency);
  const triggers = listAt(spec, 'triggers');
  const titles = triggers.map((trigger) => textAt(mapAt(trigger, 'template'), 'name'));
  if (titles.length === 0) yield 'it has no trigger';
  if (new Set(titles).size < titles.length) yield 'two triggers have one name';
  for (const trigger of triggers) yield* triggerProblems(trigger, names);
}

function* dependencyProblems(dependency: Fields): Iterable<Problem> {
  const where = `dependency ${textAt(dependency, 'name')}`;
  if (!SAFE.test(textAt(dependency, 'name'))) yield `${where}: conditions cannot name it`;
  for (const key of ['eventSourceName', 'eventName']) if (textAt(dependency, key) === '') yield `${where}: ${key} is empty`;
  const { jq, script } = mapAt(dependency, 'transform');
  if (jq !== undefined && script !== undefined) yield `${where}: transform has jq and script, and jq wins`;
  for (const { path, type, value } of listAt(mapAt(dependency, 'filters'), 'data')) {
    if (!path || !type || !Array.isArray(value)) yield `${where}: a data filter needs path, type and value`;
    else if (type === 'string' && value.some((each) => !/^\^.*\$$/.test(String(each))))
      yield `${where}: the filter of ${String(path)} is a regular expression: anchor it, ^…$`;
  }
}

function* triggerProblems(trigger: Fields, dependencies: readonly string[]): Iterable<Problem> {
  const template = mapAt(trigger, 'template');
  const where = `trigger ${textAt(template, 'name')}`;
  const conditions = textAt(template, 'conditions');
  const named = conditions.match(/[A-Za-z_][A-Za-z0-9_-]*/g) ?? [];
  const own = conditions === '' ? dependencies : named;
  if (!SAFE.test(textAt(template, 'name'))) yield `${where}: its name is no key of a bucket`;
  if (conditions === '' && dependencies.length > 1)
    yield `${where}: without conditions it waits for all dependencies, and keeps the newest event of each`;
  for (const name of named)
    if (!dependencies.includes(name)) yield `${where}: conditions name ${name}, which is no dependency: it would never fire`;
  if (trigger.atLeastOnce !== true) yield `${where}: without atLeastOnce an event is gone before its trigger has run`;
  const { duration } = mapAt(trigger, 'retryStrategy');
  if (duration !== undefined && !/^[0-9]+(?:ms|s|m|h)$/.test(String(duration)))
    yield `${where}: retryStrategy.duration must be a text with a unit; a number means nanoseconds`;
  if (isFields(trigger.rateLimit) && !(Number(trigger.rateLimit.requestsPerUnit) > 0))
    yield `${where}: rateLimit.requestsPerUnit must be above 0`;
  if ('dlqTrigger' in trigger) yield `${where}: a dead-letter trigger goes where the trigger failed: retry for longer`;
  if (isFields(template.http)) yield* httpProblems(where, template.http, trigger);
  if (isFields(template.kafka)) yield* kafkaProblems(where, template.kafka, own);
  for (const { name, valueFrom } of ['http', 'kafka'].flatMap((kind) => listAt(mapAt(template, kind), 'secureHeaders')))
    if (!isFields(valueFrom)) yield `${where}: secure header ${String(name)} has no valueFrom`;
  for (const [list, parameters] of listsOf(trigger, template)) yield* parameterProblems(`${where}: ${list}`, parameters, own);
}

function listsOf(trigger: Fields, template: Fields): (readonly [name: string, parameters: readonly Fields[]])[] {
  const inside = ['http', 'kafka'].flatMap((kind) =>
    ['payload', 'parameters', 'dynamicHeaders'].map((list) => [`${kind}.${list}`, listAt(mapAt(template, kind), list)] as const),
  );
  return [['parameters', listAt(trigger, 'parameters')], ...inside];
}

function* httpProblems(where: string, http: Fields, trigger: Fields): Iterable<Problem> {
  if (Object.keys(mapAt(http, 'headers')).some((name) => /^(?:authorization|cookie|x-api-key)$/i.test(name)))
    yield `${where}: http.headers holds a secret in plain text: use secureHeaders`;
  if (textAt(http, 'url') === '') yield `${where}: http.url is empty`;
  if (listAt(http, 'payload').length === 0) yield `${where}: http.payload is empty`;
  const { allow } = mapAt(mapAt(trigger, 'policy'), 'status');
  if (!Array.isArray(allow) || allow.length === 0) yield `${where}: without policy.status.allow every answer counts as success`;
}

function* kafkaProblems(where: string, kafka: Fields, own: readonly string[]): Iterable<Problem> {
  for (const key of ['url', 'topic']) if (textAt(kafka, key) === '') yield `${where}: kafka.${key} is empty`;
  if (listAt(kafka, 'payload').length === 0) yield `${where}: kafka.payload is empty`;
  if (own.length !== 1) yield `${where}: a Kafka trigger needs one dependency: with two, one that did not fire crashes the Sensor`;
  if ('partition' in kafka) yield `${where}: kafka.partition is never read: use partitioningKey`;
  if ('flushFrequency' in kafka) yield `${where}: kafka.flushFrequency counts nanoseconds: leave it out`;
  const isKeyed = 'partitioningKey' in kafka || listAt(kafka, 'parameters').some(({ dest }) => dest === 'partitioningKey');
  if (!isKeyed) yield `${where}: without a partitioningKey records go to random partitions`;
}

const OPERATIONS = [undefined, '', 'append', 'overwrite', 'prepend'];

function* parameterProblems(where: string, parameters: readonly Fields[], own: readonly string[]): Iterable<Problem> {
  const dests = parameters.map((parameter) => textAt(parameter, 'dest'));
  for (const [index, { src, dest, operation }] of parameters.entries()) {
    const { dependencyName, useRawData, ...from } = isFields(src) ? src : ({} as Fields);
    const at = `${where}[${index}]`;
    if (!dest) yield `${at}: dest is empty`;
    if (!own.includes(String(dependencyName))) yield `${at}: ${String(dependencyName)} is no dependency of this trigger`;
    if (!OPERATIONS.includes(operation as string | undefined)) yield `${at}: operation ${String(operation)} is not known`;
    if (dests.some((other, which) => which !== index && (other === dest || other.startsWith(`${String(dest)}.`))))
      yield `${at}: ${String(dest)} holds another entry, or stands twice`;
    const hasKey = 'dataKey' in from || 'contextKey' in from;
    if (useRawData === true && !hasKey) yield `${at}: useRawData is for keys; a value is always a text`;
    if (/^(?:body|header|@this)$/.test(textAt(from, 'dataKey')) && useRawData !== true)
      yield `${at}: without useRawData it is a text of JSON`;
  }
}
