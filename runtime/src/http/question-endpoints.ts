import { z } from 'zod';
import { eventDetail, eventPage, incidentDetail, incidentPage, stateShape } from '../view/shapes.js';
import type { Endpoint } from './endpoint.js';
import { found, parse } from './parse.js';

const limit = z.coerce
  .number()
  .int()
  .min(1)
  .max(500)
  .default(50)
  .describe('Rows of a page at most. A page may be shorter and still have a next.');
const cursor = z.string().optional().describe('`next` of the page before.');

const eventsQuery = z.strictObject({
  state: stateShape.optional(),
  type: z.string().optional().describe('Event type.'),
  key: z.string().optional().describe('Ordering key.'),
  limit,
  cursor,
});
const incidentsQuery = z.strictObject({ state: z.enum(['open', 'closed']).optional(), limit, cursor });

const mappings = z.object({
  hash: z.string().describe('Of all routes; changes when any of them does.'),
  routes: z.array(
    z.object({ name: z.string(), type: z.string(), mode: z.enum(['live', 'shadow']), critical: z.boolean(), hash: z.string() }),
  ),
});

export const events: Endpoint = {
  method: 'GET',
  path: '/api/v1/events',
  role: 'read',
  summary: 'Events, newest first.',
  query: eventsQuery,
  answers: { 200: { description: 'A page.', schema: eventPage } },
  errors: [],
  handle: async ({ query }, { view }) => ({ status: 200, body: await view.events(parse(eventsQuery, query, 'query')) }),
};

export const event: Endpoint = {
  method: 'GET',
  path: '/api/v1/events/{id}',
  role: 'read',
  summary: 'One event: its attempts and outputs, and why it became what it became.',
  params: { id: 'Event id.' },
  answers: { 200: { description: 'The event.', schema: eventDetail } },
  errors: ['NOT_FOUND'],
  handle: async ({ params: { id = '' } }, { view }) => ({
    status: 200,
    body: found(await view.event(id), () => view.absent(`No event ${id}.`)),
  }),
};

export const incidents: Endpoint = {
  method: 'GET',
  path: '/api/v1/incidents',
  role: 'read',
  summary: 'Live incidents: open ones, and closed ones that may still reopen.',
  query: incidentsQuery,
  answers: { 200: { description: 'A page.', schema: incidentPage } },
  errors: [],
  handle: async ({ query }, { view }) => ({ status: 200, body: await view.incidents(parse(incidentsQuery, query, 'query')) }),
};

export const incident: Endpoint = {
  method: 'GET',
  path: '/api/v1/incidents/{key}',
  role: 'read',
  summary: 'One incident with what its steps made (Slack thread, ticket, task) and its latest events.',
  params: { key: 'Incident key, percent-encoded: <source>:<correlation id>.' },
  answers: { 200: { description: 'The incident.', schema: incidentDetail } },
  errors: ['NOT_FOUND'],
  handle: async ({ params: { key = '' } }, { view }) => ({
    status: 200,
    body: found(await view.incident(key), () => view.absent(`No live incident ${key}.`)),
  }),
};

export const mappingsInForce: Endpoint = {
  method: 'GET',
  path: '/api/v1/mappings',
  role: 'read',
  summary: 'The routes in force.',
  answers: { 200: { description: 'Routes in the order in which they are tried, by type.', schema: mappings } },
  errors: [],
  handle: async (_request, ports) => ({ status: 200, body: ports.mappings() }),
};
