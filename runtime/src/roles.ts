export const ROLES = ['all', 'ingest', 'route', 'api'] as const;
export type Role = (typeof ROLES)[number];

/** What one process does. */
export interface Roles {
  /** Takes events: POST /ingest/…, and records of the raw topic. */
  readonly ingests: boolean;
  /** Owns partitions: decides about events, and runs what follows from them. */
  readonly routes: boolean;
  /** Answers questions and takes commands: /api/v1/… */
  readonly answers: boolean;
}

export function rolesOf(role: Role): Roles {
  return {
    ingests: role === 'all' || role === 'ingest',
    routes: role === 'all' || role === 'route',
    answers: role === 'all' || role === 'api',
  };
}
