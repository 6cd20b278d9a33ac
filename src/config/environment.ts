import { isIP } from 'node:net';
import { inspect } from 'node:util';
import { withoutBrackets } from './host-and-port.ts';

/** Describes and reads environment variables. variables.ts lists them, config.ts loads them. */

/** A value that never prints, whether in a log line, an error message or `console.log(config)`. */
export class Secret<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  reveal(): T {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/** The environment does not describe a service that can run. `message` holds one line per fault. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'invalid_configuration';

  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** A text has the expected form and cannot be used all the same. `message` completes "NAME …". */
export class UnfitValue extends Error {
  override readonly name = 'UnfitValue';
}

export interface Variable<T> {
  /**
   * Returns the value, or `undefined` when the text does not have the expected form.
   *
   * @throws {UnfitValue}
   */
  parse(text: string, env?: Environment): T | undefined;
  /** Completes "NAME must be …". */
  expected: string;
  meaning: string;
  /** In the form of the variable itself. A variable without a default is required unless it is optional. */
  default?: string;
  /** The value is `undefined` when the variable is unset or empty. */
  optional?: true;
  /** Keeps the text out of error messages. */
  secret?: true;
}

type Rest<T> = Omit<Variable<T>, 'parse' | 'expected'>;

export const text = (rest: Rest<string>): Variable<string> => ({
  ...rest,
  expected: 'a non-empty text',
  parse: (raw) => (raw === '' ? undefined : raw),
});

export const oneOf = <const T extends string>(values: readonly T[], rest: Rest<T>): Variable<T> => ({
  ...rest,
  expected: `one of ${values.join(', ')}`,
  parse: (raw) => values.find((value) => value === raw),
});

export const wholeNumber = (minimum: number, maximum: number, rest: Rest<number>): Variable<number> => ({
  ...rest,
  expected: `a whole number from ${minimum} to ${maximum}`,
  parse: (raw) => {
    const value = /^\d{1,15}$/.test(raw) ? Number(raw) : Number.NaN;
    return value >= minimum && value <= maximum ? value : undefined;
  },
});

export const share = (rest: Rest<number>): Variable<number> => ({
  ...rest,
  expected: 'a share from 0 to 1, such as 0.2',
  parse: (raw) => (/^(0|1|0?\.\d+|1\.0+)$/.test(raw) ? Number(raw) : undefined),
});

const millisecondsPerUnit: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** Node's timers fire immediately for a longer delay. */
const longestTimer = 2 ** 31 - 1;

/** Parses to milliseconds. */
export const duration = (rest: Rest<number>): Variable<number> => ({
  ...rest,
  expected: 'a duration such as 250ms, 3s, 5m or 24h, of at most 24 days',
  parse: (raw) => {
    const [, amount, unit = ''] = /^(\d{1,10})(ms|s|m|h)$/.exec(raw) ?? [];
    const value = Number(amount) * (millisecondsPerUnit[unit] ?? Number.NaN);
    return value <= longestTimer ? value : undefined;
  },
});

export const url = (protocols: readonly string[], rest: Rest<string>): Variable<string> => ({
  ...rest,
  expected: `a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  parse: (raw) =>
    URL.canParse(raw) && protocols.some((protocol) => raw.startsWith(`${protocol}//`)) ? raw : undefined,
});

/** One or more values, comma-separated. */
export const listOf = <T>(one: Variable<T>): Variable<T[]> => ({
  ...one,
  expected: `one or more, comma-separated, each ${one.expected}`,
  parse: (raw) => {
    const found = raw.split(',').map((each) => one.parse(each.trim()));
    return found.every((each) => each !== undefined) ? found : undefined;
  },
});

/** A client of the API and its key. */
export interface ApiKey {
  client: string;
  key: string;
}

export const apiKeys = (rest: Rest<ApiKey[]>): Variable<ApiKey[]> => ({
  ...rest,
  expected:
    'client:key pairs such as "shop:key1,pos:key2", clients of letters, digits, "-" and "_", keys of visible ASCII without commas, no key twice',
  parse: (raw) => {
    const pairs: ApiKey[] = [];
    for (const pair of raw.split(',')) {
      const [, client, key] = /^\s*([\w-]{1,64}):([!-+\--~]{1,255})\s*$/.exec(pair) ?? [];
      if (client === undefined || key === undefined) return undefined;
      pairs.push({ client, key });
    }
    return new Set(pairs.map(({ key }) => key)).size === pairs.length ? pairs : undefined;
  },
});

/** Names of a server: `shop`, or `*.example.org` for every name below it. An address is written as in a URL. */
export const hostNames = (rest: Rest<string[]>): Variable<string[]> => ({
  ...rest,
  expected: 'host names without a port, comma-separated, such as "shop,*.example.org"',
  parse: (raw) => {
    const names = raw.split(',').map((name) => hostNameIn(name.trim().toLowerCase()));
    return names.every((name) => name !== undefined) ? names : undefined;
  },
});

/** In the form that a URL gives it: an IPv6 address has one spelling, in brackets, whether it was written with them or not. */
function hostNameIn(written: string): string | undefined {
  const address = withoutBrackets(written);
  if (isIP(address) === 6) return URL.parse(`http://[${address}]`)?.hostname;
  return /^(?:\*\.)?[a-z\d_](?:[a-z\d_.-]{0,251}[a-z\d_])?$/.test(written) ? written : undefined;
}

/** The proxies in front of the service, by number or by address. */
export const proxies = (rest: Rest<number | string[]>): Variable<number | string[]> => ({
  ...rest,
  expected: 'the number of proxies, or their addresses such as "10.0.0.0/8,192.168.1.7"',
  parse: (raw) => {
    if (/^[1-9]\d?$/.test(raw)) return Number(raw);
    const addresses = addressRanges({ meaning: '' }).parse(raw);
    // Fastify refuses to trust every address.
    return addresses?.some((address) => /\/0+$/.test(address)) ? undefined : addresses;
  },
});

/** IP addresses, and ranges of them. */
export const addressRanges = (rest: Rest<string[]>): Variable<string[]> => ({
  ...rest,
  expected: 'addresses such as "10.0.0.0/8,192.168.1.7"',
  parse: (raw) => {
    const addresses = raw.split(',').map((address) => address.trim());
    return addresses.every(isAddressRange) ? addresses : undefined;
  },
});

/** Accepts an IP address or a range in CIDR notation (RFC 4632). */
function isAddressRange(range: string): boolean {
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(range) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(bits ?? 0) <= (version === 4 ? 32 : 128);
}

export const optional = <T>(variable: Variable<T>): Variable<T | undefined> => ({
  ...variable,
  optional: true,
});

export type Values<V> = { [Name in keyof V]: V[Name] extends Variable<infer T> ? T : never };

/** Sentences about values of 0, for durations that leave no time to anything. */
export function mustNotBeZero<Name extends string>(
  values: Readonly<Record<NoInfer<Name>, number>>,
  ...names: readonly Name[]
): Array<[applies: boolean, sentence: string]> {
  return names.map((name) => [values[name] === 0, `${name} must not be 0`]);
}

/** Reads the variables that it is given. @throws {ConfigError} listing every fault */
export function read<V extends Readonly<Record<string, Variable<unknown>>>>(
  known: V,
  env: Environment,
): Values<V> {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(known)) {
    const raw = env[name] ?? variable.default;
    if (variable.optional && (raw === undefined || raw === '')) continue;
    if (raw === undefined) {
      faults.push(`${name} is not set: ${withoutLinks(variable.meaning)}`);
      continue;
    }
    try {
      values[name] = variable.parse(raw, env);
    } catch (error) {
      if (!(error instanceof UnfitValue)) throw error;
      faults.push(`${name} ${error.message}`);
      continue;
    }
    if (values[name] === undefined) {
      const found = variable.secret ? '' : `, not ${JSON.stringify(raw)}`;
      faults.push(`${name} must be ${variable.expected}${found}`);
    }
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return values as Values<V>;
}

/** Meanings are written for a page. */
const withoutLinks = (meaning: string): string => meaning.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1');

/** Whether the environment names an OTLP receiver. Nothing usually listens at the standard's default address. */
export function namesCollector(env: Environment): boolean {
  return Object.keys(env).some((name) => /^OTEL_EXPORTER_OTLP_(\w+_)?ENDPOINT$/.test(name));
}
