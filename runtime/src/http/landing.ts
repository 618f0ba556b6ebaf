const LINKS: readonly (readonly [path: string, what: string])[] = [
  ['/api/v1/events', 'events, newest first'],
  ['/api/v1/events?state=parked', 'what failed for certain and needs a person'],
  ['/api/v1/events?state=ambiguous', 'what may or may not have happened and needs a person'],
  ['/api/v1/incidents?state=open', 'open incidents'],
  ['/api/v1/mappings', 'the routes in force'],
  ['/openapi.json', 'every endpoint, with its schemas'],
  ['/metrics', 'Prometheus metrics'],
  ['/readyz', 'whether it works, else why not'],
];

const NOTES: readonly string[] = [
  'Events come in by POST /ingest/<source>; Alertmanager posts to /ingest/alertmanager.',
  'Where tokens are configured, send "Authorization: Bearer <token>" (roles: ingest, read, operate).',
  'On a terminal: sre-router send --help, sre-router events --help, sre-router explain --help.',
];

const title = (version: string): string => `SRE event router ${version}`;

export function landingText(version: string): string {
  const width = Math.max(...LINKS.map(([path]) => path.length));
  return [title(version), '', ...LINKS.map(([path, what]) => `${path.padEnd(width)}  ${what}`), '', ...NOTES, ''].join('\n');
}

export function landingHtml(version: string): string {
  const rows = LINKS.map(([path, what]) => `<li><a href="${escapeHtml(path)}">${escapeHtml(path)}</a> ${escapeHtml(what)}</li>`);
  const notes = NOTES.map((note) => `<p>${escapeHtml(note)}</p>`);
  const name = escapeHtml(title(version));
  return `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>${name}</title>\n<h1>${name}</h1>\n<ul>\n${rows.join('\n')}\n</ul>\n${notes.join('\n')}\n</html>\n`;
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
