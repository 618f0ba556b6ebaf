import type { z } from 'zod';
import type { Json } from '../event/event.js';

/** What the mapper must know of one action. The workflow's registry has it; the composition root hands it over. */
export interface ActionKnowledge {
  /** Destination kind. */
  readonly kind: string;
  /** Destination when the step names none; undefined: the step must name one. */
  readonly defaultDestination?: string | undefined;
  readonly input: z.ZodType;
  readonly output: z.ZodType;
}

export interface ActionCatalog {
  get(name: string): ActionKnowledge | undefined;
  /** Names of all actions, for "did you mean". */
  readonly names?: readonly string[];
  /** Names of the configured destinations. */
  readonly destinations: ReadonlySet<string>;
  /** Schema of `data` of an event type; undefined: unknown type, expressions over data are not checked. */
  dataSchema?(type: string): z.ZodType | undefined;
  /** A whole `data` of the type: what a test in a mapping file leaves out is taken from here. */
  dataExample?(type: string): Json | undefined;
}
