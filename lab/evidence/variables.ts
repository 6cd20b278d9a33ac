import { pageUrl, serverUrl } from '../../src/config/addresses.ts';
import {
  duration,
  hostNames,
  listOf,
  optional,
  text,
  type Variable,
  wholeNumber,
} from '../../src/config/environment.ts';
import { logFilter } from '../../src/config/log-filter.ts';
import { variables } from '../../src/config/variables.ts';

/** The address of an admin listener. */
export interface HostAndPort {
  /** A name, or an IP address without brackets. */
  host: string;
  port: number;
}

const hostAndPort = (rest: Pick<Variable<HostAndPort>, 'default' | 'meaning'>): Variable<HostAndPort> => ({
  ...rest,
  expected: 'a host and a port such as orders:7071 or [::1]:7071',
  parse(raw) {
    const [, bracketed, plain, port = ''] =
      /^(?:\[([\da-f:.]+)\]|([a-z\d_](?:[a-z\d_.-]{0,251}[a-z\d_])?)):(\d{1,5})$/i.exec(raw) ?? [];
    const host = bracketed ?? plain;
    const isPort = Number(port) >= 1 && Number(port) <= 65_535;
    return host === undefined || !isPort ? undefined : { host: host.toLowerCase(), port: Number(port) };
  },
});

/** The text itself, which the service reads again. */
const asText = <T>(variable: Variable<T>, rest: Pick<Variable<string>, 'default' | 'meaning'>) => ({
  ...rest,
  expected: variable.expected,
  parse: (raw: string) => (variable.parse(raw) === undefined ? undefined : raw),
});

/** Every variable that the evidence receiver reads. */
export const evidenceVariables = {
  HOST: { ...variables.HOST, meaning: 'address that the evidence receiver listens on' },
  LOG_LEVEL: {
    ...variables.LOG_LEVEL,
    meaning: 'least severe level that is logged; the evidence receiver has no components',
  },
  EVIDENCE_PORT: wholeNumber(0, 65_535, {
    default: '7081',
    meaning: 'port for the webhooks of Alertmanager and for the page; 0 picks a free one',
  }),
  EVIDENCE_ALLOWED_HOSTS: optional(
    hostNames({
      meaning:
        'names under which the evidence receiver answers, comma-separated, such as `evidence`; IP addresses, `localhost` and the name in `EVIDENCE_URL` need none',
    }),
  ),
  EVIDENCE_TARGETS: listOf(
    hostAndPort({
      default: '127.0.0.1:7071',
      meaning:
        'admin listeners that evidence may be taken from, comma-separated; a name stands for all its addresses, and nothing else is ever called',
    }),
  ),
  EVIDENCE_WINDOW: duration({
    default: '30m',
    meaning: 'time during which a replica is profiled once per kind of profile, whatever alerts arrive',
  }),
  EVIDENCE_PROFILE_SECONDS: wholeNumber(1, 60, { default: '10', meaning: 'length of a profile, in seconds' }),
  EVIDENCE_LOG_LEVEL: asText(logFilter({ meaning: '' }), {
    default: 'debug',
    meaning: 'level to which the log of a replica is raised after the profile, in the grammar of `LOG_LEVEL`',
  }),
  EVIDENCE_LOG_MINUTES: wholeNumber(0, 60, {
    default: '5',
    meaning: 'minutes after which the level reverts; 0 leaves the level as it is',
  }),
  EVIDENCE_DIR: text({ default: '.data/evidence', meaning: 'folder that holds what one receiver has taken' }),
  EVIDENCE_KEEP: wholeNumber(1, 10_000, {
    default: '50',
    meaning: 'captures that are kept; the oldest are deleted first',
  }),
  EVIDENCE_DISK: wholeNumber(20, 100_000, {
    default: '256',
    meaning: 'MiB that captures may take together; the oldest are deleted first',
  }),
  EVIDENCE_URL: serverUrl({
    default: 'http://127.0.0.1:7081',
    meaning: 'base URL of the links to captures, as a browser reaches it',
  }),
  EVIDENCE_FOLLOW_UP_URL: optional(
    pageUrl({
      secret: true,
      meaning:
        'webhook that gets a message with the links after each capture, in the format of Slack’s incoming webhooks, which Mattermost and others read, too',
    }),
  ),
} as const;
