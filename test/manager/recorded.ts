import { readdirSync, readFileSync } from 'node:fs';

const FIXTURES = new URL('../fixtures/', import.meta.url).pathname;
const RECORDED = `${FIXTURES}alertmanager/`;

/** A recorded request body. */
export const recorded = (path: string): Buffer => readFileSync(`${RECORDED}${path}.body`);
export const FIFTY_KB = readFileSync(`${FIXTURES}sources/alertmanager-0.28.1-50kb-annotation.body`);

/** Every request that a real Alertmanager sent, as it came. */
export function everyRecorded(): { name: string; body: Buffer }[] {
  return readdirSync(RECORDED, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.body'))
    .sort()
    .map((name) => ({ name, body: readFileSync(`${RECORDED}${name}`) }));
}

export interface Webhook {
  alerts: Record<string, unknown>[];
  [fact: string]: unknown;
}
export const webhookOf = (body: Buffer): Webhook => JSON.parse(body.toString('utf8')) as Webhook;

const ONE = '01-fire-resolve/a-main/0.34.2/0001';
export const FIRING = webhookOf(recorded(ONE));
export const RESOLVED = webhookOf(recorded('01-fire-resolve/a-main/0.34.2/0002'));
export const GROUP_OF_FIVE = webhookOf(recorded('02-group-of-five/a-main/0.34.2/0001'));
