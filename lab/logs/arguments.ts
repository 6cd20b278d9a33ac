import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { baseUrl } from '../../src/config/addresses.ts';
import { ConfigError } from '../../src/config/environment.ts';
import { messageOf } from '../harness/command-line.ts';
import { reasonOf } from './checkpoint.ts';
import { isCompressed } from './input/file-set.ts';
import { type Compression, compressions } from './output/compression.ts';
import { type FieldTable, type Role, roles, usualFields, withFields } from './lines/fields.ts';

export const usage = `npm run logs -- FILE… --to URL [options]

Reads lines of JSON, counts them by service and level, and forwards them over OTLP/HTTP.

  FILE                 a path, or a pattern in quotes such as '/var/log/orders/*.log'; - is standard input
  --to <url>           an OTLP receiver such as http://127.0.0.1:4318, or stdout; may be repeated
  --count              counts only, and forwards nothing
  --once               stops at the end of the files; files that end in .gz are uncompressed
  --from <where>       beginning or end of files that have no checkpoint (default beginning)
  --compression <how>  gzip, zstd or none (default LOGS_COMPRESSION)
  --checkpoint <file>  holds how far each file is forwarded (default LOGS_CHECKPOINT)
  --service <name>     service of lines that name none
  --field <role=name>  one more name of a member: ${roles.join(', ')}; may be repeated
  --fields <file>      the same as JSON, such as {"level": ["lvl"]}
  --help               show this

Variables for batches, bounds and waits: docs/configuration.md.
`;

export interface Arguments {
  /** Without `-` and what `compressed` has. */
  files: readonly string[];
  compressed: readonly string[];
  standardInput: boolean;
  /** URLs and `stdout`. */
  to: readonly string[];
  once: boolean;
  fromEnd: boolean;
  checkpoint: string | undefined;
  compression: Compression | undefined;
  service: string | undefined;
  fields: FieldTable;
}

const options = {
  to: { type: 'string', multiple: true },
  count: { type: 'boolean', default: false },
  once: { type: 'boolean', default: false },
  from: { type: 'string', default: 'beginning' },
  checkpoint: { type: 'string' },
  compression: { type: 'string' },
  service: { type: 'string' },
  field: { type: 'string', multiple: true },
  fields: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** @returns `undefined` if the user asks for help. @throws {ConfigError} with one line per fault */
export function readArguments(args: readonly string[]): Arguments | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;
  const { to: targets = [], field: addedFields = [] } = values;
  const faults: string[] = [];
  const check = (isRight: boolean, fault: string) => void (isRight || faults.push(`${fault}. Try --help.`));
  const names = positionals.filter((name) => name !== '-');
  const compressed = names.filter((name) => name.endsWith('.gz'));
  const unreadable = names.find((name) => isCompressed(name) && !name.endsWith('.gz'));
  check(positionals.length > 0, 'Name a file, or - for standard input');
  check(values.count !== targets.length > 0, 'Name a receiver with --to, or --count to forward nothing');
  check(
    values.from === 'beginning' || values.from === 'end',
    `--from must be beginning or end, not "${values.from}"`,
  );
  check(values.once || compressed.length === 0, `${compressed[0]} is compressed: add --once`);
  check(
    unreadable === undefined,
    `${unreadable} is not compressed with gzip: uncompress it into a pipe, and name - for standard input`,
  );
  const compression = compressions.find((each) => each === values.compression);
  check(
    values.compression === compression,
    `--compression must be ${compressions.join(', ')}, not "${values.compression}"`,
  );
  const twice = targets.find((to, index) => targets.indexOf(to) < index);
  check(twice === undefined, `--to ${twice} is there twice`);
  for (const to of targets) {
    const url = baseUrl({ meaning: '' });
    check(
      to === 'stdout' || url.parse(to) !== undefined,
      `--to must be stdout or ${url.expected}, not "${to}"`,
    );
  }
  const appended = targets.find((to) => /\/v1\/logs\/?$/.test(to));
  check(
    appended === undefined,
    `--to ${appended} has the path /v1/logs already, which is appended: leave it out`,
  );
  const added: Partial<Record<Role, string[]>> = {};
  for (const field of addedFields) {
    const [, role = '', name = ''] = /^(\w+)=(.+)$/.exec(field) ?? [];
    check(isRole(role), `--field must be a role and a name, such as level=lvl, not "${field}"`);
    if (isRole(role)) added[role] = [...(added[role] ?? []), name];
  }
  if (faults.length > 0) throw new ConfigError(faults);
  const fromFile = values.fields === undefined ? {} : readFields(values.fields);
  return {
    files: names.filter((name) => !name.endsWith('.gz')),
    compressed,
    standardInput: positionals.includes('-'),
    to: targets,
    once: values.once,
    fromEnd: values.from === 'end',
    checkpoint: values.checkpoint,
    compression,
    service: values.service,
    fields: withFields(withFields(usualFields, fromFile), added),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new ConfigError([messageOf(error)]);
  }
}

const isRole = (text: string): text is Role => roles.some((role) => role === text);

/** @throws {ConfigError} */
function readFields(file: string): Partial<FieldTable> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([`--fields ${file} cannot be read: ${reasonOf(error)}.`]);
  }
  const fields = fieldsIn(text);
  if (fields === undefined)
    throw new ConfigError([
      `--fields ${file} must be JSON with lists of names by role, such as {"level": ["lvl"]}. Roles: ${roles.join(', ')}.`,
    ]);
  return fields;
}

function fieldsIn(text: string): Partial<FieldTable> | undefined {
  try {
    const fields = JSON.parse(text) as Record<string, unknown>;
    const isRight = Object.entries(fields).every(
      ([role, names]) =>
        isRole(role) &&
        Array.isArray(names) &&
        names.every((name) => typeof name === 'string' && name !== ''),
    );
    return isRight ? fields : undefined;
  } catch {
    return undefined;
  }
}
