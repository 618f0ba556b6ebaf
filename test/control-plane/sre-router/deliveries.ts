const ON_KAFKA = { log: { kind: 'kafka' }, kafka: { brokers: ['kafka-kafka-bootstrap.kafka.svc:9093'], topics: 'strimzi' } };

/** Values over an environment: every delivery in each. */
export const DELIVERIES: Readonly<Record<string, Record<string, unknown>>> = {
  'http over JetStream': { delivery: 'http', eventBus: { kind: 'jetstream' } },
  'kafka over JetStream, split': { ...ON_KAFKA, delivery: 'kafka', eventBus: { kind: 'jetstream' }, router: { topology: 'split' } },
  'bus on Kafka': { ...ON_KAFKA, delivery: 'bus', eventBus: { kind: 'kafka' } },
  direct: { delivery: 'direct' },
};
