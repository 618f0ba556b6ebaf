/** The fields of Argo Events' kinds that this chart sets (argoproj.io/v1alpha1, 1.9). Their CRDs check nothing: argo-rules.ts does. */

export interface SecretKey {
  readonly name: string;
  readonly key: string;
}

export interface KafkaTls {
  readonly caCertSecret: SecretKey;
  readonly clientCertSecret?: SecretKey;
  readonly clientKeySecret?: SecretKey;
}

export interface KafkaSasl {
  readonly mechanism: string;
  readonly userSecret: SecretKey;
  readonly passwordSecret: SecretKey;
}

export interface EventBusSpec {
  readonly jetstream?: {
    readonly version: string;
    readonly replicas: number;
    readonly persistence: {
      readonly accessMode: 'ReadWriteOnce';
      readonly volumeSize: string;
      readonly storageClassName: string | undefined;
    };
    readonly streamConfig: string;
    readonly maxPayload: string;
    readonly metadata: { readonly labels: Readonly<Record<string, string>> };
    readonly nodeSelector: Readonly<Record<string, string>>;
    readonly tolerations: readonly object[];
    readonly priorityClassName: string | undefined;
  };
  readonly kafka?: {
    readonly url: string;
    readonly topic: string;
    readonly version: string;
    readonly partitioner: 'hash';
    readonly consumerGroup: { readonly groupName: ''; readonly oldest: boolean; readonly rebalanceStrategy: 'sticky' };
    readonly tls: KafkaTls | undefined;
    readonly sasl: KafkaSasl | undefined;
  };
}

/** The pods of an EventSource or a Sensor. */
export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly serviceAccountName: string;
  readonly container: { readonly resources: object; readonly securityContext: object };
  readonly securityContext: object;
  readonly affinity: object;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly object[];
  readonly priorityClassName: string | undefined;
}

export interface Webhook {
  readonly endpoint: string;
  readonly port: string;
  readonly method: 'POST';
  /** Not used, and wanted by the schema. */
  readonly url: '';
  readonly maxPayloadSize: number;
  readonly authSecret: SecretKey;
}

export interface Calendar {
  readonly schedule: string;
  readonly timezone: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface EventSourceSpec {
  readonly eventBusName: string;
  readonly replicas: number;
  readonly template: PodTemplate;
  readonly webhook?: Readonly<Record<string, Webhook>>;
  readonly calendar?: Readonly<Record<string, Calendar>>;
}

/** Where a part of what a trigger sends comes from: one of value, contextKey and dataKey. */
export interface Parameter {
  readonly src: {
    readonly dependencyName: string;
    readonly contextKey?: string;
    readonly dataKey?: string;
    readonly value?: string;
    readonly useRawData?: boolean;
  };
  readonly dest: string;
}

export interface HttpTrigger {
  readonly url: string;
  readonly method: 'POST';
  readonly timeout: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly secureHeaders: readonly { readonly name: string; readonly valueFrom: { readonly secretKeyRef: SecretKey } }[];
  readonly payload: readonly Parameter[];
}

export interface KafkaTrigger {
  readonly url: string;
  readonly topic: string;
  readonly version: string;
  readonly requiredAcks: -1;
  readonly compress: boolean;
  readonly parameters: readonly Parameter[];
  readonly payload: readonly Parameter[];
  readonly tls: KafkaTls | undefined;
  readonly sasl: KafkaSasl | undefined;
}

export interface Trigger {
  readonly template: { readonly name: string; readonly conditions: string; readonly http?: HttpTrigger; readonly kafka?: KafkaTrigger };
  readonly policy?: { readonly status: { readonly allow: readonly number[] } };
  readonly atLeastOnce: true;
  readonly retryStrategy: { readonly steps: number; readonly duration: string; readonly factor: number; readonly jitter: number };
}

export interface SensorSpec {
  readonly eventBusName: string;
  readonly replicas: number;
  readonly revisionHistoryLimit: number;
  readonly template: PodTemplate;
  readonly dependencies: readonly { readonly name: string; readonly eventSourceName: string; readonly eventName: string }[];
  readonly triggers: readonly Trigger[];
}
