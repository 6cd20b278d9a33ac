import { evidenceVariables } from '../../lab/evidence/variables.ts';
import { migrationVariables } from '../../src/config/migration-variables.ts';
import { sdkNames } from '../../src/config/sdk-variables.ts';
import { telemetryVariables } from '../../src/config/telemetry-variables.ts';
import { variables } from '../../src/config/variables.ts';
import type { Variable } from '../../src/config/environment.ts';

/**
 * The schema of values.yaml. No object takes a name that it does not know, so that Helm refuses a typo by its name, and none
 * lacks one, because `null` deletes a default: `resources: null` would be pods without limits. Draft 7, which every Helm
 * understands.
 */

type Schema = Readonly<Record<string, unknown>>;

const object = (
  properties: Readonly<Record<string, Schema>>,
  { optional = [] }: { optional?: readonly string[] } = {},
): Schema => {
  const required = Object.keys(properties).filter((key) => !optional.includes(key));
  return {
    type: 'object',
    additionalProperties: false,
    properties,
    ...(required.length > 0 && { required }),
  };
};
const choice = (properties: Readonly<Record<string, Schema>>): Schema =>
  object(properties, { optional: Object.keys(properties) });
const text: Schema = { type: 'string' };
const name: Schema = { type: 'string', minLength: 1 };
const flag: Schema = { type: 'boolean' };
const whole = (minimum: number, maximum: number): Schema => ({ type: 'integer', minimum, maximum });
const port = whole(1, 65_535);
const url: Schema = { type: 'string', pattern: '^(https?://.+)?$' };
const strings: Schema = { type: 'object', additionalProperties: text };
/** Of a type of Kubernetes, which the API server checks. */
const theirs = { list: { type: 'array', items: { type: 'object' } }, object: { type: 'object' } } as const;

const cpu: Schema = { type: ['string', 'integer'], pattern: '^[0-9]+(\\.[0-9]+)?m?$' };
const memory: Schema = { type: 'string', pattern: '^[0-9]+(Mi|Gi)$' };
/** Both limits, always: a container without them takes what its neighbours need. */
const resources = object({ requests: object({ cpu, memory }), limits: object({ cpu, memory }) });

/** Checked here too: whoever ignores a member that it does not know would select everybody. */
const selector = choice({ matchLabels: strings, matchExpressions: theirs.list });
const peers: Schema = {
  type: 'array',
  items: {
    ...choice({
      podSelector: selector,
      namespaceSelector: selector,
      ipBlock: object({ cidr: name, except: { type: 'array', items: name } }, { optional: ['except'] }),
    }),
    minProperties: 1,
  },
};

const tier = object({ replicas: whole(1, 100), goMemoryLimit: name, resources });
const destination = object({ ports: { type: 'array', items: port }, to: peers });

/** Variables that the chart sets itself, from other values or for the cluster. */
const ofTheChart = new Set([
  'NODE_ENV',
  'HOST',
  'PORT',
  'ADMIN_HOST',
  'ADMIN_PORT',
  'AGENT_PORT',
  'ADMIN_ALLOWED_HOSTS',
  'PAYMENT_GATEWAY_URL',
  'PAYMENT_GATEWAY_AUTHORIZATION',
  'PAYMENT_GATEWAY_AUTHORIZATION_FILE',
  'SHUTDOWN_DRAIN_DELAY',
  'SHUTDOWN_DEADLINE',
  'OTEL_RESOURCE_ATTRIBUTES',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
]);

/** Variables of the evidence receiver that the chart sets itself. */
const ofTheReceiver = new Set([
  'HOST',
  'EVIDENCE_PORT',
  'EVIDENCE_ALLOWED_HOSTS',
  'EVIDENCE_TARGETS',
  'EVIDENCE_DIR',
  'EVIDENCE_URL',
]);

/** A variable as a value: what its parser expects, as far as a schema can say it. Numbers may be quoted, as variables often are. */
function schemaOf({ expected, meaning, default: value }: Variable<unknown>): Schema {
  const description = value === undefined ? meaning : `${meaning} (${value})`;
  const choices = /^one of ([^ ]+(?:, [^ ]+)*)$/.exec(expected)?.[1]?.split(', ');
  if (choices !== undefined) return { description, enum: choices };
  const range = /^a whole number from (\d+) to (\d+)$/.exec(expected);
  if (range) {
    const [minimum, maximum] = [Number(range[1]), Number(range[2])];
    return { description, type: ['integer', 'string'], minimum, maximum, pattern: '^[0-9]+$' };
  }
  if (expected.startsWith('a duration'))
    return { description, type: 'string', pattern: '^[0-9]{1,10}(ms|s|m|h)$' };
  if (expected.startsWith('a share'))
    return {
      description,
      type: ['number', 'string'],
      minimum: 0,
      maximum: 1,
      pattern: '^(0|1|0?\\.[0-9]+|1\\.0+)$',
    };
  return { description, type: ['string', 'number'] };
}

