import { type EditedFile, remove, replace } from './edits.ts';

/** The dashboards, but for those of the service, its dependencies and its figures, which stand in the starter. */
export const dashboardFiles: readonly EditedFile[] = [
  ...[
    'grafana/provisioning/datasources/datasources.yml',
    'grafana/source/datasources.ts',
    'grafana/source/panels.ts',
    'grafana/source/states.ts',
  ].map((from) => ({ from, edits: [] })),
  {
    from: 'grafana/provisioning/dashboards/orders.yml',
    to: 'grafana/provisioning/dashboards/service.yml',
    edits: [],
  },
  {
    from: 'grafana/source/render.ts',
    edits: [replace('./business.ts', './bookings.ts'), replace('businessDashboard', 'bookingsDashboard')],
  },
  { from: 'grafana/source/dashboard.ts', edits: [] },
  {
    from: 'grafana/source/links.ts',
    edits: [replace('JSON.stringify({ orders: {', 'JSON.stringify({ explore: {')],
  },
  {
    from: 'grafana/source/promql.ts',
    edits: [
      replace('/** The requests that place orders. */', '/** The requests that create a booking. */'),
      replace('const placements', 'const creations'),
    ],
  },
  {
    from: 'grafana/source/colours.ts',
    edits: [
      replace(
        /export const byOrderStatus: Colours = \{[^}]*\};/g,
        'export const byStatus: Colours = { confirmed: good, rejected: warning, pending: notice };',
      ),
      replace('{ payment: neutral,', '{ upstream: neutral,'),
      replace("'(success|succeeded|ok|recovered|hit)$'", "'(success|ok|confirmed|recovered|hit)$'"),
      replace("'(declined|cancelled|retried|miss)$'", "'(retried|miss)$'"),
      replace("'(timeout|unknown|rejected)$'", "'(timeout|undecided|rejected)$'"),
    ],
  },
  {
    from: 'grafana/source/saturation.ts',
    edits: [
      remove(/ Orders that are admitted and wait to share a statement are in flight, too: .*? keep up\./g),
      remove(/^.*pg_batch_rows_waiting.*\n/gm),
      remove(' A profile names the function: docs/profiling.md.'),
      remove(' docs/profiling.md explains how to find its source.'),
    ],
  },
  { from: 'grafana/source/telemetry-health.ts', edits: [] },
  {
    from: 'grafana/source/detection.ts',
    edits: [
      remove(/^ {8}timeSeries\(\{\n {10}title: 'Declined cards',[^]*?^ {8}\}\),\n/gm),
      remove(/^ {8}logTable\(\{\n {10}title: 'Clients with declined cards',[^]*?^ {8}\}\),\n/gm),
      // It takes the place of the other table.
      replace(/(?<before>title: 'Clients with mistakes',[^]*?width: )12/g, '$<before>24'),
      replace(', without 402 (a declined card) and 429', ', without 429'),
      replace('status_code!~"402|429"', 'status_code!="429"'),
      remove(',status_code!="402"'),
      remove(' | status!="402"'),
    ],
  },
];
