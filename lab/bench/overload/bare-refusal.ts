import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeRequestId, afterRequestId, status } from '../../../src/http/limits/overloaded.ts';
import { securityHeaders } from '../../../src/http/hardening/security-headers.ts';

/** The least that a refusal can cost with Node's HTTP server: the service's own answer, always, and nothing else. */

const requestId = '0'.repeat(36);
const body = `${beforeRequestId}${requestId}${afterRequestId}}`;
const headers = [
  'content-type',
  'application/problem+json; charset=utf-8',
  ...Object.entries(securityHeaders).flat(),
  'retry-after',
  '1',
  'x-request-id',
  requestId,
  'content-length',
  String(body.length),
];

const server = createServer((_request, response) => {
  response.writeHead(status, headers).end(body);
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ url: `http://127.0.0.1:${port}` });
});
