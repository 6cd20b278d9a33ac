import { dashboardFiles } from './dashboard-files.ts';
import { type EditedFile, remove, replace, replaceBlock, withoutBlock } from './edits.ts';

/**
 * The files around the service: containers, telemetry backends, rules, dashboards, runbooks and their tests. They come from this
 * repository's own with these edits; what only a domain can say, its dashboards and the runbooks, stands in the starter.
 *
 * @param hasTraffic whether the fork has its own customers, who are a container then
 */
export function stackFiles(hasTraffic: boolean): EditedFile[] {
  return [
    ...containers(hasTraffic),
    ...prometheus,
    ...dashboardFiles,
    ...testsOfTheStack,
    ...asTheyAre.map((from) => ({ from, edits: [] })),
  ];
}

const asTheyAre = [
  'stack/jaeger/ui.json',
  'otel-collector/Dockerfile',
  'otel-collector/.dockerignore',
  'otel-collector/vendor.yaml',
  ...[
    'admin-listener',
    'captures',
    'captures.test',
    'config',
    'follow-up',
    'hottest',
    'main',
    'notification',
    'page',
    'responder',
    'server',
    'sole-owner',
    'targets',
    'variables',
  ].map((name) => `lab/evidence/${name}.ts`),
  'lab/harness/exposition.ts',
  'test/operations/fixtures/compose-spec.json',
  'test/operations/fixtures/compose-spec.md',
  'test/support/files/logql.ts',
  'test/support/files/observability-as-code.ts',
  'test/support/files/promql.ts',
];

