/**
 * Every way in which a `dcrctl` command can end, in one table. Scripts and workflows match the exit code, people the code and the text.
 * 0 fine · 1 wrong usage · 2 a no that trying again does not change · 3 may work later · 4 waited for in vain, or not in the state asked for.
 * The probe's codes are those of grpc_health_probe (1 arguments, 2 connect, 3 call, 4 state); the kubelet sees 0 or not 0.
 */
interface DcrErrorRow {
  readonly exit: 1 | 2 | 3 | 4;
  readonly title: string;
}

export const DCR_ERRORS = {
  USAGE: { exit: 1, title: 'The command line or a setting is not valid.' },
  CONNECT: { exit: 2, title: 'Probe: no connection to the node.' },
  RPC: { exit: 3, title: 'Probe: the node did not answer the call, or not in this protocol.' },
  STATE: { exit: 4, title: 'Probe: the node answered, and is not in a state that this mode accepts.' },
  RUN_FAILED: { exit: 2, title: 'The node reports FAILED for this run, or a sync of this commit failed.' },
  SUPERSEDED: { exit: 2, title: 'Git names another run than this one.' },
  MISSING: { exit: 2, title: 'Preflight: a permission or a setting is missing.' },
  STANDS: { exit: 2, title: 'Preflight: a synchronizer or farmers of an earlier run stand, and it was not said to replace them.' },
  NOT_GUARDIAN: { exit: 2, title: 'The node does not report GUARDIAN for this run; it is not, or no longer, labelled.' },
  REFUSED: { exit: 2, title: 'The other side said no: a git hook, a protected branch, a 4xx.' },
  UNREACHABLE: { exit: 3, title: 'Kubernetes, git, S3 or the router did not answer, or answered 5xx.' },
  CONFLICT: { exit: 3, title: 'Others changed the same thing each time in between.' },
  STOPPED: { exit: 3, title: 'Told to stop (SIGTERM, SIGINT). The same command goes on where it was.' },
  TIMEOUT: { exit: 4, title: 'Not reached in time; for rebuilt and cache-written: no progress in that time.' },
} as const satisfies Record<string, DcrErrorRow>;

export type DcrErrorCode = keyof typeof DCR_ERRORS;

export const EXIT_FINE = 0;

/** `message`: what, where, expected, received, what to do next; never a secret. */
export class DcrError extends Error {
  readonly code: DcrErrorCode;
  constructor(code: DcrErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'DcrError';
    this.code = code;
  }

  get exit(): number {
    return DCR_ERRORS[this.code].exit;
  }
}
