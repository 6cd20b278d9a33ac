import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { flagsOf, newTraceparent, traceIdOf } from '../support/clients/trace-context.ts';
import { logsRequest, traceRequest } from '../../lab/console/otlp/messages.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../../lab/harness/otlp-receiver.ts';
import { decode } from '../../lab/console/otlp/protobuf.ts';
import {
  eachWithTracedService,
  samplesOf,
  spawnTracedService,
  valueOf,
} from '../support/processes/traced-service.ts';

/**
 * The standard variables behave as the specification says.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/
 */

const spawn = eachWithTracedService();

/** A second receiver; every service under test already has one. */
let other: OtlpReceiver;
beforeEach(async () => {
  other = await startOtlpReceiver();
});
afterEach(() => other[Symbol.asyncDispose]());

const spansOfOrder = 6;
/** Plus one: the client of the tests reads the OpenAPI document first. */
const spansOf = (orders: number) => 1 + orders * spansOfOrder;
const bothSignals = { OTEL_LOGS_EXPORTER: 'otlp', OTEL_BLRP_SCHEDULE_DELAY: '100' };
const pathsAt = ({ received }: OtlpReceiver) => [...new Set(received.map(({ path }) => path))].toSorted();
const traceparent = (flags: '00' | '01') => ({ traceparent: newTraceparent(flags) });

describe('OTEL_TRACES_SAMPLER', () => {
  test.each([
    ['parentbased_always_on', '03'],
    ['parentbased_always_off', '02'],
    // The specification's fallback for an unknown name and for an empty one.
    ['no_such_sampler', '03'],
    ['', '03'],
  ])(
    'OTEL_TRACES_SAMPLER="%s" follows the caller, and decides itself without one',
    async (sampler, ownDecision) => {
      const { api, process, receiver } = await spawn({ OTEL_TRACES_SAMPLER: sampler });
      const followed = [
        await api.place(teaOrder, traceparent('01')),
        await api.place(teaOrder, traceparent('00')),
        await api.place(),
      ];
      expect(followed.map(({ headers }) => flagsOf(headers))).toEqual(['01', '00', ownDecision]);
      await process.stop();
      for (const { headers } of followed) {
        const spans = receiver.spans.filter(({ traceId }) => traceId === traceIdOf(headers));
        expect(spans).toHaveLength(/[13]$/.test(flagsOf(headers)) ? spansOfOrder : 0);
      }
    },
  );
});

describe('the OTLP endpoint', () => {
  test('OTEL_EXPORTER_OTLP_ENDPOINT gets a path for each signal appended', async () => {
    const tenant = { OTEL_EXPORTER_OTLP_ENDPOINT: `${other.url}/tenant` };
    const { api, receiver } = await spawn({ ...bothSignals, ...tenant });
    await api.place();
    await Promise.all([other.waitForSpan(() => true), other.waitForLog(() => true)]);
    expect(pathsAt(other)).toEqual(['/tenant/v1/logs', '/tenant/v1/traces']);
    expect(receiver.requests).toBe(0);
  });

  test.each([
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', '/v1/logs'],
    ['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT', '/v1/traces'],
  ])('%s is used unchanged, for its signal only', async (variable, rest) => {
    const { api, receiver } = await spawn({
      ...bothSignals,
      [variable]: `${other.url}/all/of/it?key=1`,
    });
    await api.place();
    await expect.poll(() => pathsAt(other)).toEqual(['/all/of/it?key=1']);
    await expect.poll(() => pathsAt(receiver)).toEqual([rest]);
  });
});

