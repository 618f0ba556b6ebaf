import { type Effect, type Handler, isRecord, type SandboxAnswer, type SandboxRequest, type StandIn, startStandIn } from './server.js';

const STATUSES = [
  { id: '11', name: 'To Do', category: 'new' },
  { id: '21', name: 'In Progress', category: 'indeterminate' },
  { id: '31', name: 'Done', category: 'done' },
] as const;
const ISSUE_TYPES = ['Task', 'Bug', 'Story', 'Epic', 'Incident', 'Service Request'];
const PROJECT = /^[A-Z][A-Z0-9_]+$/;
const MAX_SUMMARY = 255;
const DEFAULT_PAGE = 50;

type Status = (typeof STATUSES)[number];
type Fields = Readonly<Record<string, unknown>>;
type Record_ = (key: string | null, detail: Fields) => void;

interface Issue {
  readonly id: string;
  readonly key: string;
  readonly project: string;
  readonly labels: readonly string[];
  readonly fields: Fields;
  readonly comments: { readonly id: string; readonly body: unknown; readonly created: string }[];
  status: Status;
}

interface Call {
  readonly version: number;
  readonly base: string;
  readonly request: SandboxRequest;
  readonly effect: Record_;
  /** What the path's pattern captured. */
  readonly part: string;
}

const answer = (body: unknown, status = 200): SandboxAnswer => ({ status, body });
const bad = (errors: Readonly<Record<string, string>>): SandboxAnswer => answer({ errorMessages: [], errors }, 400);
const missing = (what: string): SandboxAnswer =>
  answer({ errorMessages: [`${what} does not exist or you do not have permission to see it.`], errors: {} }, 404);
const nameIn = (value: unknown, field: string): string => (isRecord(value) && typeof value[field] === 'string' ? value[field] : '');

/** Version 3 takes documents, version 2 text. */
const isRichText = (value: unknown, version: number): boolean =>
  version === 3 ? isRecord(value) && value.type === 'doc' : typeof value === 'string';
const RICH_TEXT = 'Operation value must be an Atlassian Document (version 3) or a string (version 2).';

const shownStatus = ({ id, name, category }: Status): Fields => ({ id: `100${id}`, name, statusCategory: { key: category } });
const shownType = (name: string): Fields => ({ id: String(10_000 + ISSUE_TYPES.indexOf(name)), name, subtask: false });

class Jira implements Handler {
  readonly #issues = new Map<string, Issue>();
  readonly #numbers = new Map<string, number>();
  #lastId = 10_000;
  #lastComment = 20_000;

