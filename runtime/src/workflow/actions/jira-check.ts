import type { CheckContext, Checked, LiteralUse } from '../action.js';
import type { JiraClient } from './jira-client.js';

const MAX_TYPE_PAGES = 20;
const DEFAULT_TYPE = 'Task';

/** Project permissions by action; creating also needs to see what was created, to look it up. */
const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  'jira.issue': ['BROWSE_PROJECTS', 'CREATE_ISSUES'],
  'jira.comment': ['BROWSE_PROJECTS', 'ADD_COMMENTS'],
  'jira.transition': ['BROWSE_PROJECTS', 'TRANSITION_ISSUES'],
};

const detail = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const statusOf = (error: unknown): number | undefined => (error as { status?: number }).status;

/** Issue types by project, as the mappings name them literally; a project without one is there with none. */
function literalTypes(uses: readonly LiteralUse[]): Map<string, Set<string>> {
  const wanted = new Map<string, Set<string>>();
  for (const { action, with: given } of uses) {
    if (action !== 'jira.issue' || typeof given.project !== 'string') continue;
    const types = wanted.get(given.project) ?? new Set();
    wanted.set(given.project, types);
    // An absent field takes the default; one that is an expression has no literal.
    if (typeof given.issueType === 'string') types.add(given.issueType);
    else if (given.issueType === undefined) types.add(DEFAULT_TYPE);
  }
  return wanted;
}

async function creatableTypes(client: JiraClient, project: string, deadline: () => AbortSignal): Promise<string[]> {
  const names: string[] = [];
  for (let page = 0; page < MAX_TYPE_PAGES; page += 1) {
    const answer = await client.send<{ issueTypes?: { name?: string }[]; values?: { name?: string }[]; total?: number }>({
      method: 'GET',
      path: `/issue/createmeta/${encodeURIComponent(project)}/issuetypes`,
      params: { startAt: names.length, maxResults: 50 },
      signal: deadline(),
    });
    // Cloud says issueTypes, Data Center values.
    const found = answer?.issueTypes ?? answer?.values ?? [];
    names.push(...found.flatMap(({ name }) => name ?? []));
    if (found.length === 0 || names.length >= (answer?.total ?? 0)) break;
  }
  return names;
}

async function lacking(client: JiraClient, project: string, needed: readonly string[], deadline: () => AbortSignal): Promise<string[]> {
  const { permissions } = await client.send<{ permissions?: Record<string, { havePermission?: boolean }> }>({
    method: 'GET',
    path: '/mypermissions',
    params: { projectKey: project, permissions: needed.join(',') },
    signal: deadline(),
  });
  return needed.filter((name) => permissions?.[name]?.havePermission !== true);
}

async function* checkProject(
  client: JiraClient,
  project: string,
  types: ReadonlySet<string>,
  needed: readonly string[],
  deadline: () => AbortSignal,
): AsyncGenerator<Checked> {
  try {
    await client.send({ method: 'GET', path: `/project/${encodeURIComponent(project)}`, signal: deadline() });
  } catch (error) {
    const what = statusOf(error) === 404 ? `project ${project} does not exist, or the account may not see it` : detail(error);
    yield { ok: false, what, remedy: 'Correct the project key in the mapping, or grant the account Browse projects in it.' };
    return;
  }
  const missing = await lacking(client, project, needed, deadline);
  for (const name of missing)
    yield { ok: false, what: `project ${project}: the account lacks ${name}`, remedy: "Grant it in the project's permission scheme." };
  if (missing.includes('CREATE_ISSUES')) return;
  const names = await creatableTypes(client, project, deadline);
  for (const type of types) {
    if (names.includes(type)) yield { ok: true, what: `project ${project}: ${type} may be created` };
    else
      yield {
        ok: false,
        what: `project ${project} has no issue type ${type} that the account may create`,
        remedy: `Use one of: ${names.join(', ') || '(none)'}; or add it to the project's issue type scheme.`,
      };
  }
  if (types.size === 0 && missing.length === 0) yield { ok: true, what: `project ${project}: issues may be created` };
}

export async function* checkJira(client: JiraClient, { uses, deadline }: CheckContext): AsyncGenerator<Checked> {
  try {
    const me = await client.send<{ displayName?: string; name?: string }>({ method: 'GET', path: '/myself', signal: deadline() });
    yield { ok: true, what: `login works: ${me?.displayName ?? me?.name ?? '?'}` };
  } catch (error) {
    const isLogin = statusOf(error) === 401 || statusOf(error) === 403;
    const remedy = isLogin
      ? 'Check auth, email and the token in tokenFile: an API token with basic (Cloud), a personal access token with bearer (Data Center).'
      : 'Check baseUrl, version (3 Cloud, 2 Data Center) and the way there (proxy, DNS, certificates).';
    yield { ok: false, what: detail(error), remedy };
    return;
  }
  const needed = [...new Set(uses.flatMap(({ action }) => PERMISSIONS[action] ?? []))];
  for (const [project, types] of literalTypes(uses)) {
    try {
      yield* checkProject(client, project, types, needed, deadline);
    } catch (error) {
      yield { ok: false, what: `project ${project}: ${detail(error)}`, remedy: 'Try again later.' };
    }
  }
}