describe('an OTLP request', () => {
  test('OTEL_EXPORTER_OTLP_HEADERS go with every request, merged with those of its signal', async () => {
    const { api, receiver } = await spawn({
      ...bothSignals,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc, x-tenant=shop',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-tenant=traces',
      OTEL_EXPORTER_OTLP_LOGS_HEADERS: 'x-extra=logs',
    });
    await api.place();
    await Promise.all([receiver.waitForSpan(() => true), receiver.waitForLog(() => true)]);
    const headersOf = (wanted: string) => receiver.received.find(({ path }) => path === wanted)?.headers;
    expect(headersOf('/v1/traces')).toMatchObject({ authorization: 'Bearer abc', 'x-tenant': 'traces' });
    expect(headersOf('/v1/traces')).not.toHaveProperty('x-extra');
    expect(headersOf('/v1/logs')).toMatchObject({
      authorization: 'Bearer abc',
      'x-tenant': 'shop',
      'x-extra': 'logs',
    });
  });

  test.each([
    ['COMPRESSION=gzip', ['logs gzip', 'traces gzip']],
    ['TRACES_COMPRESSION=gzip', ['logs none', 'traces gzip']],
    ['LOGS_COMPRESSION=gzip', ['logs gzip', 'traces none']],
  ])('OTEL_EXPORTER_OTLP_%s compresses the requests of its signals', async (setting, expected) => {
    const [name = '', value = ''] = setting.split('=');
    const { api, receiver } = await spawn({ ...bothSignals, [`OTEL_EXPORTER_OTLP_${name}`]: value });
    const { headers } = await api.place();
    await receiver.waitForTrace(traceIdOf(headers), spansOfOrder);
    await receiver.waitForLog(({ traceId }) => traceId === traceIdOf(headers));
    const seen = receiver.received.map(
      ({ path, headers: sent }) => `${path.split('/').at(-1)} ${sent['content-encoding'] ?? 'none'}`,
    );
    expect([...new Set(seen)].toSorted()).toEqual(expected);
  });

  test.each(['OTEL_EXPORTER_OTLP_TIMEOUT', 'OTEL_EXPORTER_OTLP_TRACES_TIMEOUT'])(
    '%s is the timeout of a request',
    async (variable) => {
      const { api, receiver, scrape } = await spawn({ [variable]: '200' });
      await receiver.fail('hang');
      await api.place();
      const lost = async () =>
        valueOf(await scrape(), 'telemetry_dropped_total', { signal: 'traces', reason: 'export_failed' });
      // The default is 10 s.
      await expect.poll(lost, { timeout: 8000 }).toBeGreaterThanOrEqual(spansOfOrder);
    },
  );
});

describe('batches of spans', () => {
  test('OTEL_BSP_MAX_EXPORT_BATCH_SIZE bounds a batch of spans', async () => {
    const { api, process, receiver } = await spawn({
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '4',
      // A busy machine has fewer to send after the usual delay.
      OTEL_BSP_SCHEDULE_DELAY: '600000',
    });
    for (let count = 0; count < 3; count += 1) await api.place();
    await process.stop();
    expect(receiver.spans).toHaveLength(spansOf(3));
    const sizes = receiver.received.map(({ body }) => decode(traceRequest, body).length);
    expect(Math.max(...sizes)).toBe(4);
  });

  test('OTEL_BSP_SCHEDULE_DELAY is how long the first span of a batch waits for others', async () => {
    const { api, process, receiver } = await spawn({ OTEL_BSP_SCHEDULE_DELAY: '600000' });
    for (let count = 0; count < 3; count += 1) await api.place();
    expect(receiver.requests).toBe(0);
    await process.stop();
    expect(receiver.requests).toBe(1);
    expect(receiver.spans).toHaveLength(spansOf(3));
  });

  test('OTEL_BSP_EXPORT_TIMEOUT is how long a batch of spans can delay the next', async () => {
    const { api, receiver } = await spawn({
      OTEL_BSP_EXPORT_TIMEOUT: '100',
      OTEL_EXPORTER_OTLP_TIMEOUT: '60000',
    });
    await receiver.fail('hang');
    await api.place();
    // A busy machine sends the spans of one order in several batches.
    await expect.poll(() => receiver.requests).toBeGreaterThanOrEqual(1);
    await api.place();
    // No answer has come, so each further request was not delayed for longer.
    await expect.poll(() => receiver.requests, { timeout: 10_000 }).toBeGreaterThanOrEqual(2);
  });

  test('OTEL_BSP_MAX_QUEUE_SIZE bounds the spans that wait', async () => {
    const { api, process, receiver, scrape } = await spawn({
      OTEL_BSP_MAX_QUEUE_SIZE: '12',
      OTEL_BSP_SCHEDULE_DELAY: '600000',
    });
    await receiver.fail('hang');
    for (let count = 0; count < 6; count += 1) await api.place();
    const lost = { signal: 'traces', reason: 'queue_full' };
    // One batch is in flight, and one waits.
    expect(valueOf(await scrape(), 'telemetry_dropped_total', lost)).toBe(spansOf(6) - 2 * 12);
    await process.kill();
  });
});

