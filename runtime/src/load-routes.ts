import type { Logger } from 'pino';
import { catalogOf } from './catalog.js';
import type { Config } from './config.js';
import { EVENT_TYPES } from './event/types.js';
import type { MappedUse } from './mapper/literal-uses.js';
import { literalUses } from './mapper/literal-uses.js';
import { loadMappings, readMappingFolder } from './mapper/load.js';
import { createRouteTable } from './mapper/route-table.js';
import type { Metrics } from './metrics.js';
import type { RouteTable } from './plan.js';

/** The mappings in force, and what the composition tells about them. */
export interface Routes {
  readonly table: RouteTable;
  /** In the order in which they are tried, by type. */
  readonly list: readonly {
    readonly name: string;
    readonly type: string;
    readonly mode: 'live' | 'shadow';
    readonly critical: boolean;
    readonly hash: string;
  }[];
  /** Channels, projects and the like that the mappings name. */
  readonly uses: readonly MappedUse[];
  /** Types with a metric label of their own: those with a schema, those that routes take, and the router's. */
  readonly types: ReadonlySet<string>;
}

const INTERNAL_TYPES = ['router.command', 'router.digest', 'router.expiry', 'router.poison', 'router.unreadable'];

/** Throws MAPPING_INVALID with every finding. */
export async function loadRoutes(config: Config, logger: Logger, metrics: Metrics): Promise<Routes> {
  const catalog = catalogOf(config);
  const files = await readMappingFolder(config.mappings);
  const { routes } = loadMappings(files, catalog);
  const table = createRouteTable(routes, {
    catalog,
    onWhenError: ({ route, event, detail }) => {
      metrics.count('whenErrors', { route });
      logger.warn({ event: event.id, key: event.partitionkey, route, detail }, "the route's when failed; it counts as no match");
    },
  });
  return {
    table,
    list: routes.map(({ name, type, mode, critical, hash }) => ({ name, type, mode, critical, hash })),
    uses: literalUses(files, catalog),
    types: new Set([...Object.keys(EVENT_TYPES), ...routes.map(({ type }) => type), ...INTERNAL_TYPES]),
  };
}
