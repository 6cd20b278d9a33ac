import { mkdir, mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Capture } from '../../lab/evidence/captures.ts';
import type { EvidenceReceiver } from '../../lab/evidence/server.ts';
import { anAlert, captured, notify, useEvidence } from '../support/processes/evidence.ts';

/** What the receiver of Alertmanager's webhooks takes from a real service. */

const evidence = useEvidence();

async function readJson(url: string): Promise<unknown> {
  return (await fetch(url)).json();
}

describe('an alert about a replica', () => {
  let receiver: EvidenceReceiver;
  let first: ReturnType<typeof anAlert>;
  let capture: Capture;
  let answer: Awaited<ReturnType<typeof notify>>;
  beforeAll(async () => {
    receiver = await evidence.start();
    first = anAlert({ instance: evidence.target });
    answer = await notify(receiver, 'cpu', first);
    await captured(receiver);
    [capture] = receiver.captures() as [Capture];
  });

  test('a CPU profile is taken, with the state of the replica, and both can be downloaded', async () => {
    expect(answer).toEqual({
      status: 202,
      body: { alerts: [{ kind: 'queued', target: evidence.target }] },
    });
    expect(capture).toMatchObject({
      kind: 'cpu',
      target: evidence.target,
      alerts: [{ name: 'EventLoopSlow', fingerprint: first.fingerprint }],
      profile: { kind: 'taken', file: 'cpu.cpuprofile', seconds: 1, hottest: expect.any(Array) },
      status: 'status.json',
    });
    const profile = await readJson(`${receiver.url}/captures/${capture.id}/cpu.cpuprofile`);
    expect(profile).toMatchObject({ nodes: expect.any(Array), samples: expect.any(Array) });
    expect(await readJson(`${receiver.url}/captures/${capture.id}/status.json`)).toMatchObject({
      version: expect.any(String),
    });
  });

  test('the log level is raised after the profile, and reverts after five minutes', async () => {
    expect(capture.logLevel).toMatchObject({ kind: 'raised', level: 'debug' });
    const levels = (await readJson(`${evidence.service.adminUrl}/log-level`)) as {
      level: string;
      until: string;
    };
    expect(levels.level).toBe('debug');
    const minutes = (Date.parse(levels.until) - Date.parse(capture.endedAt)) / 60_000;
    expect(minutes).toBeGreaterThan(4);
    expect(minutes).toBeLessThanOrEqual(5);
    const ended = evidence.service.logs.findIndex((line) => line['event'] === 'profile.ended');
    const firstDebug = evidence.service.logs.findIndex((line) => line['level'] === 'debug');
    expect(ended).toBeGreaterThanOrEqual(0);
    expect(firstDebug === -1 || firstDebug > ended).toBe(true);
  });

  test('the pager gets one message with the links and the hottest functions', async () => {
    await expect.poll(() => evidence.messagesOf(first)).toHaveLength(1);
    const [text] = await evidence.messagesOf(first);
    expect(text).toContain(`${receiver.url}/captures/${capture.id}/cpu.cpuprofile`);
    expect(text).toContain('EventLoopSlow');
    expect(text).toMatch(/• \d+ % \S/);
    expect(text).toContain('Log level debug until');
  });

  test('an alert that is sent again within the window causes no second profile', async () => {
    expect(await notify(receiver, 'cpu', first)).toMatchObject({
      body: { alerts: [{ kind: 'linked', capture: capture.id }] },
    });
    expect(receiver.captures()).toHaveLength(1);
    expect(await evidence.messagesOf(first)).toHaveLength(1);
  });

  test('another alert about the same replica within the window is linked to the same profile', async () => {
    const other = anAlert({ alertname: 'ErrorBudgetBurnsFast', slo: 'placement-latency' });
    // It is about all replicas together, so it names none.
    expect(await notify(receiver, 'cpu', other)).toMatchObject({
      body: { alerts: [{ kind: 'linked', capture: capture.id }] },
    });
    expect(receiver.captures()[0]?.alerts.map(({ name }) => name)).toEqual([
      'EventLoopSlow',
      'ErrorBudgetBurnsFast',
    ]);
    await expect.poll(() => evidence.messagesOf(other)).toHaveLength(1);
    const page = (await readJson(`${receiver.url}/?alert=ErrorBudgetBurnsFast`)) as { captures: Capture[] };
    expect(page.captures.map(({ id }) => id)).toEqual([capture.id]);
    expect(await readJson(`${receiver.url}/?alert=Other`)).toEqual({ captures: [] });
  });

  test('the page shows labels as text', async () => {
    const hostile = anAlert({ alertname: '<script>alert(1)</script>' });
    await notify(receiver, 'cpu', hostile);
    const response = await fetch(receiver.url, { headers: { accept: 'text/html' } });
    const html = await response.text();
    expect(html).toContain('&lt;script&gt;alert(1)');
    expect(html).not.toContain('<script');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    // In a chat, `<!channel>` would be a mention of everybody.
    expect((await evidence.messagesOf(hostile)).join('')).not.toMatch(/[<>]/);
  });

  test('a resolved alert causes nothing', async () => {
    const resolved = anAlert({ instance: evidence.target }, { status: 'resolved' });
    expect(await notify(receiver, 'heap', resolved)).toEqual({ status: 202, body: { alerts: [] } });
  });

  test('a heap profile is one more within the same window', async () => {
    const memory = anAlert({ instance: evidence.target });
    await notify(receiver, 'heap', memory);
    await captured(receiver, 2);
    expect(receiver.captures()[0]).toMatchObject({
      kind: 'heap',
      profile: { kind: 'taken', file: 'heap.heapprofile' },
      // The first capture raised it.
      logLevel: { kind: 'unchanged', reason: expect.stringContaining('already') },
    });
    const { text } = await fetch(`${receiver.url}/metrics`).then(async (response) => ({
      text: await response.text(),
    }));
    expect(text).toContain('evidence_captures_total{profile="heap",outcome="taken"} 1');
  });

  test('a receiver that is restarted within the window takes no second profile', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'orders-evidence-'));
    const before = await evidence.start({}, folder);
    await notify(before, 'cpu', anAlert());
    await captured(before);
    await before.close();
    const after = await evidence.start({}, folder);
    expect(await notify(after, 'cpu', anAlert())).toMatchObject({
      body: { alerts: [{ kind: 'linked', capture: before.captures()[0]?.id }] },
    });
  });
});

