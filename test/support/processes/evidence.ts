import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { loadEvidenceConfig } from '../../../lab/evidence/config.ts';
import { type EvidenceReceiver, startEvidence } from '../../../lab/evidence/server.ts';
import { keepPlacingOrders } from '../clients/load-client.ts';
import { type SpawnedService, spawnService } from './spawn-service.ts';

/** Receivers of Alertmanager's webhooks for one test file, in front of a service that takes orders. */
export function useEvidence() {
  let service: SpawnedService;
  let load: Promise<unknown>;
  const receivers: EvidenceReceiver[] = [];
  const folders: string[] = [];
  let log = '';
  const sink = new PassThrough().on('data', (chunk) => {
    log += String(chunk);
  });

  beforeAll(async () => {
    service = await spawnService({ LOG_LEVEL: 'info' });
    load = keepPlacingOrders(service.url, []);
  });
  afterAll(async () => {
    for (const receiver of receivers) await receiver.close();
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
    await service.close();
    await load;
  });

  /** @param folder of an earlier receiver, in place of an empty one */
  async function start(env: Record<string, string> = {}, folder?: string): Promise<EvidenceReceiver> {
    const own = folder ?? (await mkdtemp(path.join(tmpdir(), 'orders-evidence-')));
    folders.push(own);
    const config = loadEvidenceConfig({
      EVIDENCE_PORT: '0',
      EVIDENCE_DIR: own,
      EVIDENCE_TARGETS: hostOf(service.adminUrl),
      EVIDENCE_PROFILE_SECONDS: '1',
      EVIDENCE_FOLLOW_UP_URL: `${service.gateway.url}/alerts/messages`,
      ...env,
    });
    const receiver = await startEvidence({ ...config, logger: pino(sink) });
    receivers.push(receiver);
    return receiver;
  }

  /** The messages that the pager got about an alert, newest first. */
  async function messagesOf({ fingerprint }: { fingerprint: string }): Promise<string[]> {
    const response = await fetch(`${service.gateway.url}/alerts`);
    const { messages } = (await response.json()) as { messages: Array<{ text: string }> };
    return messages.map(({ text }) => text).filter((text) => text.includes(fingerprint));
  }

  return {
    get service() {
      return service;
    },
    /** `host:port` of its admin listener. */
    get target() {
      return hostOf(service.adminUrl);
    },
    /** The log lines of all receivers. */
    get log() {
      return log;
    },
    /** Of the receiver that was started last. */
    get folder() {
      return folders.at(-1) ?? '';
    },
    start,
    messagesOf,
  };
}

export function hostOf(url: string): string {
  return new URL(url).host;
}

let fingerprints = 0;

/** An alert in Alertmanager's format. */
export function anAlert(labels: Record<string, string> = {}, more: object = {}) {
  fingerprints += 1;
  return {
    status: 'firing',
    labels: { alertname: 'EventLoopSlow', job: 'orders', severity: 'ticket', ...labels },
    annotations: { summary: 'slow' },
    startsAt: '2026-11-28T05:00:00Z',
    endsAt: '0001-01-01T00:00:00Z',
    fingerprint: fingerprints.toString(16).padStart(16, '0'),
    ...more,
  };
}

/** Sends alerts as Alertmanager does, with members that the receiver ignores. */
export async function notify({ url }: EvidenceReceiver, kind: 'cpu' | 'heap', ...alerts: object[]) {
  const response = await fetch(`${url}/alerts/${kind}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ version: '4', groupKey: '{}', receiver: 'cpu-profile', status: 'firing', alerts }),
  });
  return { status: response.status, body: (await response.json()) as { alerts: object[] } };
}

/** Resolves once the receiver has this many captures. */
export const captured = (receiver: EvidenceReceiver, count = 1) =>
  vi.waitFor(() => expect(receiver.captures()).toHaveLength(count), { timeout: 30_000, interval: 50 });
