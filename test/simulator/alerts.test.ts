import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parseExposition } from '../../lab/harness/exposition.ts';
import { useSimulator } from '../support/processes/simulator.ts';

const simulator = useSimulator();

const alert = (fingerprint: string, more: object = {}) => ({
  status: 'firing',
  labels: { alertname: 'CircuitBreakerOpen', severity: 'page' },
  annotations: { summary: 'cut off' },
  startsAt: '2026-11-01T10:00:00Z',
  endsAt: '0001-01-01T00:00:00Z',
  fingerprint,
  ...more,
});
const send = (...alerts: object[]) =>
  // Alertmanager's own format, with members that the simulator ignores.
  simulator.call('POST', '/alerts', {
    body: { version: '4', groupKey: '{}', receiver: 'page', status: 'firing', alerts },
  });
const shown = async () => (await simulator.callJson('GET', '/alerts')).body;

test('GET /alerts shows the latest state of each alert, newest first', async () => {
  await simulator.call('DELETE', '/alerts');
  expect(await send(alert('a'), alert('b'))).toMatchObject({ status: 204 });
  await send(alert('a', { status: 'resolved' }));
  expect(await shown()).toMatchObject({
    alerts: [
      { fingerprint: 'a', status: 'resolved', receiver: 'page' },
      { fingerprint: 'b', status: 'firing', annotations: { summary: 'cut off' } },
    ],
  });
  expect(simulator.log).toContain('CircuitBreakerOpen');
});

test('a heartbeat is not an alert and sets heartbeatAt', async () => {
  await simulator.call('DELETE', '/alerts');
  const before = new Date().toISOString();
  await send(alert('w', { labels: { alertname: 'Watchdog', severity: 'heartbeat' } }));
  const { alerts, heartbeatAt } = (await shown()) as { alerts: unknown[]; heartbeatAt: string };
  expect(alerts).toEqual([]);
  expect(heartbeatAt >= before).toBe(true);
});

test('GET /alerts keeps the newest 500 alerts of a flood', async () => {
  await simulator.call('DELETE', '/alerts');
  await send(...Array.from({ length: 600 }, (_, index) => alert(`flood-${index}`)));
  const { alerts } = (await shown()) as { alerts: Array<{ fingerprint: string }> };
  expect(alerts).toHaveLength(500);
  expect(alerts[0]?.fingerprint).toBe('flood-599');
});

test('POST /alerts refuses a malformed notification with invalid_request', async () => {
  const { status, body } = await simulator.callJson('POST', '/alerts', { body: { alerts: [{}] } });
  expect(status).toBe(400);
  expect(body).toMatchObject({ code: 'invalid_request' });
});

test('GET /runbooks serves every runbook and no other file', async () => {
  for (const name of await readdir('docs/runbooks')) {
    const { status, text } = await simulator.call('GET', `/runbooks/${name}`);
    expect({ status, text }).toEqual({ status: 200, text: await readFile(`docs/runbooks/${name}`, 'utf8') });
  }
  for (const name of ['..%2Fslo.md', '%2e%2e%2fREADME.md', '/etc/passwd', 'slo.md', 'no-such.md']) {
    expect([400, 404]).toContain((await simulator.call('GET', `/runbooks/${name}`)).status);
  }
});

test('GET /metrics exposes the current faults', async () => {
  const active = async () => {
    const { text } = await simulator.call('GET', '/metrics');
    const { samples } = parseExposition(text, 'prometheus');
    return samples.filter(({ value }) => value === 1).map(({ labels }) => labels['fault']);
  };
  expect(await active()).toEqual([]);
  await simulator.faults({ errorRate: 0.5, latencyJitterMs: 10 });
  expect(await active()).toEqual(['latency', 'error']);
});
