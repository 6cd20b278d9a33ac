import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLogger } from '../../src/telemetry/logging/logger.ts';
import type { Capture } from '../evidence/captures.ts';
import { loadEvidenceConfig } from '../evidence/config.ts';
import { startEvidence } from '../evidence/server.ts';

/** The receiver of alerts that takes profiles of the replicas. */
export interface ChaosEvidenceReceiver extends AsyncDisposable {
  url: string;
  captures(): readonly Capture[];
}

/** Shorter than in production, because the fault lasts only as long as its alert needs. */
const seconds = 2;

export async function startEvidenceReceiver(options: {
  adminUrls: readonly string[];
  /** Where the follow-ups go. */
  pagerUrl: string;
}): Promise<ChaosEvidenceReceiver> {
  const folder = await mkdtemp(path.join(tmpdir(), 'orders-evidence-'));
  const { logLevel: level, ...config } = loadEvidenceConfig({
    EVIDENCE_PORT: '0',
    EVIDENCE_DIR: folder,
    EVIDENCE_TARGETS: options.adminUrls.map((url) => new URL(url).host).join(),
    EVIDENCE_PROFILE_SECONDS: String(seconds),
    EVIDENCE_FOLLOW_UP_URL: `${options.pagerUrl}/alerts/messages`,
    LOG_LEVEL: 'silent',
  });
  const receiver = await startEvidence({ ...config, logger: createLogger({ service: 'evidence', level }) });
  return {
    url: receiver.url,
    captures: receiver.captures,
    async [Symbol.asyncDispose]() {
      await receiver.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
