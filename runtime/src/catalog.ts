import type { Config, ConfigKinds } from './config.js';
import { EVENT_TYPES } from './event/types.js';
import { SOURCE_KINDS } from './manager/registry.js';
import type { ActionCatalog } from './mapper/catalog.js';
import { ACTIONS, DESTINATION_KINDS } from './workflow/actions/registry.js';

/** The schemas of every source and destination kind, for the configuration. */
export const KINDS: ConfigKinds = {
  sourceKinds: Object.fromEntries(Object.entries(SOURCE_KINDS).map(([name, kind]) => [name, kind.config])),
  destinationKinds: Object.fromEntries(Object.entries(DESTINATION_KINDS).map(([name, kind]) => [name, kind.config])),
};

/** What mappings may name, from the actions and the configured destinations. */
export function catalogOf(config: Config): ActionCatalog {
  const names = Object.keys(ACTIONS).filter((name) => name !== 'slack.digest');
  return {
    names,
    destinations: new Set(Object.keys(config.destinations)),
    get(name) {
      const action = names.includes(name) ? ACTIONS[name] : undefined;
      if (action === undefined) return undefined;
      return {
        kind: action.kind,
        defaultDestination: action.kind === 'http' ? undefined : action.kind,
        input: action.input,
        output: action.output,
      };
    },
    dataSchema: (type) => EVENT_TYPES[type]?.schema,
    dataExample: (type) => EVENT_TYPES[type]?.example,
  };
}
