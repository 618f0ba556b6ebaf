import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { KINDS } from '#runtime/catalog.js';
import { parseConfig } from '#runtime/config.js';
import { SLACK_SCOPES } from '#runtime/workflow/actions/slack-check.js';

const docs = join(dirname(fileURLToPath(import.meta.url)), '..', 'docs');
const page = readFileSync(join(docs, 'destinations.md'), 'utf8');
const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)\n```/g)].map(([, text]) => parse(text ?? '') as Record<string, unknown>);

test('the Slack manifest asks for exactly the scopes that the actions need', () => {
  const manifest = blocks.find((block) => 'oauth_config' in block) as { oauth_config: { scopes: { bot: string[] } } };
  expect(manifest.oauth_config.scopes.bot).toEqual(SLACK_SCOPES);
});

test('every configuration on the page is valid', () => {
  const configured = blocks.filter((block) => 'destinations' in block).map((block) => Object.keys(parseConfig(block, KINDS).destinations));
  expect(configured).toEqual([['jira', 'jira-dc'], ['sre'], ['pager']]);
});
