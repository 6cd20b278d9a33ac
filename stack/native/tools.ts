import { createHash } from 'node:crypto';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** A program of the stack that is no npm package. Versions are those of docker-compose.yml, which a test compares. */
export interface Tool {
  version: string;
  /** What it is called on the PATH, the likelier name first. */
  commands: readonly string[];
  /** How `npm run stack:install` makes it; without, it has to be there already. */
  build?: Build;
}

export type Build =
  /** By the Collector's own builder, which reads the versions in the manifest. */
  | { kind: 'collector'; builder: string; manifest: string }
  /** From a Go module, with the checksums that the module brings. */
  | {
      kind: 'go';
      module: string;
      version: string;
      package: string;
      ldflags?: string;
      tags?: string;
      /** Replacements in its go.mod that do not hold outside of its repository. */
      without?: string[];
    };

export type ToolName = keyof typeof tools;

export const tools = {
  'otel-collector': {
    version: '0.157.0',
    commands: ['otelcol-contrib'],
    build: {
      kind: 'collector',
      builder: 'go.opentelemetry.io/collector/cmd/builder@v0.157.0',
      manifest: 'otel-collector/builder.yaml',
    },
  },
  jaeger: {
    version: '2.13.0',
    commands: ['jaeger'],
    build: {
      kind: 'go',
      // The release has two tags; the module proxy knows this one.
      module: 'github.com/jaegertracing/jaeger',
      version: 'v1.76.0',
      package: './cmd/jaeger',
      ldflags: '-X github.com/jaegertracing/jaeger/internal/version.latestVersion=v2.13.0',
    },
  },
  prometheus: {
    version: '3.14.0',
    commands: ['prometheus'],
    build: {
      kind: 'go',
      module: 'github.com/prometheus/prometheus',
      version: 'v0.314.0',
      package: './cmd/prometheus',
      ldflags: '-X github.com/prometheus/common/version.Version=3.14.0',
      // Without the service discovery of a dozen clouds.
      tags: 'remove_all_sd,enable_dns_sd',
    },
  },
  loki: {
    version: '3.7.8',
    commands: ['loki'],
    build: {
      kind: 'go',
      module: 'github.com/grafana/loki/v3',
      version: 'v3.7.8',
      package: './cmd/loki',
      ldflags: '-X github.com/grafana/loki/v3/pkg/util/build.Version=3.7.8',
      without: ['github.com/grafana/loki/pkg/push'],
    },
  },
  // Its Go module lacks the web page, without which it does not build.
  alertmanager: { version: '0.34.1', commands: ['alertmanager', 'prometheus-alertmanager'] },
  grafana: { version: '12.4.5', commands: ['grafana'] },
  redis: { version: '9.0.4', commands: ['valkey-server', 'redis-server'] },
} as const satisfies Record<string, Tool>;

const root = path.resolve(import.meta.dirname, '../..');

export const toolNames = Object.keys(tools).map((name) => name as ToolName);

/** Outside of the checkout, by version and recipe: what would be built otherwise is another file. */
export function installedPath(name: ToolName): string {
  const { version, build }: Tool = tools[name];
  const recipe = createHash('sha256').update(JSON.stringify(build ?? null));
  if (build?.kind === 'collector') recipe.update(readFileSync(path.join(root, build.manifest)));
  const file = `${name}-${version}-${recipe.digest('hex').slice(0, 8)}`;
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache');
  return path.join(cache, 'observable-orders', 'bin', file);
}

/** Where the program is: what was installed for this stack goes first. `undefined` where it is nowhere. */
export function findTool(name: ToolName): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const onPath = tools[name].commands.flatMap((command) =>
    folders.map((folder) => path.join(folder, command)),
  );
  return [installedPath(name), ...onPath].find(isProgram);
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
