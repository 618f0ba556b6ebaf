import type { Clock } from '#runtime/clock.js';
import { systemClock } from '#runtime/clock.js';

/**
 * Preloaded into a process (`node --import …/test/dist/dcr/fast-time.js`), lets its clock run TIME_FACTOR times as fast, from TIME_FROM_MS on: every wait, time-out and date that
 * goes through the clock port. Sockets keep real time, so that their deadlines stay what they are. Processes started with the same two variables agree about the time.
 */
const factor = Number(process.env.TIME_FACTOR ?? '1');
const fromMs = Number(process.env.TIME_FROM_MS ?? Date.now());
const real: Clock = { ...systemClock };
const fast = systemClock as { -readonly [K in keyof Clock]: Clock[K] };
fast.nowMs = () => fromMs + (real.nowMs() - fromMs) * factor;
fast.after = (delayMs, fire) => real.after(delayMs / factor, fire);
