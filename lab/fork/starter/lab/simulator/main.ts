import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { refuseArguments } from '../../src/arguments.ts';
import { StartupError } from '../../src/errors.ts';
import { unusableAddress } from '../../src/http/listen.ts';
import { runProcess } from '../../src/process.ts';
import { loadSimulatorConfig } from './config.ts';
import { active, faultsIn, noFaults } from './faults.ts';
import { createOperations } from './operations.ts';

/**
 * Stands for the dependency that confirms bookings. It answers a key once and for all, rejects references that begin with
 * `no-`, and breaks on demand: `PUT /faults {"errorRate":1}`, `PUT /faults {"delayMs":5000}`, `DELETE /faults`.
 */

const requestBody = Compile(Type.Object({ reference: Type.String(), quantity: Type.Integer() }));
refuseArguments();
await runProcess(async () => {
  const { host, port } = loadSimulatorConfig();
  const confirmations = new Map<string, string>();
  let faults = noFaults;
  const operate = createOperations(() => active(faults));

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url } = request;
    const body = await readJson(request);
    const operation = await operate(method ?? '', url ?? '', body);
    if (operation)
      return void response
        .writeHead(operation.status, { 'content-type': operation.type })
        .end(operation.text);
    if (url === '/faults' && method === 'PUT') {
      const wanted = faultsIn(body);
      if (wanted === undefined) return send(response, 400, { detail: 'Send errorRate, delayMs or both.' });
      faults = wanted;
    } else if (url === '/faults' && method === 'DELETE') faults = noFaults;
    if (url === '/faults') return send(response, 200, faults);
    // The books of the dependency: what it has confirmed, by key.
    if (url === '/confirmations' && method === 'GET')
      return send(response, 200, {
        count: confirmations.size,
        confirmations: Object.fromEntries(confirmations),
      });
    if (url !== '/confirmations' || method !== 'POST') return send(response, 404, { reason: 'not_found' });

    if (faults.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.delayMs));
    if (Math.random() < faults.errorRate) return send(response, 500, { reason: 'as_asked' });
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
    const fail = (error: Error) => {
      const message = unusableAddress(error, { host, port }, 'SIMULATOR_PORT');
      reject(message === undefined ? error : new StartupError(message, { cause: error }));
    };
    server.once('error', fail).listen({ host, port }, resolve);
  });
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
  return {
    announcement: { type: 'listening', url },
    closeDeadline: 5000,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
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
