import { cleanForTerminal } from '../redact.js';
import type { Fb303Answer, FbStatus } from './fb303.js';

/** The states of a node, in the order of a run. docs/dcr-node.md says what each means and which fb_status goes with it. */
export const NODE_STATES = [
  'BOOTING',
  'REGISTERED',
  'HISTORY_UPDATE',
  'WAITING_FOR_FARMERS',
  'REBUILDING',
  'WORKING',
  'WRITING_CACHE',
  'GUARDIAN',
  'PAUSED_MANUAL',
  'DRAINING',
  'FAILED',
  'DEAD',
] as const;
export type NodeState = (typeof NODE_STATES)[number];

/** What a node says about itself. */
export interface NodeStatus {
  readonly code: FbStatus;
  /** Undefined: the node gives none, or one that we do not know. */
  readonly state: NodeState | undefined;
  /** The run it took from its properties when it started; undefined: it gives none. */
  readonly run: string | undefined;
  /** Differs after every start of the process; undefined: it gives none. */
  readonly boot: string | undefined;
  /** As the node wrote it, without control characters, at most 300 characters. */
  readonly text: string;
  readonly counters: Readonly<Record<string, number>>;
}

const MAX_TEXT = 300;

/** `WAITING_FOR_FARMERS 1/2 run=r-7 boot=a1 missing=farmer-3`: the first word is the state, words with `=` are facts, the rest is for people. */
export function readStatus({ code, details, counters }: Fb303Answer): NodeStatus {
  const words = details.split(/\s+/);
  const fact = (name: string): string | undefined =>
    words
      .slice(1)
      .find((word) => word.startsWith(`${name}=`))
      ?.slice(name.length + 1) || undefined;
  return {
    code,
    state: NODE_STATES.find((state) => state === words[0]),
    run: fact('run'),
    boot: fact('boot'),
    text: cleanForTerminal(details.trim().slice(0, MAX_TEXT)),
    counters,
  };
}
