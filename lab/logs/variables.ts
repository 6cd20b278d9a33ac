import { authorization } from '../../src/config/addresses.ts';
import { duration, hostNames, oneOf, optional, text, wholeNumber } from '../../src/config/environment.ts';
import { variables } from '../../src/config/variables.ts';
import { compressions } from './output/compression.ts';

/** Every variable that the log stream processor reads. */
export const logsVariables = {
  HOST: { ...variables.HOST, meaning: 'address that the admin port of the log processor listens on' },
  LOGS_PORT: wholeNumber(0, 65_535, {
    default: '7080',
    meaning:
      'admin port of the log processor, with `/metrics`, `/status`, `/livez` and `/readyz`; `--once` opens none',
  }),
  LOGS_ALLOWED_HOSTS: optional(
    hostNames({
      meaning:
        'names under which the admin port answers, comma-separated; IP addresses and `localhost` need none',
    }),
  ),
  LOGS_CHECKPOINT: text({
    default: '.data/logs-checkpoint.json',
    meaning: 'file that holds how far each log file is forwarded; one process writes it',
  }),
  LOGS_AUTHORIZATION: optional(
    authorization({ meaning: 'value of the header `authorization` for the OTLP receivers', secret: true }),
  ),
  LOGS_COMPRESSION: oneOf(compressions, {
    default: 'gzip',
    meaning:
      'compression of requests: every receiver takes `gzip`, the Collector also `zstd`, which costs half the CPU',
  }),
  LOGS_TIMEOUT: duration({ default: '10s', meaning: 'time for one request to a receiver' }),
  LOGS_BATCH_SIZE: wholeNumber(1, 100_000, { default: '1000', meaning: 'most lines of a batch' }),
  LOGS_BATCH_DELAY: duration({ default: '1s', meaning: 'how long a line waits for its batch to fill' }),
  LOGS_IN_FLIGHT: wholeNumber(1, 1000, {
    default: '8',
    meaning: 'batches that are sent and not yet accepted; at this number, reading stops',
  }),
  LOGS_LONGEST_LINE: wholeNumber(256, 16_777_216, {
    default: '262144',
    meaning: 'bytes of a line; a longer one is forwarded in pieces, each as text',
  }),
  LOGS_SERVICES_MAX: wholeNumber(1, 10_000, {
    default: '100',
    meaning: 'services that are counted by name; all further ones are counted as `other`',
  }),
  LOGS_LINE_WAIT: duration({
    default: '5s',
    meaning:
      'after this time without a change of the file, its last line counts as complete without a line feed',
  }),
  LOGS_ROTATED_WAIT: duration({
    default: '5s',
    meaning: 'how long a renamed or deleted file is read on after its last change',
  }),
  LOGS_POLL_INTERVAL: duration({ default: '250ms', meaning: 'time between two looks at the files' }),
  LOGS_SHUTDOWN_DEADLINE: duration({
    default: '10s',
    meaning: 'how long SIGTERM waits for the receivers to accept what was read',
  }),
} as const;
