import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startSimulator } from '../../lab/simulator/server.ts';
import { send } from '../support/clients/http-exchange.ts';
import { useSimulator } from '../support/processes/simulator.ts';

const simulator = useSimulator();

test('the simulator refuses pages of other sites, whatever they ask for', async () => {
  const status = async (method: string, path: string, headers: Record<string, string>) =>
    (await send(simulator.url, { method, path, headers })).status;
  for (const [method, path] of [
    ['GET', '/ledger'],
    ['PUT', '/faults'],
    ['DELETE', '/ledger'],
    ['PUT', '/network/postgres'],
    ['POST', '/charges'],
  ] as const) {
    expect(await status(method, path, { host: 'evil.example' }), path).toBe(403);
    expect(await status(method, path, { origin: 'https://evil.example' }), path).toBe(403);
  }
  for (const host of ['10.0.0.7:7072', 'localhost', '[::1]:7072'])
    expect(await status('GET', '/ledger', { host }), host).toBe(200);
  const named = await startSimulator({
    host: '127.0.0.1',
    port: 0,
    logger: pino({ enabled: false }),
    allowedHosts: ['simulator'],
  });
  try {
    const answer = await send(named.url, {
      method: 'GET',
      path: '/health',
      headers: { host: 'simulator:7072' },
    });
    expect(answer.status).toBe(200);
  } finally {
    await named.close();
  }
});
