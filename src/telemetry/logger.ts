import { type DestinationStream, type Logger, type LoggerOptions, pino } from 'pino';
import packageJson from '../../package.json' with { type: 'json' };
import { currentStory } from './request-story.ts';

export type { Logger } from 'pino';

/** What the service calls itself in logs, in `/status` and in the OpenAPI document. */
export const serviceVersion: string = packageJson.version;

/**
 * JSON lines on stdout, in the field names that the dashboards and the docs read.
 * `info` is normal, `warn` is unusual but recovered, `error` means that a person must look.
 */
export function createLogger(options: {
  service: string;
  level: string;
  /** Default stdout. */
  destination?: DestinationStream;
}): Logger {
  const settings: LoggerOptions = {
    level: options.level,
    base: { service: options.service, version: serviceVersion },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: (error: unknown) => describeError(error) },
    // Ties every line that a request causes to that request.
    mixin: () => {
      const story = currentStory();
      return story ? { request_id: story.request_id } : {};
    },
    redact: {
      paths: ['paymentToken', '*.paymentToken', 'authorization', '*.authorization', 'headers.authorization'],
      censor: '[redacted]',
    },
  };
  return options.destination ? pino(settings, options.destination) : pino(settings);
}

interface ErrorDescription {
  type: string;
  code?: string;
  message: string;
  stack?: string;
  cause?: ErrorDescription;
}

/** Deep enough for every chain that the service builds; a cycle cannot make a line endless. */
const longestCauseChain = 8;

/** An error with its chain of causes, as log fields. Extra properties are left out: they may hold anything. */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    type: error.name,
    ...(code === undefined ? {} : { code }),
    message: error.message,
    ...(error.stack === undefined || depth > 0 ? {} : { stack: error.stack }),
    ...(error.cause === undefined || depth >= longestCauseChain
      ? {}
      : { cause: describeError(error.cause, depth + 1) }),
  };
}
