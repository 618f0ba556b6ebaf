import { z } from 'zod';

/** An issue: its key, or the output of jira.issue. */
export const issueRef = z.union([z.string().min(1), z.object({ key: z.string().min(1) })]);

export const keyOfIssue = (issue: z.infer<typeof issueRef>): string => encodeURIComponent(typeof issue === 'string' ? issue : issue.key);
