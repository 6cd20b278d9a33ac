import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { folder, renderDashboards } from '../../grafana/source/render.ts';
import { parseLogql } from '../support/files/logql.ts';
import {
  type Dashboard,
  dashboardQueries,
  type Panel,
  readDashboards,
} from '../support/files/observability-as-code.ts';
import { parsePromql } from '../support/files/promql.ts';

const dashboards = await readDashboards();
const uids = [
  'orders-business',
  'orders-dependencies',
  'orders-detection',
  'orders-saturation',
  'orders-service',
  'orders-telemetry',
];

/** Rows are only headings. */
const panelsOf = ({ panels }: Dashboard): Panel[] => panels.filter(({ type }) => type !== 'row');

test('the committed dashboards are up to date with their source', async () => {
  const rendered = renderDashboards();
  expect((await readdir(folder)).toSorted()).toEqual([...rendered.keys()].toSorted());
  for (const [name, text] of rendered) {
    const stale = (await readFile(path.join(folder, name), 'utf8')) !== text;
    expect(stale, `${name} is stale: npm run dashboards`).toBe(false);
  }
});

test('there are six dashboards with stable uids', () => {
  expect(dashboards.map(({ uid }) => uid)).toEqual(uids);
});

test('Grafana is provisioned with the folder of the dashboards', async () => {
  const file = await readFile('grafana/provisioning/dashboards/orders.yml', 'utf8');
  const { providers } = parse(file) as { providers: Array<{ options: { path: string } }> };
  expect(providers.map(({ options }) => options.path)).toEqual(['/etc/grafana/dashboards']);
});

describe.each(dashboards.map((dashboard) => [dashboard.title, dashboard] as const))(
  'dashboard %s',
  (_title, dashboard) => {
    test('a dashboard asks a question and starts with the answer', () => {
      expect(dashboard.description).toMatch(/\?/);
      const [row, ...others] = dashboard.panels;
      expect(row?.type).toBe('row');
      const answer = others.slice(
        0,
        others.findIndex(({ type }) => type === 'row'),
      );
      expect(answer.map(({ type }) => type)).toEqual(answer.map(() => 'stat'));
      expect(panelsOf(dashboard).length).toBeLessThanOrEqual(14);
    });

    test('a dashboard has unique panels that do not overlap and fit the grid', () => {
      const taken = new Map<string, string>();
      for (const { title, gridPos } of dashboard.panels) {
        expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
            expect(taken.get(`${x} ${y}`), `${title} covers another panel`).toBeUndefined();
            taken.set(`${x} ${y}`, title);
          }
        }
      }
      const ids = dashboard.panels.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      const titles = panelsOf(dashboard).map(({ title, type }) => `${type} ${title}`);
      expect(new Set(titles).size).toBe(titles.length);
    });

    test.each(panelsOf(dashboard).map((panel) => [panel.title, panel] as const))(
      'panel %s has a unit, a description and a selectable data source',
      (_panel, panel) => {
        expect(panel.description?.length).toBeGreaterThan(30);
        expect(panel.fieldConfig?.defaults.unit).toBeTruthy();
        const source = panel.type === 'logs' || panel.type === 'table' ? '${logs}' : '${metrics}';
        expect(panel.datasource?.uid).toBe(source);
        expect(panel.targets?.length).toBeGreaterThan(0);
        for (const target of panel.targets ?? []) expect(target.datasource.uid).toBe(source);
      },
    );

    test('every latency panel has exemplars that link to traces', () => {
      const latencies = panelsOf(dashboard).filter(
        ({ type, targets = [] }) =>
          type === 'timeseries' && targets.some(({ expr }) => expr.includes('histogram_quantile')),
      );
      for (const { title, targets = [] } of latencies) {
        expect(
          targets.some(({ exemplar }) => exemplar === true),
          title,
        ).toBe(true);
      }
    });

    test('every link into Explore is valid once its variables are replaced', () => {
      for (const { title, fieldConfig } of panelsOf(dashboard)) {
        for (const { url = '' } of fieldConfig?.defaults.links ?? []) {
          const filled = url.replaceAll(/\$\{[\w.]+\}/g, 'filled');
          const panes = new URL(filled, 'http://grafana').searchParams.get('panes');
          const { orders } = JSON.parse(panes ?? '') as {
            orders: { datasource: string; queries: Array<{ expr?: string }>; range: object };
          };
          expect(orders.range, title).toEqual({ from: 'filled', to: 'filled' });
          for (const { expr } of orders.queries)
            if (expr !== undefined) expect(parseLogql(expr)).toBeDefined();
          expect(url).toMatch(/"?%22datasource%22%3A%22\$\{(logs|traces)\}%22/);
        }
      }
    });

    // 499 stands in metrics and the log only: nobody was sent a status, so the span has none.
    test('a panel that links to the traces of a status links to those of clients that went away, too', () => {
      const lacking = panelsOf(dashboard).filter(({ fieldConfig }) => {
        const links = (fieldConfig?.defaults.links ?? []).map(({ url = '' }) => decodeURIComponent(url));
        return (
          links.some((url) => url.includes('"tags":"http.response.status_code=${')) &&
          !links.some((url) => url.includes('"tags":"error.type=client_gone"'))
        );
      });
      expect(lacking.map(({ title }) => title)).toEqual([]);
    });

    test('a dashboard has the shared annotations, variables and links to the other dashboards', () => {
      expect(dashboard.annotations.list.map(({ name }) => name)).toEqual([
        'Starts and deploys',
        'Circuit breaker not closed',
        'Faults of the simulator',
        'Pages',
      ]);
      expect(dashboard.links).toMatchObject([{ type: 'dashboards', tags: dashboard.tags }]);
      expect(dashboard.templating.list.map(({ name }) => name)).toEqual([
        'metrics',
        'logs',
        'traces',
        'instance',
      ]);
    });
  },
);

test('every query in panels and annotations parses', async () => {
  const queries = await dashboardQueries();
  for (const { language, text } of queries) {
    expect(language === 'promql' ? parsePromql(text) : parseLogql(text)).toBeDefined();
    expect(text, 'an unknown variable').not.toMatch(/\$[a-z_{]/i);
  }
  expect(queries.length).toBeGreaterThan(100);
});

test('every log panel selects the logs of the service', async () => {
  const queries = (await dashboardQueries()).filter(({ language }) => language === 'logql');
  for (const { text } of queries) expect(parseLogql(text).streams).toEqual({ service_name: 'orders' });
});
