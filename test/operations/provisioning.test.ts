import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

/**
 * The settings of the two programs that this project's tests cannot run, held against their published references: a setting
 * that is not listed here has not been looked up yet.
 */

type Kind = 'boolean' | 'number' | 'text' | 'duration' | 'day' | 'list';

const kindOf: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  boolean: (value) => typeof value === 'boolean',
  number: (value) => typeof value === 'number',
  text: (value) => typeof value === 'string',
  duration: (value) => typeof value === 'string' && /^-?\d+(?:ms|s|m|h|d)$/.test(value),
  day: (value) => /^\d{4}-\d{2}-\d{2}$/.test(String(value)),
  list: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
};

/** The settings of a file by their path, without the places in lists: `configs.index.period`. */
function settingsOf(value: unknown, path: readonly string[] = []): Array<[string, unknown]> {
  if (Array.isArray(value) && value.some((each) => typeof each === 'object'))
    return value.flatMap((each: unknown) => settingsOf(each, path));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[path.join('.'), value]];
  return Object.entries(value).flatMap(([key, inner]) => settingsOf(inner, [...path, key]));
}

/** What is not in the reference, or of another type. */
const undocumented = (
  settings: ReadonlyArray<[string, unknown]>,
  reference: Readonly<Record<string, Kind>>,
) =>
  settings.filter(([name, value]) => {
    const kind = reference[name];
    return kind === undefined || !kindOf[kind](value);
  });

/** https://grafana.com/docs/loki/latest/configure/ with the blocks `period_config`, `cache_config` and `attributes_config`. */
const ofLoki: Readonly<Record<string, Kind>> = {
  auth_enabled: 'boolean',
  'server.http_listen_address': 'text',
  'server.http_listen_port': 'number',
  'server.grpc_listen_address': 'text',
  'server.grpc_listen_port': 'number',
  'server.log_level': 'text',
  'common.path_prefix': 'text',
  'common.instance_addr': 'text',
  'common.replication_factor': 'number',
  'common.ring.kvstore.store': 'text',
  'common.storage.filesystem.chunks_directory': 'text',
  'common.storage.filesystem.rules_directory': 'text',
  'schema_config.configs.from': 'day',
  'schema_config.configs.store': 'text',
  'schema_config.configs.object_store': 'text',
  'schema_config.configs.schema': 'text',
  'schema_config.configs.index.prefix': 'text',
  'schema_config.configs.index.period': 'duration',
  'limits_config.allow_structured_metadata': 'boolean',
  'limits_config.retention_period': 'duration',
  'limits_config.volume_enabled': 'boolean',
  'limits_config.ingestion_rate_mb': 'number',
  'limits_config.max_query_parallelism': 'number',
  'limits_config.otlp_config.resource_attributes.ignore_defaults': 'boolean',
  'limits_config.otlp_config.resource_attributes.attributes_config.action': 'text',
  'limits_config.otlp_config.resource_attributes.attributes_config.attributes': 'list',
  'ingester.lifecycler.min_ready_duration': 'duration',
  'ingester.lifecycler.final_sleep': 'duration',
  'compactor.working_directory': 'text',
  'compactor.delete_request_store': 'text',
  'compactor.retention_enabled': 'boolean',
  'query_range.results_cache.cache.embedded_cache.enabled': 'boolean',
  'query_range.results_cache.cache.embedded_cache.max_size_mb': 'number',
  'chunk_store_config.chunk_cache_config.embedded_cache.enabled': 'boolean',
  'chunk_store_config.chunk_cache_config.embedded_cache.max_size_mb': 'number',
  'querier.max_concurrent': 'number',
  'analytics.reporting_enabled': 'boolean',
};

