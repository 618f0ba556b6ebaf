import assignerProtocol from 'kafkajs/src/consumer/assignerProtocol.js';

const { MemberAssignment, MemberMetadata } = assignerProtocol;
const NAME = 'sre-router-sticky';
/** Version 0 of the member's metadata: strict brokers refuse a version 1 without its further fields. */
const VERSION = 0;

/**
 * Who gets which partition. Pure: every member keeps what it has, up to its fair share; the rest goes to whoever has least. A partition that two members claim
 * (one of them missed a generation) goes to the one with the newer claim, then to the smaller id.
 */
export function assignSticky(
  partitions: readonly number[],
  members: readonly { readonly id: string; readonly owned: readonly number[]; readonly generation: number }[],
): Map<string, number[]> {
  const sorted = [...members].sort((a, b) => b.generation - a.generation || (a.id < b.id ? -1 : 1));
  const given = new Map(sorted.map(({ id }) => [id, [] as number[]]));
  const least = Math.floor(partitions.length / Math.max(1, sorted.length));
  let extras = partitions.length - least * sorted.length;
  const free = new Set(partitions);
  for (const { id, owned } of sorted) {
    const kept = given.get(id) ?? [];
    for (const partition of owned) {
      if (!free.has(partition) || kept.length >= least + (extras > 0 ? 1 : 0)) continue;
      if (kept.length === least) extras -= 1;
      kept.push(partition);
      free.delete(partition);
    }
  }
  for (const partition of [...free].sort((a, b) => a - b)) {
    const [, poorest] = [...given].reduce((best, entry) => (entry[1].length < best[1].length ? entry : best));
    poorest.push(partition);
  }
  for (const list of given.values()) list.sort((a, b) => a - b);
  return given;
}

interface Member {
  readonly memberId: string;
  readonly memberMetadata: Buffer;
}

export interface AssignerPorts {
  readonly topic: string;
  partitions(): readonly number[];
  /** What this member owns now, and since which generation: told to the leader at each join. */
  owned(): { readonly partitions: readonly number[]; readonly generation: number };
}

/** kafkajs' form of it. What a member owns travels as user data. */
export function stickyAssigner({ topic, partitions, owned }: AssignerPorts): object {
  return {
    name: NAME,
    version: VERSION,
    protocol: ({ topics }: { topics: readonly string[] }) => ({
      name: NAME,
      metadata: MemberMetadata.encode({ version: VERSION, topics, userData: Buffer.from(JSON.stringify(owned())) }),
    }),
    assign: async ({ members }: { members: readonly Member[] }) => {
      const claims = members.map(({ memberId, memberMetadata }) => ({ id: memberId, ...readClaim(memberMetadata) }));
      const given = assignSticky(partitions(), claims);
      return [...given].map(([memberId, list]) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({ version: VERSION, assignment: { [topic]: list }, userData: Buffer.alloc(0) }),
      }));
    },
  };
}

function readClaim(metadata: Buffer): { owned: readonly number[]; generation: number } {
  try {
    const { userData } = MemberMetadata.decode(metadata);
    const claim = JSON.parse(userData?.toString('utf8') ?? '') as { partitions?: unknown; generation?: unknown };
    const owned = Array.isArray(claim.partitions) ? claim.partitions.filter((value): value is number => Number.isInteger(value)) : [];
    return { owned, generation: typeof claim.generation === 'number' ? claim.generation : -1 };
  } catch {
    // Another release, or a stranger: it owns nothing as far as we know.
    return { owned: [], generation: -1 };
  }
}