/** A fork has no stack of native processes, whose command sets variables. */
const withoutNativeStack = replace(/; `npm run stack:native` sets the\n# variables\./g, '.');

const simulator = `  simulator:
    <<: [*common, *image]
    command: [node, lab/simulator/main.ts]
    environment:
      NODE_ENV: development
      SIMULATOR_HOST: 0.0.0.0
      NODE_OPTIONS: --max-old-space-size=64 --max-semi-space-size=4
    # The pages that the alerts link to.
    volumes: ["./docs/runbooks:/app/docs/runbooks:ro"]
    ports: ["127.0.0.1:\${SIMULATOR_PORT:-7072}:7072"]
    healthcheck:
      <<: *health
      test: [CMD, bash, src/healthcheck.sh, "http://127.0.0.1:7072/health"]
    mem_limit: 144m`;

const withTraffic = [
  replace('Orders are being taken.', 'Bookings are being taken.'),
  replace('Gateway     http', 'Upstream    http'),
];

const withoutTraffic = [
  replace(
    'The container `traffic` prints the addresses for a browser.',
    'Grafana: http://127.0.0.1:7074, the API: http://127.0.0.1:7070/docs.',
  ),
  withoutBlock('traffic:'),
];

const containers = (hasTraffic: boolean): EditedFile[] => [
  {
    from: 'docker-compose.yml',
    edits: [
      ...(hasTraffic ? withTraffic : withoutTraffic),
      withoutBlock('# --- the log processor'),
      withoutBlock('orders-to-file:'),
      withoutBlock('logs:'),
      remove(/^ {2}(?:orders-logs|logs-checkpoint):\n/gm),
      replace(
        '# --- the service, its payment gateway and its clients ---------------------------',
        '# --- the service and its dependency ----------------------------------------------',
      ),
      replace(', and podman-compose ends at a dependency that stack/minimal.yml leaves out.', '.'),
      replace('PAYMENT_GATEWAY_URL', 'UPSTREAM_URL'),
      replaceBlock('simulator:', simulator),
    ],
  },
  {
    from: '.env.example',
    edits: [
      remove('# `npm run stack:native` reads them, too, but for LOGS_PORT and the image versions.\n'),
      remove(/^(?:# Of the log processor.*|LOGS_PORT=.*)\n/gm),
      ...(hasTraffic
        ? []
        : [
            remove(/^(?:# Requests a second of the traffic.*|TRAFFIC_\w+=.*)\n/gm),
            remove(" One of the keys must be the traffic generator's."),
          ]),
    ],
  },
  {
    from: 'stack/haproxy/haproxy.cfg',
    edits: [
      replace('and a replica a fifth of an order.', 'and a replica far more.'),
      remove(' (test/limits/proxy-configuration.test.ts compares them)'),
      remove(/^ *(?:acl cancellation |http-request set-priority-class int\(1\)).*\n/gm),
      replace('one_order', 'one'),
      replace('all_orders', 'all'),
      replace(
        'It has room for reads and cancellations when it is full for orders, and none for lists.',
        'It has room for reads when it is full for new work, and none for lists.',
      ),
      replace(
        /a read from the cache, 202 for an order whose card cannot\n# be charged, or a 503 that says what is missing\./g,
        'the documents, or a 503 that says what is\n# missing.',
      ),
    ],
  },
  {
    from: 'stack/alertmanager/alertmanager.yml',
    edits: [
      replace('placement-latency', 'creation-latency'),
      remove(/ {2}# While the gateway is down, [^]*?(?= {2}# Of the burn rate alerts)/g),
    ],
  },
  { from: 'stack/jaeger/config.yaml', edits: [withoutNativeStack] },
  {
    from: 'stack/loki/config.yaml',
    edits: [
      replace(
        /It needs -config\.expand-env for the variables that\n# `npm run stack:native` sets\./g,
        'It needs -config.expand-env.',
      ),
    ],
  },
  {
    from: 'otel-collector/config.yaml',
    edits: [
      replace('; `npm run stack:native` sets the variables.', '.'),
      remove('|payment.?token'),
      replace('The latency objective for placing an order.', 'The latency objective for creating a booking.'),
      replace('such as that of a gateway that answered', 'such as that of a dependency that answered'),
    ],
  },
];

/** Of the objectives, those of the requests that create a resource. */
const creations = replace('placement', 'creation');

const prometheus: EditedFile[] = [
  {
    from: 'prometheus/prometheus.yml',
    edits: [
      replace(/ `npm run stack:native` writes a copy[^]*?\n\n/g, '\n\n'),
      replace('job_name: payment-gateway', 'job_name: upstream'),
    ],
  },
  {
    from: 'prometheus/rules/orders.yml',
    to: 'prometheus/rules/service.yml',
    edits: [
      replace('harm to customers or their money', 'harm to customers'),
      replace('name: orders-payment', 'name: orders-upstream'),
      replace('breaker="payment"', 'breaker="upstream"'),
      remove(' Two minutes leave three until orders are settled late.'),
      replace('The payment gateway has been', 'The dependency has been'),
      replace(
        'Orders are accepted and left pending, and no card is charged. They settle automatically once the gateway is back.',
        'Bookings are stored as pending. A repeat of the request asks again once the dependency is back.',
      ),
      remove(/^ {6}# Every replica that can count [^]*?(?=^ {6}# A replica that is not ready)/gm),
      replace('asking for due orders', 'asking for due bookings'),
      replace('operation=~"take_due_orders.*|take_unanswered_orders"', 'operation="lease_due_bookings"'),
      replace('No order is stored', 'No booking is stored'),
    ],
  },
  {
    from: 'prometheus/rules-tests/orders.test.yml',
    to: 'prometheus/rules-tests/service.test.yml',
    edits: [
      replace('rules/orders.yml', 'rules/service.yml'),
      replace('breaker="payment"', 'breaker="upstream"'),
      replace('breaker: payment', 'breaker: upstream'),
      replace('The payment gateway has been', 'The dependency has been'),
      replace(
        'Orders are accepted and left pending, and no card is charged. They settle automatically once the gateway is back.',
        'Bookings are stored as pending. A repeat of the request asks again once the dependency is back.',
      ),
      replace('the payment breaker opens', 'the breaker opens'),
      remove(/^ {2}- name: the oldest pending order [^]*?(?=^ {2}- name: Postgres fails the workers)/gm),
      replace(/operation="take_(?:due|unanswered)_orders"/g, 'operation="lease_due_bookings"'),
      replace('operation="count_backlog"', 'operation="list_bookings"'),
      replace('No order is stored', 'No booking is stored'),
    ],
  },
  {
    from: 'prometheus/rules/slo.yml',
    edits: [
      remove(' docs/slo.md explains the arithmetic.'),
      remove(/ {6}# Only settled orders count[^]*?(?= {6}- record: slo:objective:ratio)/g),
      remove(/ {6}- record: slo:objective:ratio\n {8}labels: \{ slo: settlement-time \}\n.*\n/g),
      replace('2..|402', '2..'),
      creations,
    ],
  },
  {
    from: 'prometheus/rules-tests/slo.test.yml',
    edits: [
      withoutBlock('- name: a fifth of the orders'),
      remove(/^ +- labels: .*slo="settlement-time".*\n.*\n/gm),
      replace('status_code="402"', 'status_code="202"'),
      replace('without orders, no recorded', 'without requests, no recorded'),
      creations,
    ],
  },
  {
    from: 'prometheus/rules/saturation.yml',
    edits: [replace(' across replicas, and orders are read from Postgres.', ' across replicas.')],
  },
  {
    from: 'prometheus/rules-tests/saturation.test.yml',
    edits: [
      replace(' across replicas, and orders are read from Postgres.', ' across replicas.'),
      replace('and the payment gateway is down', 'and the dependency is down'),
      replace('breaker="payment"', 'breaker="upstream"'),
    ],
  },
  { from: 'prometheus/rules/telemetry.yml', edits: [] },
  { from: 'prometheus/rules-tests/telemetry.test.yml', edits: [] },
];

const testsOfTheStack: EditedFile[] = [
  {
    from: 'test/operations/alerts.test.ts',
    edits: [
      replace('slo=placement-latency', 'slo=creation-latency'),
      // A name may have digits.
      replace('/d\\/([a-z-]+)$/', '/d\\/([a-z0-9-]+)$/'),
      replace('/:7074\\/d\\/([a-z-]+)/g', '/:7074\\/d\\/([a-z0-9-]+)/g'),
      replace('7074\\/d\\/orders-[a-z]+/', '7074\\/d\\/[a-z0-9-]+/'),
    ],
  },
  {
    from: 'test/operations/dashboards.test.ts',
    edits: [
      replace("dashboards/orders.yml'", "dashboards/service.yml'"),
      replace("'orders-business'", "'orders-bookings'"),
      replace(/^const uids = (\[[^]*?\n\]);/gm, 'const uids = $1.toSorted();'),
      replace('const { orders } = JSON.parse', 'const { explore } = JSON.parse'),
      replace('            orders: { datasource', '            explore: { datasource'),
      replace('expect(orders.range', 'expect(explore.range'),
      replace('of orders.queries', 'of explore.queries'),
      replace('toBeGreaterThan(100)', 'toBeGreaterThan(80)'),
    ],
  },
  {
    from: 'test/operations/compose.test.ts',
    edits: [
      remove(/^import .*stack\/native.*\n/gm),
      withoutBlock("describe('the native stack'"),
      withoutBlock('interface PrometheusConfig'),
      replace('waitsForOrders', 'waitsForService'),
    ],
  },
];
