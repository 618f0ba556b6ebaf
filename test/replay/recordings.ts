import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = new URL('../../', import.meta.url).pathname;

interface IndexedAlert {
  fingerprint: string;
  status: string;
  meaning: string;
}

export interface Recording {
  readonly name: string;
  readonly whatTheRequestsTell: { occurrences: number; firing: number; resolved: number; reopened: number };
  readonly requests: readonly { accepted: boolean; body: Buffer; alerts: readonly IndexedAlert[] }[];
}

/** Where requests of real Alertmanagers are: FIXTURES, else the ones in this repository. */
export function recordingsFolder(): string {
  const outside = process.env.FIXTURES === undefined ? undefined : join(process.env.FIXTURES, 'alertmanager');
  return outside !== undefined && existsSync(outside) ? outside : join(ROOT, 'test/fixtures/alertmanager');
}

/** Every scenario, variant and version with its conclusions. */
export function recordings(folder: string): Recording[] {
  const found: Recording[] = [];
  for (const index of readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('index.json'))
    .sort()) {
    const dir = join(folder, index, '..');
    const parsed = JSON.parse(readFileSync(join(folder, index), 'utf8')) as {
      whatTheRequestsTell: Recording['whatTheRequestsTell'];
      requests: { request: string; accepted: boolean; alerts: IndexedAlert[] | Record<string, number> }[];
    };
    const requests = parsed.requests.map(({ request, accepted, alerts }) => ({
      accepted,
      alerts: Array.isArray(alerts) ? alerts : spelledOut(alerts),
      body: readFileSync(join(dir, `${request}.body`)),
    }));
    found.push({ name: index.replace(/\/index\.json$/, ''), whatTheRequestsTell: parsed.whatTheRequestsTell, requests });
  }
  return found;
}

/** Large requests are summed up as {"firing: opens": 1000}. */
function spelledOut(summary: Readonly<Record<string, number>>): IndexedAlert[] {
  return Object.entries(summary).flatMap(([what, count]) => {
    const [status = '', meaning = ''] = what.split(': ');
    return Array.from({ length: count }, () => ({ fingerprint: '', status, meaning }));
  });
}
