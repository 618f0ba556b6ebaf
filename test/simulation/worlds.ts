import { simulateCluster } from './simulate-cluster.js';
import { simulateProcess } from './simulate-process.js';

/** `process`: one router on a log of its own, that crashes. `cluster`: several routers on the Kafka room, with all that befalls them and their brokers. */
export const WORLDS = { process: simulateProcess, cluster: simulateCluster } as const;

export type WorldName = keyof typeof WORLDS;

export const isWorld = (name: string): name is WorldName => Object.hasOwn(WORLDS, name);
