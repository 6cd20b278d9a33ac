import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { teaOrder } from '../support/clients/api-client.ts';
import { openConnection } from '../support/clients/raw-connection.ts';
import { spawnTracedService, type TracedService } from '../support/processes/traced-service.ts';

// Node's parser, which knows no request, answers for what is malformed. Its log lines still lead to the right trace, or to none.

const body = JSON.stringify(teaOrder);
const head = [
  'POST /orders HTTP/1.1',
  'host: shop.test',
  'authorization: Bearer shop-key',
  'content-type: application/json',
].join('\r\n');

describe.each(['lean', 'auto'])('in %s mode', (mode) => {
  let traced: TracedService;
  beforeAll(async () => {
    traced = await spawnTracedService({
      TELEMETRY_INSTRUMENTATION: mode,
      HTTP_HEADERS_TIMEOUT: '500ms',
      HTTP_REQUEST_TIMEOUT: '500ms',
    });
  });
  afterAll(() => traced[Symbol.asyncDispose]());

  test.each([
    ['has a malformed chunk', 'transfer-encoding: chunked\r\n\r\nno chunk\r\n', 400],
    ['is late', `content-length: ${body.length}\r\n\r\n${body.slice(0, 10)}`, 408],
  ])('the log line of a request whose body %s has the trace of its answer', async (_fault, rest, status) => {
    await using client = await openConnection(traced.process.url);
    client.send(`${head}\r\n${rest}`);
    const answer = await client.answer();
    expect(answer?.status).toBe(status);
    const line = await traced.requestLine(answer?.headers.get('x-request-id') ?? '');
    const ids = answer?.headers.get('traceparent')?.split('-');
    expect(line).toMatchObject({ status, trace_id: ids?.[1], span_id: ids?.[2] });
  });

  test('the log line about malformed bytes behind a request does not have the trace of that request', async () => {
    await using client = await openConnection(traced.process.url);
    client.send(`${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}no HTTP\r\n\r\n`);
    expect((await client.answer())?.status).toBe(201);
    const refused = await client.answer();
    expect(refused?.status).toBe(400);
    const requestId = refused?.headers.get('x-request-id');
    const line = await traced.line('http.unreadable', 'request_id', requestId);
    expect(line).not.toHaveProperty('trace_id');
  });
});
