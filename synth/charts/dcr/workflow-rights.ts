import { k8s } from 'cdk8s-plus-27';
import type { Template } from '../../chart.js';
import { FIRST, fqdn, SET, type V, WORKFLOW } from './names.js';
import type { DcrValues } from './values.js';

/** What all steps of the workflows share: who they are, what they may, and the settings of dcrctl that are the same for all of them. */
export const workflowRights: Template<typeof DcrValues> = (chart, v) => {
  if (!v.dcr.workflow.enabled) return;
  const { application, applicationNamespace, serviceAccountAnnotations } = v.dcr.workflow;
  new k8s.KubeServiceAccount(chart, 'account', {
    metadata: { name: WORKFLOW, annotations: { ...serviceAccountAnnotations, ...FIRST } },
  });
  new k8s.KubeConfigMap(chart, 'settings', { metadata: { name: WORKFLOW, annotations: FIRST }, data: settings(v) });
  role(chart, 'role', { name: WORKFLOW }, v, [
    { apiGroups: ['argoproj.io'], resources: ['workflowtaskresults'], verbs: ['create', 'patch'] },
    { apiGroups: ['argoproj.io'], resources: ['workflows'], verbs: ['list'] },
    { apiGroups: ['apps'], resources: ['statefulsets'], resourceNames: [SET.synchronizer, SET.farmer], verbs: ['get'] },
    { apiGroups: [''], resources: ['pods'], resourceNames: [`${SET.synchronizer}-0`], verbs: ['get', 'patch'] },
  ]);
  // In the namespace of Argo CD, so named after this installation.
  role(chart, 'application', { name: `${WORKFLOW}-${v.release.namespace}`, namespace: applicationNamespace }, v, [
    { apiGroups: ['argoproj.io'], resources: ['applications'], resourceNames: [application], verbs: ['get'] },
  ]);
};

function role(
  chart: Parameters<Template<typeof DcrValues>>[0],
  id: string,
  where: { readonly name: string; readonly namespace?: string },
  v: V,
  rules: k8s.PolicyRule[],
): void {
  const metadata = { ...where, annotations: FIRST };
  new k8s.KubeRole(chart, id, { metadata, rules });
  new k8s.KubeRoleBinding(chart, `${id}-binding`, {
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: where.name },
    subjects: [{ kind: 'ServiceAccount', name: WORKFLOW, namespace: v.release.namespace }],
  });
}

/** No DCRCTL_TIMEOUT and no DCRCTL_PORT: several commands share these names and mean different things. */
function settings(v: V): Record<string, string> {
  const { workflow } = v.dcr;
  return {
    DCRCTL_CLUSTER: v.cluster,
    DCRCTL_NODE_HOST: fqdn(v, 'synchronizer', `${SET.synchronizer}-0`),
    DCRCTL_NODE_PORT: String(v.node.port),
    DCRCTL_TRANSPORT: v.node.transport,
    DCRCTL_PROTOCOL: v.node.protocol,
    DCRCTL_SYNCHRONIZER: SET.synchronizer,
    DCRCTL_FARMERS: SET.farmer,
    DCRCTL_APPLICATION: workflow.application,
    DCRCTL_APPLICATION_NAMESPACE: workflow.applicationNamespace,
    DCRCTL_GIT_URL: workflow.gitUrl,
    DCRCTL_GIT_BRANCH: workflow.gitBranch,
    DCRCTL_GIT_FILE: workflow.gitFile,
    DCRCTL_GIT_EMAIL: workflow.gitEmail,
    DCRCTL_SSH_KEY_FILE: '/etc/dcr/ssh-key',
    DCRCTL_KNOWN_HOSTS_FILE: '/etc/dcr/known-hosts',
    DCRCTL_WORK_DIR: '/work',
    DCRCTL_S3_BUCKET: v.s3.bucket,
    DCRCTL_S3_PREFIX: v.s3.prefix,
    DCRCTL_S3_REGION: v.s3.region,
    DCRCTL_S3_PATH_STYLE: String(v.s3.pathStyle),
    ...(v.s3.endpoint === '' ? {} : { DCRCTL_S3_ENDPOINT: v.s3.endpoint }),
    DCRCTL_ROUTER_URL: workflow.routerUrl,
    DCRCTL_ROUTER_TOKEN_FILE: '/etc/dcr/router-token',
  };
}
