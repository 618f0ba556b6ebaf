import { protocolError } from './protocol-error.js';
import type { VirtualClock } from './virtual-clock.js';

interface Metadata {
  readonly name: string;
  readonly metadata: Buffer;
}

interface JoinAnswer {
  readonly generationId: number;
  readonly leaderId: string;
  readonly memberId: string;
  readonly groupProtocol: string;
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
}

interface Waiting<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

interface GroupMember {
  readonly id: string;
  readonly sessionMs: number;
  readonly rebalanceMs: number;
  protocol: Metadata;
  seenMs: number;
  joining: Waiting<JoinAnswer> | undefined;
  syncing: Waiting<{ memberAssignment: Buffer }> | undefined;
}

/** Kafka's group coordinator: generations, sessions, fenced commits. `preparing`: waits for members to join; `completing`: for the leader's assignment. */
export class SimGroup {
  readonly #clock: VirtualClock;
  readonly #members = new Map<string, GroupMember>();
  readonly #committed = new Map<number, { offset: string; metadata: string | null }>();
  #assignment = new Map<string, Buffer>();
  #state: 'stable' | 'preparing' | 'completing' = 'stable';
  #generation = 0;
  #leader = '';
  #ids = 0;
  #cancelPatience: () => void = () => undefined;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#members.size;
  }

  join(memberId: string, sessionMs: number, rebalanceMs: number, protocol: Metadata): Promise<JoinAnswer> {
    if (memberId !== '' && !this.#members.has(memberId)) return Promise.reject(protocolError('UNKNOWN_MEMBER_ID'));
    const id = memberId === '' ? `m${this.#ids++}` : memberId;
    const member =
      this.#members.get(id) ?? this.#add({ id, sessionMs, rebalanceMs, protocol, seenMs: 0, joining: undefined, syncing: undefined });
    member.protocol = protocol;
    member.seenMs = this.#clock.steadyMs;
    return new Promise((resolve, reject) => {
      member.joining?.reject(protocolError('REBALANCE_IN_PROGRESS'));
      member.joining = { resolve, reject };
      this.rebalance();
      this.#complete();
    });
  }

  sync(
    memberId: string,
    generation: number,
    assignments: readonly { memberId: string; memberAssignment: Buffer }[],
  ): Promise<{ memberAssignment: Buffer }> {
    try {
      const member = this.#heard(memberId, generation);
      if (this.#state === 'preparing') throw protocolError('REBALANCE_IN_PROGRESS');
      if (memberId === this.#leader && this.#state === 'completing') {
        this.#assignment = new Map(assignments.map((one) => [one.memberId, one.memberAssignment]));
        this.#state = 'stable';
        for (const other of this.#members.values()) {
          other.syncing?.resolve({ memberAssignment: this.#assignmentOf(other.id) });
          other.syncing = undefined;
        }
      }
      if (this.#state === 'stable') return Promise.resolve({ memberAssignment: this.#assignmentOf(memberId) });
      return new Promise((resolve, reject) => {
        member.syncing = { resolve, reject };
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  heartbeat(memberId: string, generation: number): void {
    this.#heard(memberId, generation);
    if (this.#state === 'preparing') throw protocolError('REBALANCE_IN_PROGRESS');
  }

  commit(
    memberId: string,
    generation: number,
    partitions: readonly { partition: number; offset: string; metadata: string | null }[],
  ): void {
    this.#heard(memberId, generation);
    if (this.#state === 'completing') throw protocolError('REBALANCE_IN_PROGRESS');
    for (const { partition, offset, metadata } of partitions) this.#committed.set(partition, { offset, metadata });
  }

  committed(partition: number): { offset: string; metadata: string | null } {
    return this.#committed.get(partition) ?? { offset: '-1', metadata: null };
  }

  leave(memberId: string): void {
    if (this.#members.has(memberId)) this.#remove(memberId);
  }

  /** Members are asked to join again; whoever does not in time is out. */
  rebalance(): void {
    if (this.#state === 'preparing' || this.#members.size === 0) return;
    this.#state = 'preparing';
    for (const member of this.#members.values()) {
      member.syncing?.reject(protocolError('REBALANCE_IN_PROGRESS'));
      member.syncing = undefined;
    }
    const patienceMs = Math.max(...[...this.#members.values()].map(({ rebalanceMs }) => rebalanceMs));
    this.#cancelPatience = this.#clock.after(patienceMs, () => {
      for (const member of [...this.#members.values()]) if (member.joining === undefined) this.#members.delete(member.id);
      this.#complete();
    });
  }

  #add(member: GroupMember): GroupMember {
    this.#members.set(member.id, member);
    const look = (): void => {
      if (this.#members.get(member.id) !== member) return;
      // Who waits for the others is not expected to say anything.
      if (member.joining !== undefined) member.seenMs = this.#clock.steadyMs;
      const leftMs = member.seenMs + member.sessionMs - this.#clock.steadyMs;
      if (leftMs > 0) this.#clock.after(leftMs, look);
      else this.#remove(member.id);
    };
    this.#clock.after(member.sessionMs, look);
    return member;
  }

  #remove(id: string): void {
    const member = this.#members.get(id);
    this.#members.delete(id);
    member?.joining?.reject(protocolError('UNKNOWN_MEMBER_ID'));
    member?.syncing?.reject(protocolError('UNKNOWN_MEMBER_ID'));
    this.rebalance();
    this.#complete();
  }

  /** Once everybody has joined the new generation begins. */
  #complete(): void {
    const members = [...this.#members.values()];
    if (this.#state !== 'preparing' || members.some(({ joining }) => joining === undefined)) return;
    this.#cancelPatience();
    this.#generation += 1;
    this.#assignment = new Map();
    const [first] = members;
    if (first === undefined) {
      this.#state = 'stable';
      return;
    }
    this.#state = 'completing';
    this.#leader = members.some(({ id }) => id === this.#leader) ? this.#leader : first.id;
    for (const member of members) {
      const isLeader = member.id === this.#leader;
      member.seenMs = this.#clock.steadyMs;
      member.joining?.resolve({
        generationId: this.#generation,
        leaderId: this.#leader,
        memberId: member.id,
        groupProtocol: member.protocol.name,
        members: isLeader ? members.map(({ id, protocol }) => ({ memberId: id, memberMetadata: protocol.metadata })) : [],
      });
      member.joining = undefined;
    }
  }

  #heard(memberId: string, generation: number): GroupMember {
    const member = this.#members.get(memberId);
    if (member === undefined) throw protocolError('UNKNOWN_MEMBER_ID');
    if (generation !== this.#generation) throw protocolError('ILLEGAL_GENERATION');
    member.seenMs = this.#clock.steadyMs;
    return member;
  }

  #assignmentOf(id: string): Buffer {
    return this.#assignment.get(id) ?? Buffer.alloc(0);
  }
}
