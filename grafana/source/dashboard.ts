import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  AnnotationQueryBuilder,
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  type Panel,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder as PrometheusQuery } from '@grafana/grafana-foundation-sdk/prometheus';
import { bad, neutral, warning } from './colours.ts';
import { metrics } from './datasources.ts';
import { dashboardLinks, inSight } from './links.ts';
import { ofService } from './promql.ts';

export interface DashboardDescription {
  /** Part of its URL and of the links in alerts, so it never changes. Also the name of its file. */
  uid: string;
  title: string;
  /** The question that the dashboard answers. */
  question: string;
  /** The first row is the answer; the others explain it. */
  rows: ReadonlyArray<{ title: string; panels: ReadonlyArray<Builder<Panel>> }>;
}

/** Builds a dashboard with the shared variables, annotations, links and time settings. */
export function createDashboard({ uid, title, question, rows }: DashboardDescription): Dashboard {
  const dashboard = new DashboardBuilder(`Orders / ${title}`)
    .uid(uid)
    .description(question)
    .tags(['orders'])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-30m', to: 'now' })
    .refresh('10s')
    .timezone('browser')
    .variables([
      new DatasourceVariableBuilder('metrics').label('Metrics').type('prometheus'),
      new DatasourceVariableBuilder('logs').label('Logs').type('loki'),
      new DatasourceVariableBuilder('traces').label('Traces').type('jaeger'),
      instanceVariable(),
    ])
    .annotations(annotations().map(inSight))
    .links([dashboardLinks()]);

  let id = 0;
  for (const row of rows) {
    id += 1;
    dashboard.withRow(new RowBuilder(row.title).id(id));
    for (const panel of row.panels) {
      id += 1;
      dashboard.withPanel(withId(panel, id));
    }
  }
  return dashboard.build();
}

/** Numbers the panels: links to a panel use its id. */
function withId(panel: Builder<Panel>, id: number): Builder<Panel> {
  return { build: () => ({ ...panel.build(), id }) };
}

function instanceVariable(): QueryVariableBuilder {
  return new QueryVariableBuilder('instance')
    .label('Replica')
    .datasource(metrics)
    .query({ qryType: 1, query: 'label_values(up{job="orders"}, instance)', refId: 'instances' })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ text: 'All', value: '$__all' });
}

/** Events that every panel marks. */
function annotations(): AnnotationQueryBuilder[] {
  return [
    // The value is a time, which marks the start of the process and not its first scrape.
    annotation('Starts and deploys', neutral, `${ofService('process_start_time_seconds')} * 1000`)
      .useValueForTime(true)
      .titleFormat('{{instance}} started'),
    annotation(
      'Circuit breaker not closed',
      warning,
      `max by (breaker) (max_over_time(${ofService('circuit_breaker_state', 'state!="closed"')}[$__rate_interval])) > 0`,
    ).titleFormat('circuit breaker of {{breaker}} not closed'),
    annotation(
      'Faults of the simulator',
      'purple',
      'max by (fault) (max_over_time(simulator_fault_active[$__rate_interval])) > 0',
    ).titleFormat('fault: {{fault}}'),
    annotation(
      'Pages',
      bad,
      'max by (alertname) (ALERTS{alertstate="firing",severity="page"}) > 0',
    ).titleFormat('page: {{alertname}}'),
  ];
}

const shortestStep = '15s';

function annotation(name: string, colour: string, expr: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(metrics)
    .enable(true)
    .hide(false)
    .iconColor(colour)
    .expr(expr)
    .step(shortestStep)
    .target(
      new PrometheusQuery().expr(expr).interval(shortestStep).range().refId('Anno').datasource(metrics),
    );
}
