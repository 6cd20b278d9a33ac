import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * Fails if a package with state that its users share is installed more than once: an instrumentation that is registered
 * with one copy of the OpenTelemetry API or of pg has no effect on the other.
 */
const singletons = [
  /^@opentelemetry\//,
  /^pg$/,
  /^prom-client$/,
  /^pino$/,
  /^fastify$/,
  /^undici$/,
  /^ajv$/,
  /^typebox$/,
];

/** A node of `npm ls --json`. */
interface Tree {
  version?: string;
  dependencies?: Record<string, Tree>;
}

const { stdout } = await promisify(execFile)('npm', ['ls', '--all', '--json', '--omit=dev'], {
  maxBuffer: 64 * 1024 * 1024,
});
const versions = new Map<string, Set<string>>();
collect(JSON.parse(stdout) as Tree);

const duplicates = [...versions].filter(([, found]) => found.size > 1);
for (const [name, found] of duplicates)
  process.stderr.write(`${name} is installed in several versions: ${[...found].join(', ')}\n`);
if (duplicates.length > 0) process.exitCode = 1;

function collect({ dependencies = {} }: Tree): void {
  for (const [name, tree] of Object.entries(dependencies)) {
    if (tree.version !== undefined && singletons.some((pattern) => pattern.test(name))) {
      versions.set(name, (versions.get(name) ?? new Set()).add(tree.version));
    }
    collect(tree);
  }
}
