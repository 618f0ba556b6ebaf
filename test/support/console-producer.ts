import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { KafkaCluster } from './kafka.js';

/** Apache Kafka's own console producer, for what kafkajs cannot write. `hasHeaders`: a line is `name:value,name:value<tab>value`. */
export async function produceByConsole(
  cluster: KafkaCluster,
  topic: string,
  codec: string,
  lines: readonly string[],
  hasHeaders = false,
): Promise<void> {
  const child = spawn(
    'java',
    ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', cluster.classpath, 'org.apache.kafka.tools.ConsoleProducer']
      .concat(['--bootstrap-server', cluster.brokers.join(','), '--topic', topic, '--compression-codec', codec, '--batch-size', '400000'])
      .concat(['--producer-property', 'linger.ms=500', ...(hasHeaders ? ['--property', 'parse.headers=true'] : [])]),
    { stdio: ['pipe', 'ignore', 'pipe'] },
  );
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  child.stdin.end(`${lines.join('\n')}\n`);
  const [code] = (await once(child, 'exit')) as [number];
  if (code !== 0) throw new Error(`ConsoleProducer: ${errors}`);
}