describe('the configuration of Loki', () => {
  const read = async () => {
    const file = await readFile('stack/loki/config.yaml', 'utf8');
    // As `-config.expand-env` does.
    return parse(file.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')) as {
      schema_config: { configs: Array<{ schema: string; store: string; index: { period: string } }> };
      limits_config: { allow_structured_metadata: boolean };
    };
  };

  test('the configuration of Loki has only settings of the reference, of its types', async () => {
    const settings = settingsOf(await read());
    expect(settings.length).toBeGreaterThan(30);
    expect(undocumented(settings, ofLoki)).toEqual([]);
  });

  // https://grafana.com/docs/loki/latest/get-started/labels/structured-metadata/: with tsdb and schema v13 or later.
  test('Loki has what structured metadata needs, and an index of a day, which retention needs', async () => {
    const { schema_config: schema, limits_config: limits } = await read();
    expect(schema.configs).toMatchObject([{ store: 'tsdb', schema: 'v13', index: { period: '24h' } }]);
    expect(limits.allow_structured_metadata).toBe(true);
  });
});

/** https://grafana.com/docs/grafana/latest/administration/provisioning/#data-sources */
const ofEverySource: Readonly<Record<string, Kind>> = {
  name: 'text',
  uid: 'text',
  type: 'text',
  access: 'text',
  url: 'text',
  isDefault: 'boolean',
  editable: 'boolean',
};

const ofSource: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  // https://grafana.com/docs/grafana/latest/datasources/prometheus/configure/#provision-the-data-source
  prometheus: {
    'jsonData.httpMethod': 'text',
    'jsonData.prometheusType': 'text',
    'jsonData.timeInterval': 'duration',
    'jsonData.exemplarTraceIdDestinations.name': 'text',
    'jsonData.exemplarTraceIdDestinations.datasourceUid': 'text',
    'jsonData.exemplarTraceIdDestinations.urlDisplayLabel': 'text',
  },
  // https://grafana.com/docs/grafana/latest/datasources/jaeger/configure/#provision-the-data-source
  jaeger: {
    'jsonData.nodeGraph.enabled': 'boolean',
    'jsonData.spanBar.type': 'text',
    'jsonData.spanBar.tag': 'text',
    'jsonData.tracesToLogsV2.datasourceUid': 'text',
    'jsonData.tracesToLogsV2.spanStartTimeShift': 'duration',
    'jsonData.tracesToLogsV2.spanEndTimeShift': 'duration',
    'jsonData.tracesToLogsV2.tags.key': 'text',
    'jsonData.tracesToLogsV2.tags.value': 'text',
    'jsonData.tracesToLogsV2.customQuery': 'boolean',
    'jsonData.tracesToLogsV2.query': 'text',
    'jsonData.tracesToMetrics.datasourceUid': 'text',
    'jsonData.tracesToMetrics.spanStartTimeShift': 'duration',
    'jsonData.tracesToMetrics.spanEndTimeShift': 'duration',
    'jsonData.tracesToMetrics.tags.key': 'text',
    'jsonData.tracesToMetrics.tags.value': 'text',
    'jsonData.tracesToMetrics.queries.name': 'text',
    'jsonData.tracesToMetrics.queries.query': 'text',
  },
  // https://grafana.com/docs/grafana/latest/datasources/loki/configure/#provision-the-data-source
  loki: {
    'jsonData.maxLines': 'number',
    'jsonData.derivedFields.name': 'text',
    'jsonData.derivedFields.matcherType': 'text',
    'jsonData.derivedFields.matcherRegex': 'text',
    'jsonData.derivedFields.datasourceUid': 'text',
    'jsonData.derivedFields.url': 'text',
    'jsonData.derivedFields.urlDisplayLabel': 'text',
  },
};

interface Source {
  uid: string;
  type: string;
}

const readSources = async () =>
  parse(await readFile('grafana/provisioning/datasources/datasources.yml', 'utf8')) as {
    apiVersion: number;
    datasources: Source[];
  };

const readGrafana = async () => {
  const { services } = parse(await readFile('docker-compose.yml', 'utf8'), { merge: true }) as {
    services: { grafana: { environment: Record<string, string> } };
  };
  return services.grafana.environment;
};

