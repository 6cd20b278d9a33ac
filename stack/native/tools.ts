import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isProgram, pathOf } from '../../lab/harness/path-of.ts';

/** A program of the stack that is not an npm package. A test compares the versions with docker-compose.yml. */
export interface Tool {
  version: string;
  /** Its names on the PATH, the most common one first. */
  commands: readonly string[];
  /** How `npm run stack:install` builds it. Without this it must be installed already. */
  build?: Build;
  /** A reason why it is built only if its flag is given, `--with-loki` for `loki`. */
  onlyIfAsked?: string;
}

export type Build =
  /** With the Collector's own builder, which reads the versions from the manifest. */
  | { kind: 'collector'; builder: string; manifest: string }
  /** From a Go module, with the module's own checksums. */
  | {
      kind: 'go';
      module: string;
      version: string;
      package: string;
      ldflags?: string;
      tags?: string;
      /** Replacements in its go.mod that are only valid inside its repository. */
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
      // The release has two tags; the module proxy has this one.
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
    onlyIfAsked: 'its license is the AGPL',
  },
  // Not built: its Go module lacks the web page, which the build requires.
  alertmanager: { version: '0.34.1', commands: ['alertmanager', 'prometheus-alertmanager'] },
  grafana: { version: '12.4.5', commands: ['grafana'] },
  redis: { version: '9.0.4', commands: ['valkey-server', 'redis-server'] },
} as const satisfies Record<string, Tool>;

const root = path.resolve(import.meta.dirname, '../..');

export const toolNames = Object.keys(tools).map((name) => name as ToolName);

/** In the user's cache. The name contains the version and a hash of the recipe, so that another recipe is another file. */
export function installedPath(name: ToolName): string {
  const { version, build }: Tool = tools[name];
  const recipe = createHash('sha256').update(JSON.stringify(build ?? null));
  if (build?.kind === 'collector') recipe.update(readFileSync(path.join(root, build.manifest)));
  const file = `${name}-${version}-${recipe.digest('hex').slice(0, 8)}`;
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache');
  return path.join(cache, 'observable-orders', 'bin', file);
}

/** The path of the program. A build by `npm run stack:install` takes precedence over the PATH. `undefined` if there is none. */
export function findTool(name: ToolName): string | undefined {
  const installed = installedPath(name);
  return isProgram(installed) ? installed : pathOf(...tools[name].commands);
}
