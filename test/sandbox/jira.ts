import { type Answer, type Effect, type Handler, type StandIn, startStandIn } from './server.js';

interface Issue {
  id: string;
  key: string;
  status: string;
  fields: { summary?: string; labels?: string[]; project?: { key?: string } };
  comments: { id: string; body: unknown }[];
}

const STATUSES = ['To Do', 'In Progress', 'Done'];

/** Stands in for Jira, REST version 2 and 3: issues, comments, transitions, search by label. */
export async function startJira(onEffect?: (effect: Effect) => void, port = 0): Promise<StandIn> {
  const issues: Issue[] = [];
  let comments = 0;
  const handler: Handler = {
    route({ method, path }) {
      const rest = path.replace(/^\/rest\/api\/[23]\//, '');
      if (rest === 'issue') return 'issue';
      if (rest.startsWith('search')) return 'search';
      const part = /^issue\/[^/]+\/(\w+)$/.exec(rest)?.[1];
      return part === undefined ? rest : `${method === 'GET' ? 'get-' : ''}${part}`;
    },
    handle({ method, path, query, body }, effect): Answer {
      const rest = path.replace(/^\/rest\/api\/[23]\//, '');
      if (rest === 'myself') return { body: { displayName: 'sre-router' } };
      if (rest === 'serverInfo') return { body: { version: '1001.0.0' } };
      if (rest.startsWith('search')) {
        const label = /labels = "([^"]+)"/.exec(query.get('jql') ?? String(body.jql ?? ''))?.[1];
        return { body: { issues: issues.filter(({ fields }) => label !== undefined && fields.labels?.includes(label)).map(({ id, key }) => ({ id, key })) } };
      }
      if (rest === 'issue' && method === 'POST') {
        const fields = (body.fields ?? {}) as Issue['fields'];
        const id = String(10_000 + issues.length + 1);
        const issue: Issue = { id, key: `${fields.project?.key ?? 'SRE'}-${issues.length + 1}`, status: 'To Do', fields, comments: [] };
        issues.push(issue);
        effect('issue', fields.labels?.find((label) => label.startsWith('sre-')) ?? '', `${issue.key}: ${fields.summary ?? ''}`);
        return { status: 201, body: { id, key: issue.key, self: path } };
      }
      const [, key, part] = /^issue\/([^/]+)(?:\/(\w+))?$/.exec(rest) ?? [];
      const issue = issues.find((one) => one.key === decodeURIComponent(key ?? '') || one.id === key);
      if (issue === undefined) return { status: 404, body: { errorMessages: ['not found'] } };
      if (part === 'comment' && method === 'POST') {
        comments += 1;
        const comment = { id: String(comments), body: body.body };
        issue.comments.push(comment);
        effect('comment', /\[sre:(\w+)\]/.exec(JSON.stringify(body.body).replaceAll('\\\\', ''))?.[1] ?? '', `${issue.key}: comment`);
        return { status: 201, body: comment };
      }
      if (part === 'comment') return { body: { comments: [...issue.comments].reverse() } };
      if (part === 'transitions' && method === 'POST') {
        const chosen = STATUSES[Number((body.transition as { id?: string } | undefined)?.id) - 1];
        if (chosen === undefined) return { status: 400, body: { errorMessages: ['no such transition'] } };
        issue.status = chosen;
        effect('transition', '', `${issue.key} → ${chosen}`);
        return { status: 204, body: {} };
      }
      if (part === 'transitions') return { body: { transitions: STATUSES.map((name, index) => ({ id: String(index + 1), name, to: { name } })) } };
      return { body: { id: issue.id, key: issue.key, fields: { ...issue.fields, status: { name: issue.status } } } };
    },
  };
  return startStandIn(handler, onEffect, port);
}