describe('the provisioning of Grafana', () => {
  test('every data source has only settings of the reference, of its types', async () => {
    const { apiVersion, datasources } = await readSources();
    expect([apiVersion, datasources.map(({ type }) => type)]).toEqual([1, ['prometheus', 'jaeger', 'loki']]);
    for (const source of datasources) {
      expect(undocumented(settingsOf(source), { ...ofEverySource, ...ofSource[source.type] })).toEqual([]);
    }
  });

  test('every link between data sources leads to one of them', async () => {
    const { datasources } = await readSources();
    const targets = settingsOf(datasources).filter(([name]) => name.endsWith('datasourceUid'));
    expect(targets.length).toBeGreaterThanOrEqual(4);
    const uids = new Set(datasources.map(({ uid }) => uid));
    expect(targets.filter(([, uid]) => !uids.has(String(uid)))).toEqual([]);
  });

  // https://grafana.com/docs/grafana/latest/administration/provisioning/#using-environment-variables
  test('every dollar sign is a variable that its container has, or is doubled', async () => {
    const known = Object.keys(await readGrafana());
    const texts = settingsOf(await readSources()).map(([, value]) => String(value));
    const names = texts.flatMap((each) =>
      Array.from(each.replaceAll('$$', '').matchAll(/\$\{?(\w*)/g), ([, name]) => name),
    );
    expect(names).toEqual(['PROMETHEUS_URL', 'JAEGER_URL', 'LOKI_URL']);
    expect(names.filter((name) => name === undefined || !known.includes(name))).toEqual([]);
  });

  // https://grafana.com/docs/grafana/latest/administration/provisioning/#dashboards
  test('the dashboards are provided with settings of the reference', async () => {
    const file = parse(await readFile('grafana/provisioning/dashboards/orders.yml', 'utf8')) as object;
    expect(
      undocumented(settingsOf(file), {
        apiVersion: 'number',
        'providers.name': 'text',
        'providers.folder': 'text',
        'providers.type': 'text',
        'providers.disableDeletion': 'boolean',
        'providers.allowUiUpdates': 'boolean',
        'providers.updateIntervalSeconds': 'number',
        'providers.options.path': 'text',
      }),
    ).toEqual([]);
  });
});

/**
 * Sections and settings of https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/. Grafana 12 has no
 * `viewers_can_edit` in its reference any more, and still obeys it: https://github.com/grafana/grafana/issues/105411
 */
const ofGrafana: ReadonlyArray<[section: string, setting: string]> = [
  ['auth.anonymous', 'enabled'],
  ['auth.anonymous', 'org_role'],
  ['auth', 'disable_login_form'],
  ['auth.basic', 'enabled'],
  ['users', 'viewers_can_edit'],
  ['server', 'root_url'],
  ['server', 'enable_gzip'],
  ['dashboards', 'default_home_dashboard_path'],
  ['dashboards', 'min_refresh_interval'],
  ['plugins', 'preinstall_disabled'],
  ['plugins', 'public_key_retrieval_disabled'],
  ['analytics', 'reporting_enabled'],
  ['analytics', 'check_for_updates'],
  ['analytics', 'check_for_plugin_updates'],
  ['analytics', 'feedback_links_enabled'],
  ['news', 'news_feed_enabled'],
  ['security', 'disable_gravatar'],
  ['unified_alerting', 'enabled'],
  ['log', 'level'],
];

test('every variable of the container of Grafana is a setting of its reference', async () => {
  const names = Object.keys(await readGrafana()).filter((name) => name.startsWith('GF_'));
  // https://grafana.com/docs/grafana/latest/setup-grafana/configure-grafana/#override-configuration-with-environment-variables
  const variables = ofGrafana.map(([section, setting]) =>
    `GF_${section}_${setting}`.toUpperCase().replaceAll(/[.-]/g, '_'),
  );
  expect(names.toSorted()).toEqual(variables.toSorted());
});
