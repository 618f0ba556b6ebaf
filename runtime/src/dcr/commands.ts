import type { Command } from './command.js';
import { gitSetCommand } from './git-set-command.js';
import { labelGuardianCommand } from './label-guardian-command.js';
import { notifyCommand } from './notify-command.js';
import { preflightCommand } from './preflight-command.js';
import { probeCommand } from './probe-command.js';
import { reapCommand } from './reap-command.js';
import { statusCommand } from './status-command.js';
import { waitCommand } from './wait-command.js';

/** Every command of dcrctl, in the order of --help. */
export const COMMANDS: readonly Command[] = [
  probeCommand,
  waitCommand,
  preflightCommand,
  gitSetCommand,
  labelGuardianCommand,
  notifyCommand,
  statusCommand,
  reapCommand,
];
