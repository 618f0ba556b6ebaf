import type { Socket } from 'node:net';
import { ThriftError } from './thrift-wire.js';

/** What a socket has sent, handed out in pieces of the size asked for. One reader. */
export class ByteSource {
  readonly #chunks: Buffer[] = [];
  #held = 0;
  #end: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: Socket, maxHeldBytes: number) {
    const woken = (): void => {
      this.#wake?.();
      this.#wake = undefined;
    };
    const over = (why: Error): void => {
      this.#end ??= why;
      woken();
    };
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk);
      this.#held += chunk.length;
      // A peer that sends without being asked is cut off, so that it cannot fill our memory.
      if (this.#held > maxHeldBytes) {
        over(new ThriftError(`the node sent more than ${maxHeldBytes} bytes`));
        socket.destroy();
      }
      woken();
    });
    socket.on('end', () => over(new ThriftError('the node closed the connection')));
    socket.on('close', () => over(new ThriftError('the connection was closed')));
    socket.on('error', (error) => over(new ThriftError(`the connection broke: ${error.message}`)));
  }

  /** Resolves with exactly `count` bytes. Rejects when the connection ends before. */
  async take(count: number): Promise<Buffer> {
    while (this.#held < count) {
      if (this.#end !== undefined) throw this.#end;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const first = this.#chunks[0] as Buffer;
    if (first.length < count) {
      const joined = Buffer.concat(this.#chunks);
      this.#chunks.length = 0;
      this.#chunks.push(joined);
      return this.take(count);
    }
    this.#held -= count;
    if (first.length === count) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(count);
    return first.subarray(0, count);
  }
}
