import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { answers, type ProgramOptions } from './program.ts';
import type { Ports } from './ports.ts';
import { prometheusConfig } from './prometheus-config.ts';
import { redisAnswers } from './redis-ping.ts';
import type { ToolName } from './tools.ts';

const root = path.resolve(import.meta.dirname, '../..');
const config = (file: string) => path.join(root, file);
const local = (port: number) => `127.0.0.1:${port}`;
const url = (port: number) => `http://${local(port)}`;

export interface Surroundings {
  ports: Ports;
  /** Each program keeps its data in its own folder in here. */
  dataDir: string;
  /** URL of the database `orders`. */
  postgresUrl: string;
  /** Whether logs can be sent to a Loki. */
  hasLoki: boolean;
  /** Whether alerts can be sent to an Alertmanager. */
  hasAlertmanager: boolean;
}

/** How to start a program, without its path and its log file. */
export type Recipe = Omit<ProgramOptions, 'command' | 'logFile' | 'name'>;

/** Starts each program from the configuration files of the compose stack. */
export const recipes: Readonly<Record<ToolName, (surroundings: Surroundings) => Promise<Recipe>>> = {
  async redis({ ports }) {
    return {
      // As in docker-compose.yml: a cache, which may lose everything but must not grow.
      args: `--bind 127.0.0.1 --port ${ports.REDIS} --save --maxmemory 12mb --maxmemory-policy allkeys-lru`
        .split(' ')
        // An empty `--save` turns snapshots off.
        .flatMap((argument) => (argument === '--save' ? [argument, ''] : [argument])),
      ready: () => redisAnswers(ports.REDIS),
    };
  },

  async jaeger({ ports }) {
    return {
      args: [`--config=file:${config('stack/jaeger/config.yaml')}`],
      env: {
        JAEGER_OTLP_ENDPOINT: local(ports.JAEGER_OTLP),
        JAEGER_HTTP_ENDPOINT: local(ports.JAEGER_PORT),
        JAEGER_GRPC_ENDPOINT: local(ports.JAEGER_GRPC),
        JAEGER_HEALTH_ENDPOINT: local(ports.JAEGER_HEALTH),
        JAEGER_UI_CONFIG: config('stack/jaeger/ui.json'),
        PROMETHEUS_URL: url(ports.PROMETHEUS_PORT),
        GOMEMLIMIT: '78MiB',
      },
      ready: () => answers(`${url(ports.JAEGER_HEALTH)}/status`),
    };
  },

  async loki({ ports, dataDir }) {
    return {
      args: [`-config.file=${config('stack/loki/config.yaml')}`, '-config.expand-env=true'],
      env: {
        LOKI_HOST: '127.0.0.1',
        LOKI_PORT: String(ports.LOKI_PORT),
        LOKI_GRPC_PORT: String(ports.LOKI_GRPC),
        LOKI_DATA: path.join(dataDir, 'loki'),
        GOMEMLIMIT: '122MiB',
      },
      ready: () => answers(`${url(ports.LOKI_PORT)}/ready`),
    };
  },

  async 'otel-collector'({ ports, dataDir, postgresUrl, hasLoki }) {
    const { hostname, port, username, password } = new URL(postgresUrl);
    const files = ['config.yaml', ...(hasLoki ? [] : ['without-loki.yaml'])];
    return {
      args: files.flatMap((file) => ['--config', config(`otel-collector/${file}`)]),
      env: {
        COLLECTOR_HEALTH_ENDPOINT: local(ports.COLLECTOR_HEALTH),
        COLLECTOR_OTLP_ENDPOINT: local(ports.OTLP_PORT),
        COLLECTOR_PROMETHEUS_ENDPOINT: local(ports.COLLECTOR_PROMETHEUS),
        COLLECTOR_METRICS_HOST: '127.0.0.1',
        COLLECTOR_METRICS_PORT: String(ports.COLLECTOR_METRICS),
        COLLECTOR_LOG_FILE: logRecords(dataDir),
        JAEGER_OTLP_ENDPOINT: local(ports.JAEGER_OTLP),
        LOKI_OTLP_ENDPOINT: `${url(ports.LOKI_PORT)}/otlp`,
        POSTGRES_ENDPOINT: `${hostname}:${port}`,
        POSTGRES_USER: decodeURIComponent(username),
        POSTGRES_PASSWORD: decodeURIComponent(password),
        REDIS_ENDPOINT: local(ports.REDIS),
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=development',
        GOMEMLIMIT: '116MiB',
      },
      ready: () => answers(url(ports.COLLECTOR_HEALTH)),
    };
  },

  async alertmanager({ ports, dataDir }) {
    const folder = path.join(dataDir, 'alertmanager');
    await mkdir(folder, { recursive: true });
    const file = path.join(folder, 'alertmanager.yml');
    const text = await readFile(config('stack/alertmanager/alertmanager.yml'), 'utf8');
    const here = text
      .replaceAll('http://simulator:7072/', `${url(ports.SIMULATOR_PORT)}/`)
      .replaceAll('http://evidence:7081/', `${url(ports.EVIDENCE_PORT)}/`);
    await writeFile(file, here);
    return {
      args: [
        `--config.file=${file}`,
        `--storage.path=${path.join(folder, 'data')}`,
        '--cluster.listen-address=',
        `--web.listen-address=${local(ports.ALERTMANAGER_PORT)}`,
        `--web.external-url=${url(ports.ALERTMANAGER_PORT)}`,
      ],
      ready: () => answers(`${url(ports.ALERTMANAGER_PORT)}/-/ready`),
    };
  },

  async prometheus({ ports, dataDir, hasAlertmanager }) {
    const folder = path.join(dataDir, 'prometheus');
    await mkdir(folder, { recursive: true });
    const file = path.join(folder, 'prometheus.yml');
    const text = await readFile(config('prometheus/prometheus.yml'), 'utf8');
    const addresses = {
      'orders:7071': local(ports.ADMIN_PORT),
      'otel-collector:8888': local(ports.COLLECTOR_METRICS),
      'otel-collector:8889': local(ports.COLLECTOR_PROMETHEUS),
      ...(hasAlertmanager && { 'alertmanager:9093': local(ports.ALERTMANAGER_PORT) }),
      'simulator:7072': local(ports.SIMULATOR_PORT),
      'evidence:7081': local(ports.EVIDENCE_PORT),
      'localhost:9090': local(ports.PROMETHEUS_PORT),
    };
    await writeFile(file, prometheusConfig(text, addresses, config('prometheus/rules/*.yml')));
    return {
      args: [
        `--config.file=${file}`,
        `--storage.tsdb.path=${path.join(folder, 'data')}`,
        `--storage.tsdb.retention.time=${process.env['PROMETHEUS_RETENTION'] || '2d'}`,
        '--enable-feature=exemplar-storage',
        `--web.listen-address=${local(ports.PROMETHEUS_PORT)}`,
        // Base URL of the links in alerts. By default it has the name of the machine, under which nothing listens.
        `--web.external-url=${url(ports.PROMETHEUS_PORT)}`,
      ],
      env: { GOMEMLIMIT: '90MiB' },
      ready: () => answers(`${url(ports.PROMETHEUS_PORT)}/-/ready`),
    };
  },

  async grafana({ ports, dataDir }) {
    const folder = path.join(dataDir, 'grafana');
    const provisioning = path.join(folder, 'provisioning');
    await cp(config('grafana/provisioning'), provisioning, { recursive: true });
    const providers = path.join(provisioning, 'dashboards/orders.yml');
    const text = await readFile(providers, 'utf8');
    await writeFile(providers, text.replace('/etc/grafana/dashboards', config('grafana/dashboards')));
    return {
      args: ['server', '--homepath', process.env['GRAFANA_HOME'] ?? '/usr/share/grafana'],
      env: {
        GF_SERVER_HTTP_ADDR: '127.0.0.1',
        GF_SERVER_HTTP_PORT: String(ports.GRAFANA_PORT),
        GF_PATHS_DATA: folder,
        GF_PATHS_PROVISIONING: provisioning,
        GF_AUTH_ANONYMOUS_ENABLED: 'true',
        GF_USERS_VIEWERS_CAN_EDIT: 'true',
        GF_ANALYTICS_REPORTING_ENABLED: 'false',
        GF_PLUGINS_PREINSTALL_DISABLED: 'true',
        PROMETHEUS_URL: url(ports.PROMETHEUS_PORT),
        JAEGER_URL: url(ports.JAEGER_PORT),
        LOKI_URL: url(ports.LOKI_PORT),
      },
      ready: () => answers(`${url(ports.GRAFANA_PORT)}/api/health`),
    };
  },
};

/** Without Loki the Collector writes log records to this file, one JSON line per batch. */
export const logRecords = (dataDir: string) => path.join(dataDir, 'log-records.jsonl');
