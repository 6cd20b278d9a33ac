import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { largestProfile } from '../../lab/evidence/admin-listener.ts';
import type { Capture } from '../../lab/evidence/captures.ts';
import { spawnServiceProcess } from '../../lab/harness/service-process.ts';
import { send } from '../support/clients/http-exchange.ts';
import { anAlert, captured, hostOf, notify, useEvidence } from '../support/processes/evidence.ts';
import { serviceEnvironment, spawnService, spawnSurroundings } from '../support/processes/spawn-service.ts';

const run = promisify(execFile);

/** What the receiver of Alertmanager's webhooks does not do, whatever is sent to it and whoever answers it. */

const evidence = useEvidence();

test('links to EVIDENCE_URL are answered through a proxy that passes on their host, and those to another name are not', async () => {
  const { url } = await evidence.start({
    EVIDENCE_URL: 'https://Evidence.example.com:8443/',
    EVIDENCE_ALLOWED_HOSTS: 'evidence,*.svc',
  });
  const statusUnder = async (host: string) =>
    (await send(url, { method: 'GET', path: '/?alert=EventLoopSlow', headers: { host } })).status;
  for (const host of ['evidence.example.com', 'evidence.example.com:8443', 'evidence:7081'])
    expect(await statusUnder(host), host).toBe(200);
  for (const host of ['example.com', 'other.evidence.example.com'])
    expect(await statusUnder(host), host).toBe(403);
});

