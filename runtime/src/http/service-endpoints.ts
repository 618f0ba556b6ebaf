import { z } from 'zod';
import type { Endpoint } from './endpoint.js';
import { landingHtml, landingText } from './landing.js';

/** What monitoring and browsers ask. Open to everybody: no payload text and no secret is in it. */

export const metrics: Endpoint = {
  method: 'GET',
  path: '/metrics',
  role: 'none',
  summary: 'Prometheus metrics; docs/metrics.md.',
  answers: { 200: { description: 'Text format 0.0.4.', types: ['text/plain'] } },
  errors: [],
  handle: async (_request, { metricsText, metricsType }) => ({ status: 200, body: await metricsText(), type: metricsType }),
};

export const livez: Endpoint = {
  method: 'GET',
  path: '/livez',
  role: 'none',
  summary: 'The process answers. Restart it when this fails.',
  answers: { 200: { description: 'It does.', schema: z.object({ live: z.literal(true) }) } },
  errors: [],
  handle: async () => ({ status: 200, body: { live: true } }),
};

const readiness = z.object({ ready: z.boolean(), reasons: z.array(z.string()) });

export const readyz: Endpoint = {
  method: 'GET',
  path: '/readyz',
  role: 'none',
  summary: 'Whether it really works: restored, the log takes writes, events are taken. Else the reasons.',
  answers: { 200: { description: 'Ready.', schema: readiness }, 503: { description: 'Not ready, and why.', schema: readiness } },
  errors: [],
  async handle(_request, ports) {
    const answer = await ports.readiness();
    return { status: answer.ready ? 200 : 503, body: answer };
  },
};

export const landing: Endpoint = {
  method: 'GET',
  path: '/',
  role: 'none',
  summary: 'What this is, and where to go on.',
  answers: { 200: { description: 'A short page; HTML for browsers.', types: ['text/plain', 'text/html'] } },
  errors: [],
  async handle({ headers }, { version }) {
    const isBrowser = /\btext\/html\b/i.test(headers.accept ?? '');
    return isBrowser
      ? { status: 200, body: landingHtml(version), type: 'text/html; charset=utf-8' }
      : { status: 200, body: landingText(version), type: 'text/plain; charset=utf-8' };
  },
};
