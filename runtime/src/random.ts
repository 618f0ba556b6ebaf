import { randomBytes } from 'node:crypto';
import type { Random } from './clock.js';

export const systemRandom: Random = {
  fraction: () => Math.random(),
  hex: (count) => randomBytes(count).toString('hex'),
};
