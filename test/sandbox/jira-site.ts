import { isRecord } from './is-record.js';
import type { SandboxAnswer } from './server.js';

const ISSUE_TYPES = ['Task', 'Bug', 'Story', 'Epic', 'Incident', 'Service Request'];
const PROJECT = /^[A-Z][A-Z0-9_]+$/;
const PAGE_TYPES = 2;

export type Fields = Readonly<Record<string, unknown>>;
export const answer = (body: unknown, status = 200): SandboxAnswer => ({ status, body });
export const missing = (what: string): SandboxAnswer =>
  answer({ errorMessages: [`${what} does not exist or you do not have permission to see it.`], errors: {} }, 404);
export const shownType = (name: string): Fields => ({ id: String(10_000 + ISSUE_TYPES.indexOf(name)), name, subtask: false });

interface Project {
  readonly types: readonly string[];
  /** Permissions that the account lacks. */
  readonly lacks: readonly string[];
}

const listOf = (value: unknown, fallback: readonly string[]): readonly string[] => (Array.isArray(value) ? value.map(String) : fallback);

/** What a Jira site is before anybody files a ticket. Unless told otherwise it has every project, and the account may do everything. */
export class Site {
  #projects: ReadonlyMap<string, Project> | undefined;
  #authorization: string | undefined;

  /** authorization: the only header that logs in · projects: {KEY: {types?, lacks?}}, then there are no others. */
  configure({ authorization, projects }: Fields): void {
    if (typeof authorization === 'string') this.#authorization = authorization;
    if (!isRecord(projects)) return;
    const entries = Object.entries(projects).map(([key, facts]): [string, Project] => {
      if (!isRecord(facts)) throw new Error('projects is {KEY: {types?, lacks?}}.');
      return [key, { types: listOf(facts.types, ISSUE_TYPES), lacks: listOf(facts.lacks, []) }];
    });
    this.#projects = new Map(entries);
  }

  takes(authorization: string | undefined): boolean {
    return this.#authorization === undefined || authorization === this.#authorization;
  }

  has(project: string): boolean {
    return this.#projects === undefined ? PROJECT.test(project) : this.#projects.has(project);
  }

  typesOf(project: string): readonly string[] {
    return this.#projects?.get(project)?.types ?? ISSUE_TYPES;
  }

  may(project: string, permission: string): boolean {
    return this.#projects?.get(project)?.lacks.includes(permission) !== true;
  }

  project(key: string): SandboxAnswer {
    if (!this.has(key) || !this.may(key, 'BROWSE_PROJECTS')) return missing('Project');
    return answer({ id: '10000', key, name: key, projectTypeKey: 'software', issueTypes: this.typesOf(key).map(shownType) });
  }

  permissions(query: URLSearchParams): SandboxAnswer {
    const key = query.get('projectKey') ?? '';
    if (!this.has(key)) return missing('Project');
    const names = (query.get('permissions') ?? '').split(',').filter((name) => name !== '');
    if (names.length === 0) return answer({ errorMessages: ["The 'permissions' query parameter is required."], errors: {} }, 400);
    return answer({ permissions: Object.fromEntries(names.map((name) => [name, { key: name, havePermission: this.may(key, name) }])) });
  }

  createMeta(key: string, query: URLSearchParams, version: number): SandboxAnswer {
    if (!this.has(key) || !this.may(key, 'CREATE_ISSUES')) return missing('Project');
    const all = this.typesOf(key).map(shownType);
    const startAt = Number(query.get('startAt') ?? 0) || 0;
    const page = all.slice(startAt, startAt + PAGE_TYPES);
    return answer({ startAt, maxResults: PAGE_TYPES, total: all.length, [version === 3 ? 'issueTypes' : 'values']: page });
  }
}
