import { isRecord } from './is-record.js';
import { answer, type Fields, missing, Site, shownType } from './jira-site.js';
import { type Effect, type Handler, type SandboxAnswer, type SandboxRequest, type StandIn, startStandIn } from './server.js';

const STATUSES = [
  { id: '11', name: 'To Do', category: 'new' },
  { id: '21', name: 'In Progress', category: 'indeterminate' },
  { id: '31', name: 'Done', category: 'done' },
] as const;
const MAX_SUMMARY = 255;
const MAX_LABEL = 255;
const MAX_TEXT = 32_767;
const DEFAULT_PAGE = 50;

type Status = (typeof STATUSES)[number];
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

const bad = (errors: Readonly<Record<string, string>>): SandboxAnswer => answer({ errorMessages: [], errors }, 400);
const nameIn = (value: unknown, field: string): string => (isRecord(value) && typeof value[field] === 'string' ? value[field] : '');

/** Version 3 takes documents, version 2 text; of a document its JSON counts. What is wrong with it; undefined: nothing. */
function textProblem(value: unknown, version: number): string | undefined {
  if (version === 3 ? !isRecord(value) || value.type !== 'doc' : typeof value !== 'string' || value === '')
    return 'Operation value must be an Atlassian Document (version 3) or a string (version 2).';
  const size = typeof value === 'string' ? value.length : JSON.stringify(value).length;
  return size > MAX_TEXT ? 'The entered text is too long. It exceeds the allowed limit of 32,767 characters.' : undefined;
}

const shownStatus = ({ id, name, category }: Status): Fields => ({ id: `100${id}`, name, statusCategory: { key: category } });

class Jira implements Handler {
  readonly #site = new Site();
  readonly #issues = new Map<string, Issue>();
  readonly #numbers = new Map<string, number>();
  #lastId = 10_000;
  #lastComment = 20_000;

  /** Name, method and path below /rest/api/<version> of each route. */
  readonly #routes: readonly (readonly [string, RegExp, RegExp, (call: Call) => SandboxAnswer])[] = [
    ['issue.create', /^POST$/, /^\/issue$/, (call) => this.#create(call)],
    ['search', /^(?:GET|POST)$/, /^\/search(\/jql)?$/, (call) => this.#search(call)],
    [
      'createmeta',
      /^GET$/,
      /^\/issue\/createmeta\/([^/]+)\/issuetypes$/,
      ({ request, part, version }) => this.#site.createMeta(part, request.query, version),
    ],
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
    ['project.get', /^GET$/, /^\/project\/([^/]+)$/, ({ part }) => this.#site.project(part)],
    ['mypermissions', /^GET$/, /^\/mypermissions$/, ({ request }) => this.#site.permissions(request.query)],
  ];

  route({ method, path }: SandboxRequest): string {
    return this.#find(method, path)?.name ?? `${method} ${path}`;
  }

  handle(request: SandboxRequest, effect: Record_): SandboxAnswer {
    const found = this.#find(request.method, request.path);
    if (found === undefined) return missing(request.path);
    if (!this.#site.takes(request.headers.authorization))
      return answer({ errorMessages: ['Client must be authenticated to access this resource.'] }, 401);
    const base = `http://${request.headers.host ?? '127.0.0.1'}`;
    return found.run({ version: found.version, base, request, effect, part: found.part });
  }

  configure(settings: Fields): void {
    this.#site.configure(settings);
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
    if (!this.#site.has(project)) return bad({ project: 'Specify a valid project ID or key' });
    if (!this.#site.may(project, 'CREATE_ISSUES')) return bad({ project: 'You cannot create issues in this project.' });
    if (!this.#site.typesOf(project).includes(type)) return bad({ issuetype: 'Specify a valid issue type' });
    if (typeof summary !== 'string' || summary.trim() === '') return bad({ summary: 'You must specify a summary of the issue.' });
    if (summary.length > MAX_SUMMARY || /[\r\n]/.test(summary))
      return bad({ summary: `Summary must be one line of at most ${MAX_SUMMARY} characters.` });
    const problem = description === undefined ? undefined : textProblem(description, version);
    if (problem !== undefined) return bad({ description: problem });
    if (!Array.isArray(labels)) return bad({ labels: 'data was not an array' });
    const names = labels.map(String);
    if (names.some((label) => /\s/.test(label))) return bad({ labels: 'The label contains spaces which is invalid.' });
    if (names.some((label) => label === '' || label.length > MAX_LABEL))
      return bad({ labels: `A label has 1 to ${MAX_LABEL} characters.` });

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
    const problem = textProblem(body, version);
    if (problem !== undefined) return bad({ comment: problem });
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
 * transition, transition.list, createmeta, project.get, mypermissions, myself, serverInfo.
 */
export const startJira = (onEffect?: (name: string, effect: Effect) => void): Promise<StandIn> =>
  startStandIn('jira', new Jira(), onEffect);
