import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { runProcess } from '../../src/process.ts';
import { loadSimulatorConfig } from './config.ts';
import { createOperations } from './operations.ts';

/**
 * Stands for the dependency that confirms bookings. It answers a key once and for all, rejects references that begin with
 * `no-`, and breaks on demand: `PUT /faults {"errorRate":1}`, `PUT /faults {"delayMs":5000}`, `DELETE /faults`.
 */

const requestBody = Compile(Type.Object({ reference: Type.String(), quantity: Type.Integer() }));
const faultsBody = Compile(
  Type.Object(
    {
      errorRate: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
      delayMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
    },
    { additionalProperties: false },
  ),
);

await runProcess(async () => {
  const { host, port } = loadSimulatorConfig();
  const confirmations = new Map<string, string>();
  let faults: { errorRate?: number; delayMs?: number } = {};
  const operate = createOperations(() => Object.keys(faults));

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url } = request;
    const body = await readJson(request);
    const operation = await operate(method ?? '', url ?? '', body);
    if (operation)
      return void response
        .writeHead(operation.status, { 'content-type': operation.type })
        .end(operation.text);
    if (url === '/faults' && method === 'DELETE') {
      faults = {};
      return send(response, 200, faults);
    }
    if (url === '/faults' && method === 'PUT') {
      if (!faultsBody.Check(body)) return send(response, 400, { reason: 'send errorRate or delayMs' });
      faults = body;
      return send(response, 200, faults);
    }
    if (url === '/confirmations' && method === 'GET')
      return send(response, 200, { count: confirmations.size });
    if (url !== '/confirmations' || method !== 'POST') return send(response, 404, { reason: 'not_found' });

    if (faults.delayMs) await new Promise((resolve) => setTimeout(resolve, faults.delayMs));
    if (Math.random() < (faults.errorRate ?? 0)) return send(response, 500, { reason: 'as_asked' });
    const key = request.headers['idempotency-key'];
    if (typeof key !== 'string' || !requestBody.Check(body))
      return send(response, 400, { reason: 'malformed' });
    if (body.reference.startsWith('no-')) return send(response, 422, { reason: 'not_available' });
    const confirmationId = confirmations.get(key) ?? `cf_${randomUUID()}`;
    confirmations.set(key, confirmationId);
    send(response, 201, { confirmationId });
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => send(response, 500, { reason: 'defect' }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen({ host, port }, resolve);
  });
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
  return {
    announcement: { type: 'listening', url },
    closeDeadline: 2000,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
});

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return undefined;
  }
}