describe('a capture that is being taken', () => {
  const capturesIn = async (folder: string) =>
    (await readdir(folder)).filter((name) => name.includes('-cpu-'));

  async function begun() {
    const folder = await mkdtemp(path.join(tmpdir(), 'orders-evidence-'));
    const receiver = await evidence.start({}, folder);
    await notify(receiver, 'cpu', anAlert());
    await expect.poll(() => capturesIn(folder)).toHaveLength(1);
    return { folder, receiver };
  }

  test('a capture that is being taken stays when a second receiver finds the port taken', async () => {
    const { folder, receiver } = await begun();
    const { port } = new URL(receiver.url);
    await expect(evidence.start({ EVIDENCE_PORT: port }, folder)).rejects.toThrow(`Port ${port}`);
    await captured(receiver);
    expect(receiver.captures()[0]?.profile).toMatchObject({ kind: 'taken' });
  });

  test('a capture that is being taken stays, with all that were taken, when a second receiver has another port and the same folder', async () => {
    const { folder, receiver } = await begun();
    await expect(evidence.start({ EVIDENCE_KEEP: '1' }, folder)).rejects.toThrow(
      `Another evidence receiver keeps its captures in ${folder}.`,
    );
    await captured(receiver);
    expect(receiver.captures()[0]?.profile).toMatchObject({ kind: 'taken' });
    await receiver.close();
    expect((await evidence.start({}, folder)).captures()).toEqual(receiver.captures());
  });

  test('a capture that is being taken is not blamed on the service when the disk fails', async () => {
    const { folder, receiver } = await begun();
    const [id = ''] = await capturesIn(folder);
    await mkdir(path.join(folder, id, 'cpu.cpuprofile'));
    await captured(receiver);
    expect(receiver.captures()[0]?.profile).toEqual({
      kind: 'not_taken',
      reason: 'the receiver cannot write it to its disk (EEXIST)',
    });
  });
});
