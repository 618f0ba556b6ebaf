import { adhoc } from './adhoc.js';
import { alertmanager } from './alertmanager.js';
import { argo } from './argo.js';
import { cloudevents } from './cloudevents.js';
import type { SourceKind } from './source.js';

/** Every kind of source there is. */
export const SOURCE_KINDS: Readonly<Record<string, SourceKind>> = { alertmanager, cloudevents, adhoc, argo: argo as SourceKind };
