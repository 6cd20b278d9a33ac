import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  type DashboardLink,
  DashboardLinkBuilder,
  DashboardLinkType,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { logs, traces } from './datasources.ts';

/** Links a point of a panel to its log lines. `logql` may use labels of the series. */
export function logsLink(title: string, logql: string): DashboardLinkBuilder {
  return exploreLink(title, '${logs}', { refId: 'A', datasource: logs, expr: logql, queryType: 'range' });
}

export interface TraceSearch {
  /** The name of a span. Default: every span of the service. */
  operation?: string;
  /** In logfmt, as Jaeger expects. */
  tags?: string;
  /** Such as `300ms`. */
  minDuration?: string;
}

/** Links a point of a panel to traces of the service around that time. */
export function tracesLink(title: string, search: TraceSearch): DashboardLinkBuilder {
  const query = {
    refId: 'A',
    datasource: traces,
    queryType: 'search',
    service: 'orders',
    limit: 20,
    ...search,
  };
  return exploreLink(title, '${traces}', query);
}

/** Links to what a panel counts as 499, which stands in metrics and the log only: the span of such a request has no status. */
export function goneClientsLink(search: Pick<TraceSearch, 'operation'> = {}): DashboardLinkBuilder {
  return tracesLink('Traces of clients that went away', { ...search, tags: 'error.type=client_gone' });
}

/** @see https://grafana.com/docs/grafana/latest/explore/get-started-with-explore/#generate-explore-urls-from-external-tools */
function exploreLink(title: string, datasource: string, query: object): DashboardLinkBuilder {
  const range = { from: '${__from}', to: '${__to}' };
  const panes = encodeURIComponent(JSON.stringify({ orders: { datasource, queries: [query], range } }))
    // Grafana replaces its variables before it decodes the URL, so they must not be encoded.
    .replaceAll(/%24%7B(.+?)%7D/g, (_all, name: string) => `\${${decodeURIComponent(name)}}`);
  return new DashboardLinkBuilder(title)
    .type(DashboardLinkType.Link)
    .url(`/explore?schemaVersion=1&panes=${panes}&orgId=1`)
    .targetBlank(true);
}

/** Links to the other dashboards, with the same time range and variables. */
export function dashboardLinks(): Builder<DashboardLink> {
  const builder = new DashboardLinkBuilder('Orders')
    .type(DashboardLinkType.Dashboards)
    .tags(['orders'])
    .includeVars(true)
    .keepTime(true);
  return inSight(builder);
}

/** The builders hide links and annotations in a menu by default; this shows them above the panels. */
export function inSight<T extends { placement?: unknown }>(builder: Builder<T>): Builder<T> {
  return {
    build() {
      const built = builder.build();
      delete built.placement;
      return built;
    },
  };
}
