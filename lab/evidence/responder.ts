import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../../src/telemetry/logging/logger.ts';
import { type Call, raiseLogLevel, saveStatus, takeProfile } from './admin-listener.ts';
import type { Capture, CaptureAlert, Captures, ProfileKind } from './captures.ts';
import type { CaptureSettings } from './config.ts';
import { hottestOf } from './hottest.ts';
import type { Targets } from './targets.ts';

/** An alert as far as it matters here. */
export interface Alert extends CaptureAlert {
  /** The label `instance`; an alert on all replicas together has none. */
  instance: string | undefined;
}

/** What became of one alert at one replica. */
export type Decision =
  /** A profile is taken, or waits for the one that runs. */
  | { kind: 'queued'; target: string }
  /** This replica was profiled within the window: the alert is linked to that capture. */
  | { kind: 'linked'; target: string; capture: string }
  /** The label `instance` is none of EVIDENCE_TARGETS, or no target has an address. */
  | { kind: 'refused'; instance: string | undefined };

export interface Counts {
  /** By kind of profile and outcome. */
  captures: Record<ProfileKind, { taken: number; not_taken: number }>;
  refused: number;
}

export interface Responder {
  notify(kind: ProfileKind, alerts: readonly Alert[]): Promise<Decision[]>;
  counts(): Counts;
  /** Ends the profile that runs, and takes none that waits. */
  close(): Promise<void>;
}

export interface ResponderParts {
  targets: Targets;
  captures: Captures;
  settings: CaptureSettings;
  logger: Logger;
  /** Called once for each alert that is linked to a capture. Must not throw. */
  onLinked(capture: Capture, alert: CaptureAlert): Promise<void>;
}

/** An alert without `instance` is about all replicas: this many of them show what it is about. */
const mostReplicas = 3;
/** A larger profile would need several times its size to be read. */
const largestSummarized = 4 * 1_048_576;

interface Job {
  kind: ProfileKind;
  target: string;
  alerts: Map<string, CaptureAlert>;
}

/**
 * Takes evidence for alerts: one profile at a time, because two on one machine would measure each other, and one per replica,
 * kind and window, because a profile costs what the alert is about. There are never more jobs than replicas times kinds.
 */
export function createResponder({
  targets,
  captures,
  settings,
  logger,
  onLinked,
}: ResponderParts): Responder {
  const stopped = new AbortController();
  /** Running first, then waiting. */
  const jobs = new Map<string, Job>();
  const counts: Counts = {
    captures: { cpu: { taken: 0, not_taken: 0 }, heap: { taken: 0, not_taken: 0 } },
    refused: 0,
  };
  let working: Promise<void> | undefined;

  function recent(kind: ProfileKind, target: string): Capture | undefined {
    const since = Date.now() - settings.window;
    return captures
      .all()
      .find(
        (capture) =>
          capture.kind === kind && capture.target === target && Date.parse(capture.startedAt) >= since,
      );
  }

  async function decide(kind: ProfileKind, target: string, alert: CaptureAlert): Promise<Decision> {
    const key = `${kind} ${target}`;
    const job = jobs.get(key);
    if (job) {
      job.alerts.set(alert.fingerprint, alert);
      return { kind: 'queued', target };
    }
    const capture = recent(kind, target);
    if (capture) {
      await link(capture.id, alert);
      return { kind: 'linked', target, capture: capture.id };
    }
    jobs.set(key, { kind, target, alerts: new Map([[alert.fingerprint, alert]]) });
    working ??= work().finally(() => {
      working = undefined;
    });
    return { kind: 'queued', target };
  }

  async function link(id: string, alert: CaptureAlert): Promise<void> {
    const capture = captures.find(id);
    if (capture === undefined || capture.alerts.some(({ fingerprint }) => fingerprint === alert.fingerprint))
      return;
    if (capture.alerts.length >= mostAlerts) return;
    const linked = { ...capture, alerts: [...capture.alerts, alert] };
    await captures.save(linked);
    await onLinked(linked, alert);
  }

  async function work(): Promise<void> {
    for (let next = first(jobs); next !== undefined && !stopped.signal.aborted; next = first(jobs)) {
      const [key, job] = next;
      try {
        const capture = await take(job);
        // From here on alerts find the capture.
        jobs.delete(key);
        for (const alert of capture.alerts) await onLinked(capture, alert);
        // Those that came while it was being stored.
        for (const alert of job.alerts.values()) await link(capture.id, alert);
      } catch (error) {
        jobs.delete(key);
        if (stopped.signal.aborted) return;
        // The disk is full, or gone. The next notification tries again.
        logger.error({ event: 'evidence.failed', err: error, target: job.target }, 'evidence was not stored');
      }
    }
  }

  async function take({ kind, target, alerts }: Job): Promise<Capture> {
    const { id, folder } = await captures.begin(kind);
    const startedAt = new Date().toISOString();
    const call: Call = { target, signal: stopped.signal };
    const { seconds } = settings;
    const status = await saveStatus(call, folder);
    // Before the level is raised, because the profile would show the lines that it adds.
    const taken = await takeProfile(call, { kind, seconds, folder });
    // Unfinished, it is deleted at a later start, and does not use up the window.
    stopped.signal.throwIfAborted();
    const logLevel = await raiseLogLevel(call, { level: settings.logLevel, minutes: settings.logMinutes });
    counts.captures[kind][taken.kind] += 1;
    const profile =
      taken.kind === 'not_taken'
        ? taken
        : { ...taken, seconds, hottest: await summarize(kind, path.join(folder, taken.file), taken.bytes) };
    const capture: Capture = {
      id,
      kind,
      target,
      startedAt,
      endedAt: new Date().toISOString(),
      alerts: [...alerts.values()].slice(0, mostAlerts),
      profile,
      logLevel,
      ...(status !== undefined && { status }),
    };
    await captures.save(capture);
    const fields = { capture: id, profile: kind, target, alerts: capture.alerts.map(({ name }) => name) };
    if (profile.kind === 'taken')
      logger.info({ event: 'evidence.taken', ...fields, log_level: logLevel.kind }, 'evidence was taken');
    else
      logger.warn({ event: 'evidence.not_taken', ...fields, reason: profile.reason }, 'no profile was taken');
    return capture;
  }

  return {
    async notify(kind, alerts) {
      const decisions: Decision[] = [];
      for (const alert of alerts) {
        const { instance, fingerprint, name, startsAt } = alert;
        const found =
          instance === undefined
            ? (await targets.all()).slice(0, mostReplicas)
            : [await targets.find(instance)].filter((target) => target !== undefined);
        if (found.length === 0) {
          counts.refused += 1;
          logger.warn(
            { event: 'evidence.refused', alert: name, instance },
            'the alert is about none of EVIDENCE_TARGETS',
          );
          decisions.push({ kind: 'refused', instance });
        }
        for (const target of found)
          decisions.push(await decide(kind, target, { fingerprint, name, startsAt }));
      }
      return decisions;
    },
    counts: () => counts,
    async close() {
      stopped.abort();
      await working;
    },
  };
}

/** Alerts that a capture names. */
const mostAlerts = 100;

function first<K, V>(map: ReadonlyMap<K, V>): [K, V] | undefined {
  return map.entries().next().value;
}

/** A profile that cannot be read is still worth its bytes. */
async function summarize(kind: ProfileKind, file: string, bytes: number): Promise<string[]> {
  if (bytes > largestSummarized) return [];
  try {
    return hottestOf(kind, JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return [];
  }
}
