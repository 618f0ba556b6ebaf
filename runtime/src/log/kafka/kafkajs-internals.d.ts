/** The parts of kafkajs 2.2.4 that this room uses below its public surface. The release is frozen and pinned, and it has no `exports` map. */
declare module 'kafkajs/src/network/requestQueue/index.js' {
  const RequestQueue: { prototype: Record<string, unknown> };
  export default RequestQueue;
}
declare module 'kafkajs/src/consumer/consumerGroup.js' {
  const ConsumerGroup: new (options: Record<string, unknown>) => import('./internals.js').ConsumerGroup;
  export default ConsumerGroup;
}
declare module 'kafkajs/src/consumer/batch.js' {
  const Batch: new (
    topic: string,
    fetchedOffset: string,
    data: unknown,
  ) => { readonly messages: readonly import('kafkajs').KafkaMessage[]; readonly rawMessages: readonly { readonly offset: string }[] };
  export default Batch;
}
declare module 'kafkajs/src/consumer/assignerProtocol.js' {
  interface MemberMetadata {
    encode(metadata: { version: number; topics: readonly string[]; userData: Buffer }): Buffer;
    decode(bytes: Buffer): { version: number; topics: string[]; userData: Buffer | null };
  }
  interface MemberAssignment {
    encode(assignment: { version: number; assignment: Record<string, readonly number[]>; userData: Buffer }): Buffer;
  }
  const protocol: { MemberMetadata: MemberMetadata; MemberAssignment: MemberAssignment };
  export default protocol;
}
declare module 'kafkajs/src/instrumentation/emitter.js' {
  const Emitter: new () => { emit(name: string, payload?: unknown): void };
  export default Emitter;
}
declare module 'snappyjs' {
  const snappy: { uncompress(block: Buffer, maxBytes: number): Uint8Array };
  export default snappy;
}
