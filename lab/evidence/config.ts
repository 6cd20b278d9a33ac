import { ConfigError, type Environment, mustNotBeZero, read, Secret } from '../../src/config/environment.ts';
import { hostnameOf } from '../../src/http/hardening/known-hosts.ts';
import { evidenceVariables, type HostAndPort } from './variables.ts';

/** The configuration of `npm run evidence`. */
export interface EvidenceConfig {
  host: string;
  port: number;
  allowedHosts: readonly string[];
  logLevel: string;
  targets: readonly HostAndPort[];
  capture: CaptureSettings;
  store: StoreSettings;
  /** Base URL of links, without a trailing slash. */
  url: string;
  /** The URL of a webhook is its credential. */
  followUpUrl: Secret<string> | undefined;
}

export interface CaptureSettings {
  /** Milliseconds. */
  window: number;
  /** Length of a profile. */
  seconds: number;
  /** In the grammar of LOG_LEVEL; `minutes` 0 leaves the level as it is. */
  logLevel: string;
  logMinutes: number;
}

export interface StoreSettings {
  folder: string;
  /** Captures. */
  keep: number;
  bytes: number;
}

/** @throws {ConfigError} listing every malformed variable, or a window of 0, in which nothing limits the profiles */
export function loadEvidenceConfig(env: Environment = process.env): EvidenceConfig {
  const value = read(evidenceVariables, env);
  for (const [applies, sentence] of mustNotBeZero(value, 'EVIDENCE_WINDOW'))
    if (applies) throw new ConfigError([sentence]);
  return {
    host: value.HOST,
    port: value.EVIDENCE_PORT,
    // A proxy that links lead to may pass on the name that the browser asked for.
    allowedHosts: [...(value.EVIDENCE_ALLOWED_HOSTS ?? []), hostnameOf(new URL(value.EVIDENCE_URL).host)],
    logLevel: value.LOG_LEVEL.level ?? 'info',
    targets: value.EVIDENCE_TARGETS,
    capture: {
      window: value.EVIDENCE_WINDOW,
      seconds: value.EVIDENCE_PROFILE_SECONDS,
      logLevel: value.EVIDENCE_LOG_LEVEL,
      logMinutes: value.EVIDENCE_LOG_MINUTES,
    },
    store: {
      folder: value.EVIDENCE_DIR,
      keep: value.EVIDENCE_KEEP,
      bytes: value.EVIDENCE_DISK * 1_048_576,
    },
    url: value.EVIDENCE_URL.replace(/\/$/, ''),
    followUpUrl:
      value.EVIDENCE_FOLLOW_UP_URL === undefined ? undefined : new Secret(value.EVIDENCE_FOLLOW_UP_URL),
  };
}
