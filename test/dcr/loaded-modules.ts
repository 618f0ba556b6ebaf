import { appendFileSync } from 'node:fs';
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

/** Preloaded (`--import`), notes the URL of every module that is loaded in the file LOADED_MODULES. This file is its own hooks module, on their thread. */
if (isMainThread) register(import.meta.url);

export async function load(url: string, context: object, next: (url: string, context: object) => Promise<unknown>): Promise<unknown> {
  appendFileSync(process.env.LOADED_MODULES ?? '/dev/null', `${url}\n`);
  return await next(url, context);
}
