import { k8s } from 'cdk8s-plus-27';
import { portion } from '../../twins.js';
import { mappingSources } from './mappings.js';
import { type Component, HTTP_PORT, PATHS, partLabels } from './names.js';
import type { V } from './values.js';

/** What a pod of the router does: everything, or one role of a split router. */
export type Role = 'all' | 'ingest' | 'route' | 'api';

/** A user that no node has, and that may write to its volumes. */
const USER_ID = 65_532;
/** Secrets are for the pod's group (fsGroup) and nobody else. */
const SECRET_MODE = 0o440;
const HEAP_PERCENT = 75;
/** Between the decision to end the pod and SIGTERM, so that Services and proxies have taken it out. */
const DRAIN_SECONDS = 5;
/** DRAIN_SECONDS, workflow.grace (20 s) and the time to close the log. */
const TERMINATION_SECONDS = 30;

const PERIOD_SECONDS = 2;
/** Reading a suspect embedded log through may take 30 s before the port opens; a slow volume, a restore from Kafka, longer. */
const START_SECONDS = 300;

const get = (path: string): k8s.HttpGetAction => ({ path, port: k8s.IntOrString.fromString('http') });

/** /livez says that the process answers, /readyz that it really works. Numbers: liveness waits a minute, for a restart costs a restore. */
const PROBES = {
  startupProbe: {
    httpGet: get('/livez'),
    periodSeconds: PERIOD_SECONDS,
    timeoutSeconds: 2,
    failureThreshold: START_SECONDS / PERIOD_SECONDS + 1,
  },
  readinessProbe: { httpGet: get('/readyz'), periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 },
  livenessProbe: { httpGet: get('/livez'), periodSeconds: 10, timeoutSeconds: 3, failureThreshold: 6 },
} as const;

/** The pods of one role. `checksums`: of the files whose change must roll them. */
export function podTemplate(v: V, component: Component, role: Role, checksums: Readonly<Record<string, string>>): k8s.PodTemplateSpec {
  const { router } = v;
  const mounts = mountsOf(v, role);
  return {
    metadata: {
      labels: { ...router.podLabels, ...partLabels(v, component) },
      annotations: { ...router.podAnnotations, ...checksums },
    },
    spec: {
      serviceAccountName: v.release.name,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      priorityClassName: router.priorityClass,
      nodeSelector: router.nodeSelector,
      tolerations: router.tolerations,
      imagePullSecrets: v.image.pullSecrets,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER_ID,
        runAsGroup: USER_ID,
        fsGroup: USER_ID,
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      terminationGracePeriodSeconds: TERMINATION_SECONDS,
      topologySpreadConstraints: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map((topologyKey) => ({
        topologyKey,
        maxSkew: 1,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: partLabels(v, component) },
      })),
      containers: [
        {
          name: 'router',
          image: v.image.digest === '' ? `${v.image.repository}:${v.image.tag}` : `${v.image.repository}@${v.image.digest}`,
          imagePullPolicy: v.image.pullPolicy,
          args: [
            'serve',
            '--config',
            `${PATHS.config}/router.yaml`,
            '--level',
            router.logLevel,
            ...(role === 'all' ? [] : ['--role', role]),
          ],
          env: environment(v),
          ports: [{ name: 'http', containerPort: HTTP_PORT }],
          resources: {
            requests: { cpu: k8s.Quantity.fromString(router.cpu), memory: k8s.Quantity.fromString(`${router.memoryMi}Mi`) },
            limits: { memory: k8s.Quantity.fromString(`${router.memoryMi}Mi`) },
          },
          ...PROBES,
          lifecycle: { preStop: { exec: { command: ['node', '-e', `setTimeout(() => {}, ${DRAIN_SECONDS * 1_000})`] } } },
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
          volumeMounts: mounts.map(({ volume, mountPath, readOnly }) => ({ name: volume.name, mountPath, readOnly })),
        },
      ],
      volumes: mounts.map(({ volume }) => volume),
    },
  };
}

