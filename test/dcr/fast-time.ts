import { systemClock } from '#runtime/clock.js';
import { fastClock } from './fast-clock.js';

/**
 * Preloaded into a process (`node --import …/test/dist/dcr/fast-time.js`), lets its clock run TIME_FACTOR times as fast, from TIME_FROM_MS on: every wait, time-out and date that
 * goes through the clock port. Sockets keep real time, so that their deadlines stay what they are. Processes started with the same two variables agree about the time.
 */
const factor = Number(process.env.TIME_FACTOR ?? '1');
const fromMs = Number(process.env.TIME_FROM_MS ?? Date.now());
Object.assign(systemClock, fastClock({ ...systemClock }, factor, fromMs));
