import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * Fails where a package whose copies must share state is installed more than once: with two copies of the
 * OpenTelemetry API or SDK, or of pg, what one of them registers the other does not see.
 */
const single = [
  /^@opentelemetry\//,
  /^pg$/,
  /^prom-client$/,
  /^pino$/,
  /^fastify$/,
  /^undici$/,
  /^ajv$/,
  /^typebox$/,
];

interface Tree {
  version?: string;
  dependencies?: Record<string, Tree>;
}

const { stdout } = await promisify(execFile)('npm', ['ls', '--all', '--json', '--omit=dev'], {
  maxBuffer: 64 * 1024 * 1024,
});
const versions = new Map<string, Set<string>>();
collect(JSON.parse(stdout) as Tree);

const doubled = [...versions].filter(([, found]) => found.size > 1);
for (const [name, found] of doubled)
  process.stderr.write(`${name} is installed as ${[...found].join(' and ')}\n`);
if (doubled.length > 0) process.exitCode = 1;

function collect({ dependencies = {} }: Tree): void {
  for (const [name, tree] of Object.entries(dependencies)) {
    if (tree.version !== undefined && single.some((pattern) => pattern.test(name))) {
      versions.set(name, (versions.get(name) ?? new Set()).add(tree.version));
    }
    collect(tree);
  }
}
