import { systemClock } from '#runtime/clock.js';
import { openEmbedded } from '#runtime/log/embedded.js';

/** Writes until it is killed, and prints each number once its event and its pair of journal entries are durable. */
const [dir = ''] = process.argv.slice(2);
const log = openEmbedded({ dir, clock: systemClock });

for (let n = 0; n < 100_000; n += 4) {
  const batch = [n, n + 1, n + 2, n + 3];
  await Promise.all(
    batch.map(async (one) => {
      await log.append([{ key: 'k', value: Buffer.from(String(one)) }]);
      await log.put(0, [
        { key: `left/${one}`, value: one },
        { key: `right/${one}`, value: one },
      ]);
    }),
  );
  process.stdout.write(`${batch.at(-1)}\n`);
}