  /** Name, method and path below /rest/api/<version> of each route. */
  readonly #routes: readonly (readonly [string, RegExp, RegExp, (call: Call) => SandboxAnswer])[] = [
    ['issue.create', /^POST$/, /^\/issue$/, (call) => this.#create(call)],
    ['search', /^(?:GET|POST)$/, /^\/search(\/jql)?$/, (call) => this.#search(call)],
    ['createmeta', /^GET$/, /^\/issue\/createmeta(?:\/([^/]+)\/issuetypes)?$/, (call) => this.#createMeta(call)],
    ['issue.get', /^GET$/, /^\/issue\/([^/]+)$/, (call) => this.#get(call)],
    ['comment.create', /^POST$/, /^\/issue\/([^/]+)\/comment$/, (call) => this.#comment(call)],
    ['comment.list', /^GET$/, /^\/issue\/([^/]+)\/comment$/, (call) => this.#comments(call)],
    ['transition', /^POST$/, /^\/issue\/([^/]+)\/transitions$/, (call) => this.#transition(call)],
    ['transition.list', /^GET$/, /^\/issue\/([^/]+)\/transitions$/, (call) => this.#transitions(call)],
    ['myself', /^GET$/, /^\/myself$/, () => answer({ accountId: 'sandbox', displayName: 'SRE Router', active: true })],
    [
      'serverInfo',
      /^GET$/,
      /^\/serverInfo$/,
      ({ base }) => answer({ baseUrl: base, version: '1001.0.0', deploymentType: 'Cloud', serverTitle: 'Sandbox' }),
    ],
    ['project.get', /^GET$/, /^\/project\/([^/]+)$/, (call) => this.#project(call)],
  ];

  route({ method, path }: SandboxRequest): string {
    return this.#find(method, path)?.name ?? `${method} ${path}`;
  }

  handle(request: SandboxRequest, effect: Record_): SandboxAnswer {
    const found = this.#find(request.method, request.path);
    if (found === undefined) return missing(request.path);
    const base = `http://${request.headers.host ?? '127.0.0.1'}`;
    return found.run({ version: found.version, base, request, effect, part: found.part });
  }

  #find(method: string, path: string): { name: string; version: number; part: string; run: (call: Call) => SandboxAnswer } | undefined {
    const [, version, rest = ''] = /^\/rest\/api\/([23])(\/.*)$/.exec(path) ?? [];
    for (const [name, methods, pattern, run] of this.#routes) {
      const match = methods.test(method) ? pattern.exec(rest) : null;
      if (match !== null) return { name, version: Number(version), part: match[1] ?? '', run };
    }
    return undefined;
  }

  #create({ version, base, request, effect }: Call): SandboxAnswer {
    const fields = isRecord(request.body.fields) ? request.body.fields : {};
    const project = nameIn(fields.project, 'key');
    const type = nameIn(fields.issuetype, 'name');
    const { summary, description, labels = [] } = fields;
    if (!PROJECT.test(project)) return bad({ project: 'Specify a valid project ID or key' });
    if (!ISSUE_TYPES.includes(type)) return bad({ issuetype: 'Specify a valid issue type' });
    if (typeof summary !== 'string' || summary.trim() === '') return bad({ summary: 'You must specify a summary of the issue.' });
    if (summary.length > MAX_SUMMARY || /[\r\n]/.test(summary))
      return bad({ summary: `Summary must be one line of at most ${MAX_SUMMARY} characters.` });
    if (description !== undefined && !isRichText(description, version)) return bad({ description: RICH_TEXT });
    if (!Array.isArray(labels)) return bad({ labels: 'data was not an array' });
    const names = labels.map(String);
    if (names.some((label) => /\s/.test(label))) return bad({ labels: 'The label contains spaces which is invalid.' });

    const number = (this.#numbers.get(project) ?? 0) + 1;
    this.#numbers.set(project, number);
    this.#lastId += 1;
    const issue: Issue = {
      id: String(this.#lastId),
      key: `${project}-${number}`,
      project,
      labels: names,
      fields: { ...fields, issuetype: shownType(type), created: new Date().toISOString() },
      comments: [],
      status: STATUSES[0],
    };
    this.#issues.set(issue.key, issue);
    effect(names.find((label) => label.startsWith('sre-')) ?? null, { issue: issue.key, project, issueType: type, summary, labels: names });
    return answer(this.#reference(issue, version, base), 201);
  }

  #search({ version, base, request, part }: Call): SandboxAnswer {
    if (version === 3 && part === '')
      return answer({ errorMessages: ['The requested API has been removed. Use /rest/api/3/search/jql.'], errors: {} }, 410);
    const asked: Fields = { ...Object.fromEntries(request.query), ...request.body };
    const clauses = String(asked.jql ?? '')
      .replace(/\s+order\s+by\s.*$/i, '')
      .split(/\s+and\s+/i)
      .map((clause) => /^\s*(labels|project)\s*=\s*"?([^"\s]+)"?\s*$/i.exec(clause));
    const wanted: { field: string; value: string }[] = [];
    for (const clause of clauses) {
      if (clause === null) return answer({ errorMessages: ['The stand-in knows only: labels = "x" and project = "X".'], errors: {} }, 400);
      wanted.push({ field: String(clause[1]).toLowerCase(), value: String(clause[2]) });
    }
    const found = [...this.#issues.values()].filter((issue) =>
      wanted.every(({ field, value }) => (field === 'labels' ? issue.labels.includes(value) : issue.project === value)),
    );
    const maxResults = Number(asked.maxResults ?? DEFAULT_PAGE);
    const startAt = Number(asked.nextPageToken ?? asked.startAt ?? 0) || 0;
    const end = startAt + maxResults;
    const issues = found
      .slice(startAt, end)
      .map((issue) => ({ ...this.#reference(issue, version, base), fields: this.#fields(issue, asked.fields) }));
    if (part === '') return answer({ startAt, maxResults, total: found.length, issues });
    return answer({ issues, isLast: end >= found.length, ...(end < found.length ? { nextPageToken: String(end) } : {}) });
  }

  #get({ version, base, request, part }: Call): SandboxAnswer {
    const issue = this.#issue(part);
    if (issue === undefined) return missing('Issue');
    return answer({ ...this.#reference(issue, version, base), fields: this.#fields(issue, request.query.get('fields') ?? undefined) });
  }

  #comment({ version, request, effect, part }: Call): SandboxAnswer {
    const issue = this.#issue(part);
    if (issue === undefined) return missing('Issue');
    const { body } = request.body;
    if (!isRichText(body, version) || body === '') return bad({ comment: RICH_TEXT });
    this.#lastComment += 1;
    const comment = { id: String(this.#lastComment), body, created: new Date().toISOString() };
    issue.comments.push(comment);
    effect(/\[(sre:[^\]\s]+)\]/.exec(JSON.stringify(body))?.[1] ?? null, { issue: issue.key, comment: comment.id, body });
    return answer(comment, 201);
  }

  #comments({ request, part }: Call): SandboxAnswer {
    const issue = this.#issue(part);
    if (issue === undefined) return missing('Issue');
    const newestFirst = request.query.get('orderBy') === '-created';
    const all = newestFirst ? issue.comments.toReversed() : issue.comments;
    const startAt = Number(request.query.get('startAt') ?? 0) || 0;
    const maxResults = Number(request.query.get('maxResults') ?? DEFAULT_PAGE);
    return answer({ startAt, maxResults, total: all.length, comments: all.slice(startAt, startAt + maxResults) });
  }

  #transitions({ part }: Call): SandboxAnswer {
    const issue = this.#issue(part);
    if (issue === undefined) return missing('Issue');
    const possible = STATUSES.filter((status) => status !== issue.status);
    return answer({
      expand: 'transitions',
      transitions: possible.map((status) => ({ id: status.id, name: status.name, to: shownStatus(status) })),
    });
  }

  #transition({ request, effect, part }: Call): SandboxAnswer {
    const issue = this.#issue(part);
    if (issue === undefined) return missing('Issue');
    const to = STATUSES.find(({ id }) => id === nameIn(request.body.transition, 'id'));
    if (to === undefined || to === issue.status)
      return answer({ errorMessages: ['It seems that you have tried to perform an illegal workflow operation.'], errors: {} }, 400);
    effect(null, { issue: issue.key, from: issue.status.name, to: to.name });
    issue.status = to;
    return { status: 204 };
  }

  #project({ part }: Call): SandboxAnswer {
    if (!PROJECT.test(part)) return missing('Project');
    return answer({ id: '10000', key: part, name: part, projectTypeKey: 'software', issueTypes: ISSUE_TYPES.map(shownType) });
  }

  #createMeta({ request, part }: Call): SandboxAnswer {
    const issueTypes = ISSUE_TYPES.map(shownType);
    if (part === '') {
      const keys = (request.query.get('projectKeys') ?? '').split(',').filter((key) => PROJECT.test(key));
      return answer({ projects: keys.map((key) => ({ id: '10000', key, name: key, issuetypes: issueTypes })) });
    }
    if (!PROJECT.test(part)) return missing('Project');
    return answer({ startAt: 0, maxResults: DEFAULT_PAGE, total: issueTypes.length, issueTypes, values: issueTypes, isLast: true });
  }

  #issue(idOrKey: string): Issue | undefined {
    return this.#issues.get(idOrKey) ?? [...this.#issues.values()].find(({ id }) => id === idOrKey);
  }

  #reference({ id, key }: Issue, version: number, base: string): Fields {
    return { id, key, self: `${base}/rest/api/${version}/issue/${id}` };
  }

  #fields({ fields, labels, status }: Issue, asked: unknown): Fields {
    const all: Fields = { ...fields, labels, status: shownStatus(status) };
    const names = Array.isArray(asked) ? asked.map(String) : typeof asked === 'string' && asked !== '' ? asked.split(',') : ['*all'];
    if (names.some((name) => name === '*all' || name === '*navigable')) return all;
    return Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
  }
}

/**
 * Jira's REST API, versions 2 and 3. Routes of faults: issue.create, issue.get, search, comment.create, comment.list,
 * transition, transition.list, createmeta, project.get, myself, serverInfo.
 */
export const startJira = (onEffect?: (name: string, effect: Effect) => void): Promise<StandIn> =>
  startStandIn('jira', new Jira(), onEffect);
