import { parseArgs } from 'node:util';
import { messageOf } from '../harness/command-line.ts';
import { UsageError, wholeNumber } from '../harness/whole-number.ts';
import { type TimeScale, timeScales } from './alerts/scale-rules.ts';

export const usage = `npm run chaos -- [names] [options]

  names                experiments by name or prefix (default: all)
  --list               print names and titles, run nothing
  --table              print which alert detects which fault, run nothing
  --seed <n>           draw the same orders for the same seed (default: random, printed)
  --rate <n>           orders a second (default 20)
  --duration <s>       duration of each fault in seconds (default: as each experiment defines)
  --time-scale <n>     divide every duration in the alert rules by 1, 5, 10 or 30 (default 30)
  --no-alerts          do not evaluate alerts
  --out <folder>       write report.md, report.html and report.json there, for example docs/chaos
  --json               print the report as JSON, and progress on standard error
  --url <url>          a service that is already running (comma-separated for replicas); requires:
  --admin-url <url>    its admin listener, one per --url
  --gateway-url <url>  its payment gateway simulator
  --database-url <url> its database
  --api-key <key>      default demo-key
  --prometheus-url <url>  the Prometheus that scrapes it, with the rules unscaled
  --help               show this help

Without --url, each experiment starts its own environment. Exits with 1 if a hypothesis fails.
`;

export interface GivenService {
  urls: string[];
  adminUrls: string[];
  gatewayUrl: string;
  databaseUrl: string;
  apiKey: string;
  prometheusUrl?: string;
}

export interface ChaosOptions {
  names: string[];
  show?: 'list' | 'table' | 'usage';
  seed: number;
  rate: number;
  duration?: number;
  timeScale: TimeScale;
  alerts: boolean;
  out?: string;
  json: boolean;
  given?: GivenService;
}

/** @throws {UsageError} */
export function readOptions(args: string[]): ChaosOptions {
  const { values, positionals } = parse(args);
  const scale = timeScales.find((each) => String(each) === values['time-scale']);
  if (scale === undefined)
    throw new UsageError(
      `--time-scale must be one of ${timeScales.join(', ')}, not "${values['time-scale']}".`,
    );
  const show = values.help ? 'usage' : values.list ? 'list' : values.table ? 'table' : undefined;
  const given = givenService(values);
  return {
    names: positionals,
    seed:
      values.seed === undefined
        ? Math.floor(Math.random() * 2 ** 32)
        : wholeNumber('--seed', values.seed, 0, 2 ** 32 - 1),
    rate: wholeNumber('--rate', values.rate, 1, 1000),
    timeScale: scale,
    alerts: values.alerts,
    json: values.json,
    ...(show && { show }),
    ...(values.duration !== undefined && {
      duration: wholeNumber('--duration', values.duration, 1, 86_400),
    }),
    ...(values.out !== undefined && { out: values.out }),
    ...(given && { given }),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      allowNegative: true,
      options: {
        list: { type: 'boolean', default: false },
        table: { type: 'boolean', default: false },
        seed: { type: 'string' },
        rate: { type: 'string', default: '20' },
        duration: { type: 'string' },
        'time-scale': { type: 'string', default: '30' },
        alerts: { type: 'boolean', default: true },
        out: { type: 'string' },
        json: { type: 'boolean', default: false },
        url: { type: 'string' },
        'admin-url': { type: 'string' },
        'gateway-url': { type: 'string' },
        'database-url': { type: 'string' },
        'api-key': { type: 'string', default: 'demo-key' },
        'prometheus-url': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

function givenService(values: ReturnType<typeof parse>['values']): GivenService | undefined {
  const { url, 'admin-url': admin, 'gateway-url': gateway, 'database-url': database } = values;
  const prometheus = values['prometheus-url'];
  const parts = [url, admin, gateway, database, prometheus];
  if (parts.every((part) => part === undefined)) return undefined;
  if (url === undefined || admin === undefined || gateway === undefined || database === undefined)
    throw new UsageError(
      '--url, --admin-url, --gateway-url and --database-url go together, and --prometheus-url needs them.',
    );
  const urls = url.split(',').map(withoutSlash);
  const adminUrls = admin.split(',').map(withoutSlash);
  if (urls.length !== adminUrls.length) throw new UsageError('There must be as many --admin-url as --url.');
  return {
    urls,
    adminUrls,
    gatewayUrl: withoutSlash(gateway),
    databaseUrl: database,
    apiKey: values['api-key'],
    ...(values.alerts && prometheus !== undefined && { prometheusUrl: withoutSlash(prometheus) }),
  };
}

/** An address to which a path can be appended. */
export const withoutSlash = (url: string) => url.replace(/\/$/, '');
