import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

/** docs/scaling.md computes from figures of other pages, which are measured again from time to time. */

const read = (file: string) => readFile(`docs/${file}`, 'utf8');
const page = await read('scaling.md');

const grouped = (value: number) => Math.floor(value).toLocaleString('en-US');

/** The figures of the row `service`: medians, without their ranges. */
async function serviceRow() {
  const [row = ''] = /^\| service {2,}\|.+$/m.exec(await read('benchmarks/orders.md')) ?? [];
  const cells = row.split('|').map((cell) => Number.parseFloat(cell));
  return {
    cpu: cells[3] ?? Number.NaN,
    roundTrips: cells[6] ?? Number.NaN,
    postgres: cells[7] ?? Number.NaN,
  };
}

test('docs/scaling.md cites the figures of an order as they were measured last', async () => {
  const { cpu, roundTrips, postgres } = await serviceRow();
  expect(page).toContain(`| processor time of the service | ${cpu} µs |`);
  expect(page).toContain(`| PostgreSQL's time in statements | ${postgres} µs |`);
  expect(page).toContain(`${roundTrips.toFixed(3)} in batches, 2.000 without`);
  const [refusal] =
    /(?<=A refusal takes )\d+ µs of processor time/.exec(await read('benchmarks/overload.md')) ?? [];
  expect(page).toContain(`| a request that is refused | ${refusal} |`);
  const telemetry = await read('telemetry-cost.md');
  expect(telemetry).toMatch(/\| log, lines on stdout +\| 1 +\| 575 +\| 86 +\| 85 /);
  expect(telemetry).toMatch(/\| spans, lean, 100 % +\| 6\.00 +\| 1913 +\| 260 +\| 240 /);
});

test('docs/scaling.md computes what it concludes', async () => {
  const { cpu, roundTrips, postgres } = await serviceRow();
  // Not 0.6 times the whole: for 96 µs that is 6,249.999… in place of 6,250.
  const [perReplica, perCore] = [6e5 / cpu, 6e5 / postgres];
  expect(page).toContain(`= ${grouped(1e6 / cpu)} | ${grouped(perReplica)} |`);
  expect(page).toContain(`= ${grouped(1e6 / postgres)} | ${grouped(perCore)} |`);
  expect(page).toContain(`, ${grouped(perCore)} orders a second per core as planned above`);
  for (const load of [10_000, 100_000]) {
    const replicas = Math.ceil(load / perReplica);
    const cores = Math.ceil(load / perCore);
    expect(page).toContain(`| ${grouped(load)} | ${replicas} | ${cores} | ${12 * replicas} |`);
  }
  expect(page).toContain(`${grouped(Math.round(10_000 * roundTrips))} a second at 10,000`);
  const [service, database] = [cpu / 3600, postgres / 3600];
  expect(page).toContain(`| the service | ${service.toFixed(3)} core hours |`);
  expect(page).toContain(`| PostgreSQL | ${database.toFixed(3)} core hours |`);
  expect(page).toContain(`| ${((service + database) / 0.6).toFixed(3)} core hours |`);
});
