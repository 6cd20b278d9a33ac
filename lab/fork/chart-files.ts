import { type EditedFile, remove, replace } from './edits.ts';

/** The Helm chart: the files of this repository's own, with the dependency of the starter in place of the payment gateway. */
export const chartFiles: readonly EditedFile[] = [
  ...[
    'NOTES.txt',
    'collector.yaml',
    'evidence.yaml',
    'migrations.yaml',
    'monitoring.yaml',
    'serviceaccount.yaml',
    'services.yaml',
  ].map((name) => ({ from: `deploy/chart/templates/${name}`, edits: [] })),
  { from: 'deploy/chart/.helmignore', edits: [] },
  { from: 'deploy/source/collector.ts', edits: [] },
  { from: 'deploy/source/evidence-routes.ts', edits: [] },
  { from: 'deploy/source/render.ts', edits: [] },
  { from: 'deploy/chart/Chart.yaml', edits: [] },
  {
    from: 'deploy/chart/templates/_helpers.tpl',
    edits: [
      replace('paymentGateway.url', 'upstream.url'),
      remove(/^\{\{- if \.Values\.paymentGateway\.authorization \}\}.*\n/gm),
    ],
  },
  {
    from: 'deploy/chart/templates/availability.yaml',
    edits: [replace('orders_admission_use', 'frontdesk_ns_admission_use')],
  },
  {
    from: 'deploy/chart/templates/configmap.yaml',
    edits: [
      replace('PAYMENT_GATEWAY_URL: {{ .Values.paymentGateway.url', 'UPSTREAM_URL: {{ .Values.upstream.url'),
      remove(/ {2}\{\{- if \.Values\.paymentGateway\.authorization \}\}\n.*\n {2}\{\{- end \}\}\n/g),
    ],
  },
  {
    from: 'deploy/chart/templates/deployment.yaml',
    edits: [
      replace('{{- if or .Values.paymentGateway.authorization .Values.extra', '{{- if or .Values.extra'),
      remove(/ +\{\{- if \.Values\.paymentGateway\.authorization \}\}\n[^]*?\{\{- end \}\}\n/g),
      replace(/\{\{- if or (\.Values\.extra\w+) \}\}/g, '{{- if $1 }}'),
    ],
  },
  {
    from: 'deploy/chart/templates/networkpolicy.yaml',
    edits: [replace('"gateway"', '"upstream"')],
  },
  {
    from: 'deploy/chart/values.yaml',
    edits: [
      remove(/^# {3}PAYMENT_GATEWAY_AUTHORIZATION .*\n/gm),
      replace('paymentGateway:', 'upstream:'),
      remove(/ {2}# Whether the Secret has PAYMENT_GATEWAY_AUTHORIZATION\.\n.*\n/g),
      replace(
        'Any other variable of docs/configuration.md by its name',
        'Any other variable of src/config by its name',
      ),
      remove(/: docs\/(?:operations|evidence)\.md(?=\.)/g),
      replace('by its name: docs/configuration.md', 'by its name: lab/evidence/variables.ts'),
      remove(': deploy/README.md'),
      replace('    gateway: {', '    upstream: {'),
    ],
  },
  {
    from: 'deploy/source/values-schema.ts',
    edits: [
      replace("'PAYMENT_GATEWAY_URL'", "'UPSTREAM_URL'"),
      remove(/^ +'PAYMENT_GATEWAY_AUTHORIZATION.*\n/gm),
      replace('paymentGateway: object({ url, authorization: flag })', 'upstream: object({ url })'),
      replace('gateway: destination', 'upstream: destination'),
    ],
  },
  {
    from: 'deploy/values/haproxy.yaml',
    edits: [replace('paymentGateway', 'upstream'), remove(': docs/operations.md')],
  },
  {
    from: 'deploy/values/kind.yaml',
    edits: [replace('paymentGateway', 'upstream'), replace('    gateway:', '    upstream:')],
  },
  {
    from: 'deploy/values/managed.yaml',
    edits: [replace(/paymentGateway:\n.*\n.*\n/g, 'upstream: { url: "https://upstream.example.com" }\n')],
  },
  {
    from: 'deploy/values/vendor.yaml',
    edits: [
      replace('paymentGateway', 'upstream'),
      replace('The gateway and the vendor.', 'The dependency and the vendor.'),
      replace('    gateway:', '    upstream:'),
    ],
  },
  {
    from: 'deploy/kind/dependencies.yaml',
    edits: [
      replace('and the payment gateway simulator', "and the dependency's simulator"),
      replace('It remembers what was charged, so one.', 'It remembers what it confirmed, so one.'),
      replace('{ name: HOST, value: 0.0.0.0 }', '{ name: SIMULATOR_HOST, value: 0.0.0.0 }'),
      remove(/^ +- \{ name: SIMULATOR_(?:ALLOWED_HOSTS|LEDGER_MAX).*\n/gm),
      replace(/value: orders \}/g, 'value: frontdesk_ns }'),
    ],
  },
  {
    from: 'deploy/prometheus-adapter.yaml',
    edits: [replace('orders_admission_use', 'frontdesk_ns_admission_use')],
  },
  {
    from: 'test/operations/chart.test.ts',
    edits: [
      replace('`npm run test:kubernetes` installs it.', 'chart-rendered.test.ts renders it.'),
      replace('PAYMENT_DEADLIN', 'UPSTREAM_DEADLIN'),
    ],
  },
];
