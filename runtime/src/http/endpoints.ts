import { z } from 'zod';
import { commands } from './command-endpoints.js';
import type { Endpoint } from './endpoint.js';
import { ingest } from './ingest-endpoint.js';
import { letter, letters, replay } from './letter-endpoints.js';
import { openApiDocument } from './openapi.js';
import { event, events, incident, incidents, mappingsInForce } from './question-endpoints.js';
import { landing, livez, metrics, readyz } from './service-endpoints.js';

const openapi: Endpoint = {
  method: 'GET',
  path: '/openapi.json',
  role: 'none',
  summary: 'This document.',
  answers: { 200: { description: 'OpenAPI 3.1.', schema: z.looseObject({ openapi: z.string() }) } },
  errors: [],
  handle: async (_request, { version }) => ({ status: 200, body: openApiDocument(ENDPOINTS, version) }),
};

/** Every endpoint there is. */
export const ENDPOINTS: readonly Endpoint[] = [
  ingest,
  events,
  event,
  ...commands,
  letters,
  letter,
  replay,
  incidents,
  incident,
  mappingsInForce,
  landing,
  openapi,
  metrics,
  livez,
  readyz,
];