describe('the bounds', () => {
  test('a burst of alerts about two replicas takes one profile of each, and one at a time', async () => {
    await using other = await spawnService();
    const targets = [evidence.service, other].map(({ adminUrl }) => hostOf(adminUrl));
    const receiver = await evidence.start({ EVIDENCE_TARGETS: targets.join() });
    const burst = Array.from({ length: 40 }, (_, index) => anAlert({ instance: targets[index % 2] ?? '' }));
    await Promise.all(burst.map((each) => notify(receiver, 'cpu', each)));
    await captured(receiver, 2);
    await expect.poll(() => receiver.captures().map(({ alerts }) => alerts.length)).toEqual([20, 20]);
    const [second, first] = receiver.captures();
    expect(second?.profile.kind).toBe('taken');
    expect(first?.profile.kind).toBe('taken');
    expect(Date.parse(second?.startedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(first?.endedAt ?? ''));
  });

  test.each(['169.254.169.254:80', 'evil.example:7071', '127.0.0.1:1', '', '%00', '../../etc/passwd'])(
    'an alert about %j, which is no target, makes no request',
    async (instance) => {
      const receiver = await evidence.start();
      expect(await notify(receiver, 'cpu', anAlert({ instance }))).toMatchObject({
        status: 202,
        body: { alerts: [{ kind: 'refused' }] },
      });
      expect(receiver.captures()).toEqual([]);
    },
  );

  test.each([
    ['no JSON object', []],
    ['no alerts', {}],
    ['an alert without labels', { alerts: [{ status: 'firing', startsAt: '', fingerprint: 'a' }] }],
    ['a fingerprint that is none', { alerts: [anAlert({}, { fingerprint: '../x' })] }],
    ['too many alerts', { alerts: Array.from({ length: 201 }, () => anAlert()) }],
  ])('a notification with %s is refused', async (_what, body) => {
    const receiver = await evidence.start();
    const response = await fetch(`${receiver.url}/alerts/cpu`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect([response.status, await response.json()]).toMatchObject([400, { code: 'invalid_request' }]);
  });

  test('a page of another site gets nothing', async () => {
    const receiver = await evidence.start();
    const response = await fetch(receiver.url, { headers: { origin: 'https://evil.example' } });
    expect([response.status, await response.json()]).toMatchObject([403, { code: 'wrong_origin' }]);
  });

  test('a file that a capture does not name is not served', async () => {
    const receiver = await evidence.start({ EVIDENCE_LOG_MINUTES: '0' });
    await notify(receiver, 'cpu', anAlert());
    await captured(receiver);
    const { id } = receiver.captures()[0] as Capture;
    for (const name of ['..%2f..%2fetc%2fpasswd', 'capture.json', '%2e%2e']) {
      const response = await fetch(`${receiver.url}/captures/${id}/${name}`);
      expect([name, response.status]).toEqual([name, 404]);
    }
  });
});

describe('a target that behaves badly', () => {
  async function against(listener: RequestListener, env: Record<string, string> = {}): Promise<Capture> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const receiver = await evidence.start({ EVIDENCE_TARGETS: target, ...env });
      await notify(receiver, 'cpu', anAlert({ instance: target }));
      await captured(receiver);
      return receiver.captures()[0] as Capture;
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  test('a redirect leads nowhere', async () => {
    const requested: string[] = [];
    const elsewhere = createServer((request, response) => {
      requested.push(request.url ?? '');
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    const { port } = elsewhere.address() as AddressInfo;
    const capture = await against((_request, response) =>
      response.writeHead(307, { location: `http://127.0.0.1:${port}/secret` }).end(),
    );
    elsewhere.close();
    expect(capture.profile.kind).toBe('not_taken');
    expect(requested).toEqual([]);
  });

  test('an endless answer is cut off, and costs no more disk than a profile may', async () => {
    const capture = await against((request, response) => {
      if (!request.url?.startsWith('/profile')) return response.end('{}');
      const chunk = Buffer.alloc(1_048_576, 32);
      const write = () => response.destroyed || response.write(chunk, () => setImmediate(write));
      write();
      return response;
    });
    expect(capture.profile).toEqual({ kind: 'not_taken', reason: 'the answer is too large' });
    const folder = evidence.folder;
    const { size } = await stat(path.join(folder, capture.id, 'cpu.cpuprofile'));
    expect(size).toBeLessThanOrEqual(largestProfile);
  });

  test('a process that is gone is said to be', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.close();
    await once(server, 'close');
    const receiver = await evidence.start({ EVIDENCE_TARGETS: target });
    const about = anAlert({ instance: target });
    await notify(receiver, 'cpu', about);
    await captured(receiver);
    expect(receiver.captures()[0]?.profile).toEqual({
      kind: 'not_taken',
      reason: 'the admin listener cannot be reached (ECONNREFUSED)',
    });
    await expect.poll(() => evidence.messagesOf(about)).toHaveLength(1);
  });

  test('a replica whose event loop stands still fails its liveness probe, and passes it afterwards', async () => {
    await using started = new AsyncDisposableStack();
    const { database, gateway } = started.use(await spawnSurroundings());
    const stalling = await spawnServiceProcess({
      env: {
        ...serviceEnvironment(database.url, gateway.url),
        NODE_OPTIONS: `"--import=${path.resolve('lab/chaos/long-tasks.ts')}"`,
      },
    });
    started.defer(() => stalling.kill());
    const probe = () =>
      run('bash', ['src/healthcheck.sh', `${stalling.adminUrl}/livez`]).then(
        () => 'passed',
        ({ stderr }: { stderr: string }) => stderr.trim(),
      );
    expect(await probe()).toBe('passed');
    stalling.child.send({ type: 'long_tasks', length: 5000, every: 10 });
    await expect.poll(probe, { timeout: 30_000 }).toContain('no answer within 3 s');
    stalling.child.send({ type: 'long_tasks', length: 0, every: 0 });
    await expect.poll(probe, { timeout: 30_000 }).toBe('passed');
  });

  test('a profile that somebody else takes is not disturbed', async () => {
    const capture = await against((request, response) => {
      const status = request.url?.startsWith('/profile') ? 409 : 200;
      response.writeHead(status).end(status === 409 ? '{"code":"profile_in_progress"}' : '{"level":"info"}');
    });
    expect(capture.profile).toEqual({
      kind: 'not_taken',
      reason: 'the admin listener answered 409 profile_in_progress',
    });
  });

  test.each([
    [
      'somebody has changed for a time',
      { level: 'warn', components: { http: { level: 'trace', until: 'x' } } },
    ],
    ['is trace', { level: 'trace', components: {} }],
  ])('a log level that %s is left alone', async (_what, levels) => {
    const methods: string[] = [];
    const capture = await against((request, response) => {
      methods.push(`${request.method} ${request.url}`);
      response.end(JSON.stringify(request.url === '/log-level' ? levels : {}));
    });
    expect(capture.logLevel.kind).toBe('unchanged');
    expect(methods.filter((each) => each.startsWith('PUT'))).toEqual([]);
  });

  test('a service without profiles has its log level raised, and the reason is told', async () => {
    await using quiet = await spawnService({ PROFILING: 'off', LOG_LEVEL: 'info' });
    const receiver = await evidence.start({ EVIDENCE_TARGETS: hostOf(quiet.adminUrl) });
    await notify(receiver, 'cpu', anAlert());
    await captured(receiver);
    expect(receiver.captures()[0]).toMatchObject({
      profile: { kind: 'not_taken', reason: expect.stringContaining('PROFILING=on') },
      logLevel: { kind: 'raised' },
    });
  });

  test('a webhook that refuses the message is logged without its URL, and the evidence stays', async () => {
    const receiver = await evidence.start({
      EVIDENCE_FOLLOW_UP_URL: `${evidence.service.gateway.url}/hush-hush`,
    });
    await notify(receiver, 'cpu', anAlert());
    await captured(receiver);
    await expect.poll(() => evidence.log).toContain('evidence.follow_up_failed');
    expect(evidence.log).not.toContain('hush');
    const text = await readFile(
      path.join(evidence.folder, receiver.captures()[0]?.id ?? '', 'capture.json'),
      'utf8',
    );
    expect(text).not.toContain('hush');
  });
});
