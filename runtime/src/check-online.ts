import type { MappedUse } from './mapper/literal-uses.js';
import type { Checked } from './workflow/action.js';
import { DESTINATION_KINDS } from './workflow/actions/registry.js';
import type { OpenDestination } from './workflow/runner.js';

/** One request of a check. */
const DEADLINE_MS = 10_000;

const contextOf = (name: string, uses: readonly MappedUse[]) => ({
  uses: uses.filter(({ destination }) => destination === name),
  deadline: () => AbortSignal.timeout(DEADLINE_MS),
});

/** Asks each destination what the mappings need of it, and tells each thing as it is known. Changes nothing anywhere. */
export async function* checkOnline(
  destinations: Iterable<OpenDestination>,
  uses: readonly MappedUse[],
): AsyncGenerator<Checked & { readonly destination: string }> {
  for (const { name, kind, client } of destinations) {
    for await (const checked of DESTINATION_KINDS[kind]?.check(client, contextOf(name, uses)) ?? [])
      yield { destination: name, ...checked };
  }
}

/**
 * What destinations lack to look up unknown outcomes: such a step becomes ambiguous at once, and who starts a router should know before it happens.
 * `tell` gets one sentence a destination. Never rejects: a destination that cannot be asked now says nothing of its rights.
 */
export async function tellProbeGaps(
  destinations: Iterable<OpenDestination>,
  uses: readonly MappedUse[],
  tell: (destination: string, sentence: string) => void,
): Promise<void> {
  await Promise.all(
    [...destinations].map(async ({ name, kind, client }) => {
      const gaps = await DESTINATION_KINDS[kind]?.probeGaps?.(client, contextOf(name, uses)).catch(() => []);
      if (gaps === undefined || gaps.length === 0) return;
      tell(
        name,
        `It lacks ${gaps.join(', ')}: a message whose outcome is unknown cannot be looked up there, and waits for a person as ambiguous.`,
      );
    }),
  );
}