/** The SDK's, but for those that hold secrets. */
const ofTheSdk = sdkNames.filter((key) => !key.endsWith('HEADERS') && !ofTheChart.has(key));

/** Every name in full: Helm knows no patterns with lookahead. */
const schemasOf = (all: Readonly<Record<string, Variable<unknown>>>, without: ReadonlySet<string>) =>
  Object.fromEntries(
    Object.entries(all)
      .filter(([key, { secret }]) => !secret && !without.has(key))
      .map(([key, variable]) => [key, schemaOf(variable)]),
  );

const config = choice({
  ...Object.fromEntries(ofTheSdk.map((key) => [key, { type: ['string', 'number'] }])),
  ...schemasOf({ ...variables, ...migrationVariables, ...telemetryVariables }, ofTheChart),
});

export const valuesSchema: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Values of the chart. Generated by `npm run chart`',
  ...object(
    {
      // What Helm itself puts there for a chart that has this one as a dependency.
      global: theirs.object,
      image: object({
        repository: name,
        tag: text,
        digest: { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
        pullPolicy: { enum: ['Always', 'IfNotPresent', 'Never'] },
      }),
      imagePullSecrets: theirs.list,
      replicas: whole(1, 1000),
      secretName: name,
      paymentGateway: object({ url, authorization: flag }),
      listenAddress: { enum: ['0.0.0.0', '::'] },
      config,
      shutdown: object({
        drainDelaySeconds: whole(0, 300),
        deadlineSeconds: whole(1, 600),
        preStopSeconds: whole(0, 600),
      }),
      database: object({ connections: whole(1, 100_000) }),
      migrations: object({ deadlineSeconds: whole(1, 86_400), retries: whole(0, 10), resources }),
      resources,
      heapPercentage: whole(20, 75),
      autoscaling: object({
        enabled: flag,
        minReplicas: whole(1, 1000),
        maxReplicas: whole(1, 1000),
        cpu: whole(1, 1000),
        admission: object({ enabled: flag, use: whole(1, 100) }),
      }),
      rollout: object({ maxSurge: whole(1, 100) }),
      podDisruptionBudget: object({ maxUnavailable: whole(1, 1000) }),
      topologySpread: object({ whenUnsatisfiable: { enum: ['ScheduleAnyway', 'DoNotSchedule'] } }),
      agentCheck: object({ enabled: flag, port }),
      networkPolicy: object({
        enabled: flag,
        proxies: { ...peers, minItems: 1 },
        admin: peers,
        egress: object({
          dns: destination,
          postgres: destination,
          gateway: destination,
          redis: destination,
          otlp: destination,
          followUp: destination,
        }),
      }),
      telemetry: object({ endpoint: url, environment: { type: 'string', pattern: '^[A-Za-z0-9._-]+$' } }),
      monitoring: object({
        enabled: flag,
        labels: strings,
        interval: { type: 'string', pattern: '^([1-9]|[12][0-9]|30)s$' },
        rules: object({
          enabled: flag,
          runbookUrl: url,
          grafanaUrl: url,
          disabled: { type: 'array', items: name },
        }),
        alertmanagerConfig: object({ enabled: flag, labels: strings }),
        dashboards: object({ enabled: flag, labels: strings, annotations: strings }),
      }),
      evidence: object({
        enabled: flag,
        url,
        followUp: flag,
        readers: peers,
        config: choice(schemasOf(evidenceVariables, ofTheReceiver)),
        existingClaim: text,
        resources,
      }),
      collector: object({
        enabled: flag,
        image: object({ repository: name, tag: name }),
        traces: url,
        logs: url,
        authorizationKey: text,
        egressPorts: { type: 'array', items: port, minItems: 1 },
        router: tier,
        sampler: tier,
      }),
      podAnnotations: strings,
      nodeSelector: strings,
      tolerations: theirs.list,
      affinity: theirs.object,
      priorityClassName: text,
      extraEnv: theirs.list,
      extraVolumes: theirs.list,
      extraVolumeMounts: theirs.list,
    },
    // `replicas: null` leaves the number to somebody else.
    { optional: ['global', 'replicas'] },
  ),
};
