import { k8s } from 'cdk8s-plus-27';
import type { Template } from '../../chart.js';
import { FIRST, SET } from './names.js';
import type { DcrValues } from './values.js';

/** Two accounts, since the synchronizer writes to S3 and farmers only read. Their rights in AWS come by annotation or by Pod Identity; in Kubernetes they have none. */
export const accounts: Template<typeof DcrValues> = (chart, v) => {
  const account = (name: string, annotations: Readonly<Record<string, string>>): void => {
    new k8s.KubeServiceAccount(chart, name, {
      metadata: { name, annotations: { ...annotations, ...FIRST } },
      automountServiceAccountToken: false,
    });
  };
  account(SET.synchronizer, v.synchronizer.serviceAccountAnnotations);
  account(SET.farmer, v.farmers.serviceAccountAnnotations);
};
