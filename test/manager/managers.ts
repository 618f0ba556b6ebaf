import { RouterError } from '#runtime/errors.js';
import type { Event } from '#runtime/event/event.js';
import { Manager, type ManagerPorts } from '#runtime/manager/manager.js';
import type { Payload } from '#runtime/manager/source.js';

export const NOW = '2026-01-01T00:00:00.000Z';

const plain = (kind: string): ManagerPorts['sources'][string] => ({ kind, settings: kind === 'argo' ? { sources: {} } : {} });

/** One source of each kind, named as by default, and a second one of each, named `other-<name>`. */
export const SOURCES: ManagerPorts['sources'] = Object.fromEntries(
  Object.entries({ alertmanager: 'alertmanager', adhoc: 'adhoc', events: 'cloudevents', argo: 'argo' }).flatMap(([name, kind]) => [
    [name, plain(kind)],
    [`other-${name}`, plain(kind)],
  ]),
);

/** The name under which SOURCES has a kind. */
export const sourceOfKind = (kind: string): string => Object.entries(SOURCES).find(([, source]) => source.kind === kind)?.[0] ?? kind;

export interface TestManager extends Manager {
  readonly unknownTypes: string[];
}

/** A manager whose clock stands still and whose dice count. */
export function testManager(change: { sources?: ManagerPorts['sources']; limits?: Partial<ManagerPorts['limits']> } = {}): TestManager {
  let made = 0;
  const unknownTypes: string[] = [];
  const manager = new Manager({
    sources: change.sources ?? SOURCES,
    limits: { maxEntries: 20_000, maxDepth: 64, eventBytes: 900_000, ...change.limits },
    clock: { nowMs: () => Date.parse(NOW), after: () => () => undefined },
    random: {
      fraction: () => 0.5,
      hex(count) {
        made += 1;
        return made.toString(16).padStart(count * 2, '0');
      },
    },
    unknownType: (type) => void unknownTypes.push(type),
  });
  return Object.assign(manager, { unknownTypes });
}

/** A JSON body with its media type. */
export function json(body: unknown, headers: Payload['headers'] = {}): Payload {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { body: Buffer.from(text), headers: { 'content-type': 'application/json', ...headers } };
}

/** A member put into an object's text, at its end. */
export const withMember = (value: object, member: string): string => `${JSON.stringify(value).slice(0, -1)},${member}}`;

export const idsOf = (events: readonly Event[]): string[] => events.map(({ id }) => id);

/** Anything but a RouterError fails the test. */
export function thrown(call: () => unknown): RouterError {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    if (error instanceof RouterError) return error;
    throw error;
  }
  throw new Error(`Expected an error, but got ${JSON.stringify(result)?.slice(0, 2_000)}`);
}