describe('batches of log records', () => {
  test('OTEL_BLRP_MAX_EXPORT_BATCH_SIZE bounds a batch of log records', async () => {
    const { api, process, receiver } = await spawn({
      ...bothSignals,
      OTEL_BLRP_MAX_EXPORT_BATCH_SIZE: '2',
      OTEL_BLRP_SCHEDULE_DELAY: '600000',
    });
    for (let count = 0; count < 3; count += 1) await api.place();
    await process.stop();
    expect(receiver.logs.map(({ eventName }) => eventName)).toContain('orders.http.request');
    const bodies = receiver.received.filter(({ path }) => path === '/v1/logs').map(({ body }) => body);
    expect(Math.max(...bodies.map((body) => decode(logsRequest, body).length))).toBe(2);
  });

  test('OTEL_BLRP_SCHEDULE_DELAY is how long the first log record of a batch waits for others', async () => {
    const { api, process, receiver } = await spawn({ ...bothSignals, OTEL_BLRP_SCHEDULE_DELAY: '600000' });
    await api.place();
    await receiver.waitForSpan(() => true);
    expect(receiver.logs).toEqual([]);
    await process.stop();
    expect(receiver.logs.map(({ eventName }) => eventName)).toContain('orders.http.request');
  });

  test('OTEL_BLRP_MAX_QUEUE_SIZE bounds the log records that wait, and losses are counted', async () => {
    const { api, receiver, scrape } = await spawn({
      ...bothSignals,
      OTEL_BLRP_MAX_QUEUE_SIZE: '2',
      OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: '200',
    });
    await receiver.fail('hang');
    for (let count = 0; count < 10; count += 1) await api.place();
    const lost = async (reason: string) =>
      valueOf(await scrape(), 'telemetry_dropped_total', { signal: 'logs', reason });
    await expect.poll(() => lost('queue_full'), { timeout: 10_000 }).toBeGreaterThan(0);
    await expect.poll(() => lost('export_failed'), { timeout: 10_000 }).toBeGreaterThan(0);
  });

  test('OTEL_LOGS_EXPORTER=none exports no log records, and the series of losses exist anyway', async () => {
    const { api, process, receiver, scrape } = await spawn({ OTEL_LOGS_EXPORTER: 'none' });
    const series = samplesOf(await scrape(), 'telemetry_dropped_total', { signal: 'logs' });
    expect(series.map(({ labels, value }) => `${labels['reason']} ${value}`).toSorted()).toEqual([
      'export_failed 0',
      'failed 0',
      'overflow 0',
      'queue_full 0',
      'rejected 0',
    ]);
    await api.place();
    await process.stop();
    expect(pathsAt(receiver)).toEqual(['/v1/traces']);
  });
});

describe('the resource', () => {
  test('spans and log records share a resource, with an instance id per process', async () => {
    const services = [await spawn(bothSignals), await spawnTracedService(bothSignals)];
    const ids: unknown[] = [];
    for (const { receiver } of services) {
      const span = await receiver.waitForSpan(() => true);
      const log = await receiver.waitForLog(() => true);
      expect(log.resource).toEqual(span.resource);
      ids.push(span.resource['service.instance.id']);
    }
    await services[1]?.[Symbol.asyncDispose]();
    expect(ids).toEqual([expect.stringMatching(/^[\w-]{36}$/), expect.stringMatching(/^[\w-]{36}$/)]);
    expect(ids[0]).not.toBe(ids[1]);
  });

  test('OTEL_RESOURCE_ATTRIBUTES overrides detected attributes and decodes escapes', async () => {
    const { receiver } = await spawn({
      OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=replica-7,team=tea%2C%20coffee,service.name=ignored',
      OTEL_SERVICE_NAME: 'shop',
    });
    const { resource } = await receiver.waitForSpan(() => true);
    expect(resource).toMatchObject({
      'service.instance.id': 'replica-7',
      'service.name': 'shop',
      team: 'tea, coffee',
    });
  });
});

test('an empty variable behaves like an unset one', async () => {
  const names = ['TRACES_SAMPLER', 'TRACES_EXPORTER', 'LOGS_EXPORTER', 'PROPAGATORS', 'SDK_DISABLED'];
  const batch = ['MAX_QUEUE_SIZE', 'MAX_EXPORT_BATCH_SIZE', 'EXPORT_TIMEOUT'];
  const all = [...names, 'SERVICE_NAME', 'EXPORTER_OTLP_HEADERS', 'EXPORTER_OTLP_TIMEOUT'];
  const empty = [...all, ...batch.flatMap((name) => [`BSP_${name}`, `BLRP_${name}`])];
  const { api, receiver } = await spawn(Object.fromEntries(empty.map((name) => [`OTEL_${name}`, ''])));
  const { headers } = await api.place();
  const [root] = await receiver.waitForTrace(traceIdOf(headers), spansOfOrder);
  expect(root?.span.resource['service.name']).toBe('orders');
  await receiver.waitForLog(({ traceId }) => traceId === traceIdOf(headers));
});
