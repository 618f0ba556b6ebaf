import { z } from 'zod';

/** A key such as SRE-12, or an id: nothing that could be another path. */
const key = z.string().regex(/^(?:[A-Za-z][A-Za-z0-9_]*-)?\d+$/, 'expected an issue key such as SRE-12');

/** An issue: its key, or the output of jira.issue. */
export const issueRef = z.union([key, z.object({ key })]).describe('Key, or the output of a jira.issue.');

export const keyOfIssue = (issue: z.infer<typeof issueRef>): string => encodeURIComponent(typeof issue === 'string' ? issue : issue.key);
