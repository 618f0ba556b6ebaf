import type { Config } from './config.js';
import { openEmbedded } from './log/embedded.js';
import type { OpenLog, OpenLogPorts } from './open-log.js';

/** Log and journal of one process in a folder. Throws LOG_LOCKED, LOG_FORMAT, LOG_DAMAGED. */
export function openEmbeddedLog({ log: { dir } }: Config, { clock, logger, freeSpace, damaged, broken }: OpenLogPorts): OpenLog {
  const store = openEmbedded({ dir, clock, ...(freeSpace === undefined ? {} : { freeSpace }) });
  let full: string | undefined;
  store.onDamaged(({ partition, key, store: where }) => {
    damaged();
    logger.error({ partition, key, store: where }, 'a stored value does not match its checksum; it is set aside under "damaged"');
  });
  store.onBroken(broken);
  store.onFull((why) => {
    full = why?.message;
    if (why === undefined) logger.info('the disk has space again; the router goes on');
    else logger.error({ err: why }, 'the disk is full');
  });
  return {
    log: store,
    journal: store,
    view: { log: store, journal: store },
    letters: undefined,
    trimmable: store,
    startRaw: () => undefined,
    rawTotals: () => new Map(),
    problem: () => full,
    lost: (_partition, error) => broken(error),
    share: () => 1,
    trim: async () => undefined,
    close: () => store.close(),
  };
}
