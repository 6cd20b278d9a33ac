import { parseArgs } from 'node:util';
import { type TimeScale, timeScales } from './alerts/scale-rules.ts';

export const usage = `npm run chaos -- [names] [options]

  names                experiments, or the beginning of their names (default all)
  --list               names and titles, and nothing else
  --table              which alert detects which fault, and nothing else
  --seed <n>           the same seed draws the same orders (default a new one, printed)
  --rate <n>           orders a second (default 20)
  --duration <s>       seconds of each fault (default what each experiment says)
  --time-scale <n>     the rules' minutes are divided by this: 1, 5, 10 or 30 (default 30)
  --no-alerts          do not evaluate alerts
  --out <folder>       write report.md, report.html and report.json there, such as docs/chaos
  --json               print the report as JSON, and progress on standard error
  --url <url>          of a service that runs already, several with commas; then also:
  --admin-url <url>    of its admin listener, as many
  --gateway-url <url>  of the simulator that it pays at
  --database-url <url> of its database
  --api-key <key>      default demo-key
  --prometheus-url <url>  of the Prometheus that watches it, with rules at their full length
  --help               show this

Without --url everything is started for the rehearsal. Exit code 1 where a hypothesis fails.
`;

/** A line for whoever typed it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

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
    seed: wholeNumber('--seed', values.seed, 2 ** 32 - 1) ?? Math.floor(Math.random() * 2 ** 32),
    rate: wholeNumber('--rate', values.rate, 1000) ?? 20,
    timeScale: scale,
    alerts: values.alerts,
    json: values.json,
    ...(show && { show }),
    ...(values.duration !== undefined && {
      duration: wholeNumber('--duration', values.duration, 86_400) ?? 15,
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
        rate: { type: 'string' },
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
    throw new UsageError(`${error instanceof Error ? error.message : String(error)} Try --help.`, {
      cause: error,
    });
  }
}

function givenService(values: ReturnType<typeof parse>['values']): GivenService | undefined {
  const { url, 'admin-url': admin, 'gateway-url': gateway, 'database-url': database } = values;
  const parts = [url, admin, gateway, database];
  if (parts.every((part) => part === undefined)) return undefined;
  if (url === undefined || admin === undefined || gateway === undefined || database === undefined)
    throw new UsageError('--url, --admin-url, --gateway-url and --database-url go together.');
  const urls = url.split(',').map(withoutSlash);
  const adminUrls = admin.split(',').map(withoutSlash);
  if (urls.length !== adminUrls.length) throw new UsageError('There must be as many --admin-url as --url.');
  const prometheus = values['prometheus-url'];
  return {
    urls,
    adminUrls,
    gatewayUrl: withoutSlash(gateway),
    databaseUrl: database,
    apiKey: values['api-key'],
    ...(prometheus !== undefined && { prometheusUrl: withoutSlash(prometheus) }),
  };
}

const withoutSlash = (url: string) => url.replace(/\/$/, '');

function wholeNumber(name: string, text: string | undefined, maximum: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (value < 1 || value > maximum)
    throw new UsageError(`${name} must be a whole number from 1 to ${maximum}, not "${text}".`);
  return value;
}
