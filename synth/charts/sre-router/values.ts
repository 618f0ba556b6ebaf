import { z } from 'zod';
import type { Values } from '../../chart.js';
import { argoEvents, canary, delivery, eventBus, sensor, webhook } from './delivery-values.js';
import { destinations, incidents, mappings, sources } from './destination-values.js';
import { kafka, log } from './log-values.js';
import { monitoring } from './monitoring/values.js';
import { api, caBundle, egressProxy, image, ingest, networkPolicy, router, serviceAccount } from './router-values.js';
import { objectName } from './value-blocks.js';

/** The values of charts/sre-router: the only source of their types, defaults, bounds and docs. */
export const SreRouterValues = z.strictObject({
  delivery,
  image,
  router,
  ingest,
  api,
  log,
  kafka,
  eventBus,
  webhook,
  sensor,
  canary,
  argoEvents,
  tokensSecret: objectName().default('sre-router-tokens').describe('Secret whose key tokens.json says who may do what.'),
  sources,
  destinations,
  mappings,
  incidents,
  networkPolicy,
  egressProxy,
  caBundle,
  serviceAccount,
  monitoring,
});

export type V = Values<typeof SreRouterValues>;
