import type { SourceSamples } from '#test/contract/source.contract.js';
import { adhocSamples } from './adhoc.js';
import { alertmanagerSamples } from './alertmanager.js';
import { argoSamples } from './argo.js';
import { cloudeventsSamples } from './cloudevents.js';

/** What real senders send, and what they must not, by kind of source. */
export const SAMPLES: Readonly<Record<string, SourceSamples>> = {
  alertmanager: alertmanagerSamples,
  adhoc: adhocSamples,
  cloudevents: cloudeventsSamples,
  argo: argoSamples,
};
