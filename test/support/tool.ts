import { execFile } from 'node:child_process';

export interface ToolAnswer {
  readonly code: number;
  /** What it printed, on both streams. */
  readonly text: string;
}

/** Runs a test tool to its end. Rejects when it cannot be started. */
export function runTool(binary: string, args: readonly string[]): Promise<ToolAnswer> {
  return new Promise((resolve, reject) => {
    execFile(binary, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: error === null ? 0 : Number(error.code), text: `${stdout}${stderr}` });
    });
  });
}