function environment(v: V): k8s.EnvVar[] {
  const proxy = v.egressProxy.url;
  return [
    { name: 'NODE_OPTIONS', value: `--max-old-space-size=${portion(v.router.memoryMi, HEAP_PERCENT)}` },
    ...(v.caBundle.configMap === '' ? [] : [{ name: 'NODE_EXTRA_CA_CERTS', value: `${PATHS.ca}/ca.crt` }]),
    ...(proxy === ''
      ? []
      : [
          { name: 'HTTPS_PROXY', value: proxy },
          { name: 'HTTP_PROXY', value: proxy },
          { name: 'NO_PROXY', value: v.egressProxy.noProxy },
        ]),
    ...v.router.extraEnv,
  ];
}

interface Mount {
  readonly volume: k8s.Volume;
  readonly mountPath: string;
  readonly readOnly?: boolean;
}

/** Whole Secrets are mounted, never single files (subPath): those would not follow a rotation. */
function mountsOf(v: V, role: Role): Mount[] {
  const { destinations, log } = v;
  const callsDestinations = role === 'all' || role === 'route';
  return [
    mount(PATHS.config, { name: 'config', configMap: { name: `${v.release.name}-config` } }),
    mount(PATHS.mappings, { name: 'mappings', projected: { sources: mappingSources(v) } }),
    mount(PATHS.tokens, { name: 'tokens', secret: { secretName: v.tokensSecret, defaultMode: SECRET_MODE } }),
    ...(callsDestinations && destinations.slack.enabled ? [tokenMount('slack', destinations.slack.secret)] : []),
    ...(callsDestinations && destinations.jira.enabled ? [tokenMount('jira', destinations.jira.secret)] : []),
    ...(callsDestinations && destinations.sre.enabled ? [tokenMount('sre', destinations.sre.secret)] : []),
    ...(callsDestinations && destinations.filesSecret !== ''
      ? [mount(PATHS.files, { name: 'files', secret: { secretName: destinations.filesSecret, defaultMode: SECRET_MODE, optional: true } })]
      : []),
    ...(v.caBundle.configMap === '' ? [] : [mount(PATHS.ca, { name: 'ca', configMap: { name: v.caBundle.configMap } })]),
    ...(log.kind === 'kafka' ? kafkaMounts(v) : []),
    log.kind === 'kafka'
      ? { mountPath: PATHS.scratch, volume: { name: 'scratch', emptyDir: {} } }
      : { mountPath: PATHS.log, volume: { name: 'log', persistentVolumeClaim: { claimName: `${v.release.name}-log` } } },
    { mountPath: '/tmp', volume: { name: 'tmp', emptyDir: {} } },
  ];
}

const mount = (mountPath: string, volume: k8s.Volume): Mount => ({ mountPath, volume, readOnly: true });

/** Optional: without the Secret the router starts, says so, and lets the steps wait that need it. */
function tokenMount(name: 'slack' | 'jira' | 'sre', secret: { readonly name: string; readonly key: string }): Mount {
  const items = [{ key: secret.key, path: 'token' }];
  return mount(PATHS[name], { name, secret: { secretName: secret.name, items, defaultMode: SECRET_MODE, optional: true } });
}

function kafkaMounts({ kafka: { tls, sasl } }: V): Mount[] {
  const { caSecret, clientSecret } = tls;
  return [
    ...(tls.mode === 'none' ? [] : [secretMount(PATHS.kafkaCa, 'kafka-ca', caSecret.name, [[caSecret.key, 'ca.crt']])]),
    ...(tls.mode === 'mutual'
      ? [
          secretMount(PATHS.kafkaCert, 'kafka-cert', clientSecret.name, [
            [clientSecret.certKey, 'tls.crt'],
            [clientSecret.keyKey, 'tls.key'],
          ]),
        ]
      : []),
    ...(sasl.mechanism === 'none'
      ? []
      : [
          secretMount(PATHS.kafkaLogin, 'kafka-login', sasl.secret.name, [
            [sasl.secret.usernameKey, 'username'],
            [sasl.secret.passwordKey, 'password'],
          ]),
        ]),
  ];
}

function secretMount(mountPath: string, name: string, secretName: string, keys: readonly (readonly [key: string, path: string])[]): Mount {
  const items = keys.map(([key, path]) => ({ key, path }));
  return mount(mountPath, { name, secret: { secretName, items, defaultMode: SECRET_MODE } });
}
