import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMeter } from './meter.ts';
import { createSenders } from './senders.ts';

const resource = {
  'service.name': 'orders',
  'service.version': '1.2.3',
  'service.instance.id': 'a',
  'deployment.environment': 'test',
  'telemetry.sdk.name': 'opentelemetry',
  'telemetry.sdk.language': 'nodejs',
  'telemetry.sdk.version': '3.0.0',
  'process.pid': 42,
};

test('a sender is listed with what it says about itself, and with what was kept and lost', () => {
  let time = 60_000;
  const senders = createSenders(() => time);
  const spans = senders.tally('spans');
  for (let count = 0; count < 20; count += 1) spans.add(resource, { kept: 1, dropped: count === 0 ? 3 : 0 });
  spans.add(resource, { kept: 0, rejected: 2 });
  expect(senders.list().senders).toEqual([]);
  spans.commit();
  time += 10_000;
  const lines = senders.tally('logs');
  lines.add({ ...resource }, { kept: 5 });
  lines.commit();
  const [sender, ...others] = senders.list().senders;
  expect(others).toEqual([]);
  expect(sender).toMatchObject({
    service: 'orders',
    version: '1.2.3',
    instance: 'a',
    environment: 'test',
    sdk: 'opentelemetry nodejs 3.0.0',
    attributes: resource,
    firstSeen: 60_000,
    lastSeen: 70_000,
    spans: { total: 20, perSecond: 2 },
    logs: { total: 5, perSecond: 5 },
    points: { total: 0, perSecond: 0 },
    rejected: 2,
    dropped: 3,
  });
});

test('another version is another sender, also in a container that keeps its name and its process id', () => {
  const senders = createSenders();
  for (const version of ['1.2.3', '1.2.4']) {
    const tally = senders.tally('logs');
    tally.add({ ...resource, 'service.version': version }, { kept: 1 });
    tally.commit();
  }
  expect(
    senders
      .list()
      .senders.map(({ version }) => version)
      .toSorted(),
  ).toEqual(['1.2.3', '1.2.4']);
});

test('a restarted process is another sender, and the one that was silent for longest is forgotten', () => {
  const senders = createSenders();
  for (let instance = 0; instance < 101; instance += 1) {
    const tally = senders.tally('spans');
    tally.add({ ...resource, 'service.instance.id': `i${instance}` }, { kept: 1 });
    tally.commit();
  }
  const { senders: listed, forgotten } = senders.list();
  expect(listed).toHaveLength(100);
  expect(listed.map(({ instance }) => instance)).not.toContain('i0');
  expect(forgotten).toBe(1);
});

test('equal refusals are counted in one row, and their number is bounded', () => {
  const senders = createSenders();
  senders.refused('curl/8', 415, 'Send protobuf.');
  senders.refused('curl/8', 415, 'Send protobuf.');
  for (let count = 0; count < 49; count += 1) senders.refused('', 400, `reason ${count}`);
  const { refusals } = senders.list();
  expect(refusals).toHaveLength(50);
  expect(refusals.at(-1)).toMatchObject({ from: 'curl/8', status: 415, count: 2 });
});

test('the rate of the last minute is that of the events of the last minute, whatever the clock does', () => {
  const steps = fc.array(fc.record({ count: fc.nat(100), wait: fc.integer({ min: -5000, max: 20_000 }) }));
  fc.assert(
    fc.property(steps, (all) => {
      const meter = createMeter();
      const events: Array<{ time: number; count: number }> = [];
      let time = 1_000_000;
      // A clock that was put back counts in the second that it had reached.
      let reached = 0;
      for (const { count, wait } of all) {
        time += wait;
        reached = Math.max(reached, time);
        meter.add(count, time);
        if (count > 0) events.push({ time: reached, count });
        const since = Math.floor(reached / 1000) - 60;
        const recent = events.filter((event) => Math.floor(event.time / 1000) > since);
        const sum = recent.reduce((total, event) => total + event.count, 0);
        const { perSecond, total } = meter.read(time);
        expect(total).toBe(events.reduce((whole, event) => whole + event.count, 0));
        expect(perSecond).toBeLessThanOrEqual(sum);
        expect(perSecond * 60).toBeGreaterThanOrEqual(sum * (1 - 1e-9));
      }
    }),
  );
});
