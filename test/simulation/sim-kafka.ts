import type { Kafka } from 'kafkajs';
import type { Broker, Cluster } from '#runtime/log/kafka/internals.js';
import type { Prng } from './prng.js';
import { protocolError } from './protocol-error.js';
import type { SimBrokers } from './sim-brokers.js';
import { type SendFaults, simProducer } from './sim-producer.js';
import type { ProcessClock, VirtualClock } from './virtual-clock.js';

/** Where the coordinator of the group lives. */
const COORDINATOR = 0;
/** A poll waits longer than it is asked to: virtual time is free, events of an idle night are not. */
const POLL_MS = [2_000, 20_000] as const;
const FETCH_COUNT = 8;

export interface SimKafkaPorts {
  readonly brokers: SimBrokers;
  readonly world: VirtualClock;
  /** Of the process that uses this client. */
  readonly caller: ProcessClock;
  readonly random: Prng;
  readonly sendFaults: SendFaults;
}

const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * The kafkajs client of one simulated process: as much of it as the router uses (internals.ts). Its group protocol is kafkajs' own, on a simulated coordinator.
 */
export function simKafka(ports: SimKafkaPorts): Kafka {
  const { brokers, world, caller, random, sendFaults } = ports;
  return {
    [Symbol('private:Kafka:createCluster')]: () => simCluster(ports),
    producer: () => simProducer(brokers, world, caller, random, sendFaults),
    logger: () => ({ ...QUIET, namespace: () => QUIET }),
  } as unknown as Kafka;
}

function simCluster(ports: SimKafkaPorts): Cluster {
  const { brokers, caller } = ports;
  let isConnected = false;
  const committed = {};
  const cluster: Cluster & { committedOffsets(): object } = {
    async connect() {
      await brokers.request(COORDINATOR, caller, () => undefined);
      isConnected = true;
    },
    async disconnect() {
      isConnected = false;
    },
    isConnected: () => isConnected,
    addMultipleTargetTopics: async () => undefined,
    refreshMetadata: async () => undefined,
    refreshMetadataIfNecessary: async () => undefined,
    findBroker: async ({ nodeId }) => simBroker(ports, Number(nodeId)),
    findGroupCoordinator: async () => simBroker(ports, COORDINATOR),
    findTopicPartitionMetadata: () =>
      Array.from({ length: brokers.partitions }, (_, partitionId) => ({ partitionId, leader: brokers.leaderOf(partitionId) })),
    findLeaderForPartitions(_topic, partitions) {
      const found: Record<string, number[]> = {};
      for (const partition of partitions) {
        const leader = String(brokers.leaderOf(partition));
        found[leader] = [...(found[leader] ?? []), partition];
      }
      return found;
    },
    fetchTopicsOffset: (topics) =>
      Promise.all(
        topics.map(async ({ topic, partitions, fromBeginning }) => ({
          topic,
          partitions: await Promise.all(
            partitions.map(({ partition }) =>
              brokers.request(brokers.leaderOf(partition), caller, () => ({
                partition,
                offset: fromBeginning === true ? '0' : String(brokers.messages(topic, partition).length),
              })),
            ),
          ),
        })),
      ),
    removeBroker: () => undefined,
    // Asked for by kafkajs' own group protocol.
    committedOffsets: () => committed,
  };
  return cluster;
}

type GroupRequest = { memberId: string; groupGenerationId: number; generationId: number };

function simBroker({ brokers, caller, random }: SimKafkaPorts, nodeId: number): Broker {
  const { group } = brokers;
  const ask = <T>(work: () => T | Promise<T>): Promise<T> => brokers.request(nodeId, caller, work);
  const broker = {
    nodeId,
    isConnected: () => true,
    fetch: ({ topics }: Parameters<Broker['fetch']>[0]) =>
      ask(async () => {
        const asked = topics.flatMap(({ topic, partitions }) =>
          partitions.map(({ partition, fetchOffset }) => ({ topic, partition, offset: Number(fetchOffset) })),
        );
        for (const { topic, partition, offset } of asked) {
          if (brokers.leaderOf(partition) !== nodeId) throw protocolError('NOT_LEADER_FOR_PARTITION');
          brokers.onRead(topic, partition, offset, caller);
        }
        await brokers.poll(asked, random.between(...POLL_MS));
        if (!brokers.isUp(nodeId)) throw new Error('simulated: the connection is lost');
        return {
          responses: asked.map(({ topic, partition, offset }) => {
            const messages = brokers.messages(topic, partition);
            const count = random.between(1, FETCH_COUNT);
            const data = { partition, highWatermark: String(messages.length), messages: messages.slice(offset, offset + count) };
            return { topicName: topic, partitions: [{ ...data, abortedTransactions: [] }] };
          }),
        };
      }),
    offsetFetch: ({ topics }: Parameters<Broker['offsetFetch']>[0]) =>
      ask(() => ({
        responses: topics.map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition }) => ({ partition, ...group.committed(partition) })),
        })),
      })),
    deleteRecords: async () => undefined,
    joinGroup: (
      request: GroupRequest & { sessionTimeout: number; rebalanceTimeout: number; groupProtocols: { name: string; metadata: Buffer }[] },
    ) =>
      ask(() => {
        const [protocol] = request.groupProtocols;
        if (protocol === undefined) throw protocolError('INCONSISTENT_GROUP_PROTOCOL');
        return group.join(request.memberId, request.sessionTimeout, request.rebalanceTimeout, protocol);
      }),
    syncGroup: (request: GroupRequest & { groupAssignment: { memberId: string; memberAssignment: Buffer }[] }) =>
      ask(() => group.sync(request.memberId, request.generationId, request.groupAssignment)),
    heartbeat: (request: GroupRequest) => ask(() => group.heartbeat(request.memberId, request.groupGenerationId)),
    leaveGroup: (request: GroupRequest) => ask(() => group.leave(request.memberId)),
    offsetCommit: (
      request: GroupRequest & { topics: { partitions: { partition: number; offset: string; metadata: string | null }[] }[] },
    ) =>
      ask(() => {
        for (const { partitions } of request.topics) group.commit(request.memberId, request.groupGenerationId, partitions);
      }),
  };
  return broker as unknown as Broker;
}
