import { afterEach, expect, test } from '@jest/globals';
import { PipelineBench } from '#test/support/pipeline-bench.js';
import { type Recording, recordings, recordingsFolder } from './recordings.js';

/** A live route that takes every alert and calls nothing, with every list, so that each meaning becomes a run or an outcome of its own. */
const quiet = (id: string) => [{ id, use: 'slack.message', when: 'false', with: { channel: '#x', text: 'x' } }];
const MAPPING = {
  routes: {
    'alertmanager.alert': [{ name: 'all', actions: quiet('a'), reopened: quiet('b'), resolved: quiet('c') }],
  },
};

/** The recordings' wording → ours. A later start soon after the close continues the incident, so it reopens too. */
const MEANINGS: Readonly<Record<string, string>> = {
  opens: 'opens',
  'opens again (new startsAt)': 'reopens',
  'reopens (startsAt already closed)': 'reopens',
  'repeat of an open alert': 'repeat',
  'repeat of a closed alert': 'repeat',
  'repeat, startsAt later': 'repeat',
  closes: 'closes',
  'closes again with the same endsAt (the reopening was stale)': 'closes-stale',
  'closes what was never seen firing': 'orphan',
};

const benches: PipelineBench[] = [];
afterEach(async () => {
  await Promise.all(benches.splice(0).map((bench) => bench.close()));
});

async function open(): Promise<PipelineBench> {
  const bench = new PipelineBench(MAPPING);
  benches.push(bench);
  await bench.start();
  return bench;
}

async function totals(bench: PipelineBench): Promise<Recording['whatTheRequestsTell']> {
  const incidents = await bench.incidents();
  const occurrences = incidents.reduce((sum, incident) => sum + (incident.closedAs === 'orphan' ? 1 : incident.occurrences), 0);
  const firing = incidents.filter(({ state }) => state === 'open').length;
  return { occurrences, firing, resolved: occurrences - firing, reopened: incidents.reduce((sum, incident) => sum + incident.reopened, 0) };
}

const all = recordings(recordingsFolder());

test('there are recordings to replay', () => {
  expect(all.length).toBeGreaterThan(20);
});

test.each(all.map((recording) => [recording.name, recording] as const))(
  '%s: each alert means what its index says, and the counts agree',
  async (_name, recording) => {
    const bench = await open();
    for (const { accepted, body, alerts } of recording.requests) {
      if (!accepted) continue;
      const events = await bench.post(body);
      const meaningOf = new Map(bench.ended.map(({ eventId, meaning }) => [eventId, meaning]));
      const meanings = events.map(({ id }) => meaningOf.get(id));
      expect(meanings).toEqual(alerts.map(({ meaning }) => MEANINGS[meaning]));
    }
    expect(await totals(bench)).toEqual(recording.whatTheRequestsTell);
    expect(bench.pipeline?.partitions()[0]?.conservation).toBe(0);
  },
);

test.each(all.map((recording) => [recording.name, recording] as const))(
  '%s: every request doubled changes nothing but repeats',
  async (_name, recording) => {
    const bench = await open();
    for (const { accepted, body } of recording.requests) {
      if (!accepted) continue;
      await bench.post(body);
      const second = await bench.post(body);
      const meaningOf = new Map(bench.ended.map(({ eventId, meaning }) => [eventId, meaning]));
      for (const { id } of second) expect(meaningOf.get(id)).toBe('repeat');
    }
    expect(await totals(bench)).toEqual(recording.whatTheRequestsTell);
  },
);

test.each(all.map((recording) => [recording.name, recording] as const))(
  '%s: a restart between any two requests changes nothing',
  async (_name, recording) => {
    const bench = await open();
    for (const { accepted, body } of recording.requests) {
      if (!accepted) continue;
      await bench.post(body);
      await bench.stop();
      await bench.start();
    }
    expect(await totals(bench)).toEqual(recording.whatTheRequestsTell);
    expect(bench.pipeline?.partitions()[0]?.conservation).toBe(0);
  },
);

test.each(all.map((recording) => [recording.name, recording] as const))(
  '%s: a crash between any answer and what follows from it changes nothing',
  async (_name, recording) => {
    const bench = new PipelineBench(MAPPING);
    benches.push(bench);
    for (const { accepted, body } of recording.requests) {
      if (!accepted) continue;
      await bench.start({ paused: true });
      const events = await bench.accept(body);
      await bench.stop();
      await bench.start();
      await bench.settled(events.map(({ id }) => id));
      await bench.stop();
    }
    await bench.start();
    expect(await totals(bench)).toEqual(recording.whatTheRequestsTell);
    expect(bench.pipeline?.partitions()[0]?.conservation).toBe(0);
  },
);
