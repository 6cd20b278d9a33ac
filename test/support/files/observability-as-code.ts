import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';

/** The rules, dashboards and runbooks of this project, as far as tests need them. */

export interface AlertRule {
  alert: string;
  expr: string;
  for?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface RecordingRule {
  record: string;
  expr: string;
  labels?: Record<string, string>;
}

export interface RuleTest {
  name: string;
  input_series: Array<{ series: string; values: string }>;
  alert_rule_test?: Array<{ alertname: string; exp_alerts: unknown[] }>;
}

const rulesFolder = 'prometheus/rules';
const ruleTestsFolder = 'prometheus/rules-tests';
const dashboardsFolder = 'grafana/dashboards';
const runbooksFolder = 'docs/runbooks';

async function filesOf(folder: string, extension: string): Promise<Array<{ name: string; text: string }>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(extension)).toSorted();
  return Promise.all(
    names.map(async (name) => ({ name, text: await readFile(path.join(folder, name), 'utf8') })),
  );
}

export interface RuleGroup {
  name: string;
  /** In the order in which Prometheus evaluates them. */
  rules: Array<AlertRule | RecordingRule>;
}

export async function readRules() {
  const files = await filesOf(rulesFolder, '.yml');
  const groups = files.flatMap(({ text }) => (parse(text) as { groups: RuleGroup[] }).groups);
  const rules = groups.flatMap((group) => group.rules);
  return {
    groups,
    alerts: rules.filter((rule) => 'alert' in rule),
    recordings: rules.filter((rule) => 'record' in rule),
  };
}

export async function readRuleTests(): Promise<RuleTest[]> {
  const files = await filesOf(ruleTestsFolder, '.test.yml');
  return files.flatMap(({ text }) => (parse(text) as { tests: RuleTest[] }).tests);
}

export interface Target {
  expr: string;
  refId: string;
  datasource: { type: string; uid: string };
  exemplar?: boolean;
}

export interface DashboardLink {
  title: string;
  url?: string;
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { type: string; uid: string };
  targets?: Target[];
  fieldConfig?: { defaults: { unit?: string; links?: DashboardLink[]; thresholds?: unknown } };
}

export interface Dashboard {
  uid: string;
  title: string;
  description: string;
  tags: string[];
  panels: Panel[];
  links: Array<{ type: string; tags: string[] }>;
  templating: { list: Array<{ name: string; type: string; query: string | { query: string } }> };
  annotations: { list: Array<{ name: string; expr: string }> };
}

export async function readDashboards(): Promise<Dashboard[]> {
  const files = await filesOf(dashboardsFolder, '.json');
  return files.map(({ text }) => JSON.parse(text) as Dashboard);
}

export interface Query {
  /** Its location, for messages. */
  place: string;
  language: 'promql' | 'logql';
  /** The query with Grafana's variables filled in. */
  text: string;
}

/** Every query of every panel and annotation. */
export async function dashboardQueries(): Promise<Query[]> {
  const queries: Query[] = [];
  for (const { uid, panels, annotations } of await readDashboards()) {
    for (const { title, targets = [] } of panels) {
      for (const { expr, refId, datasource } of targets) {
        const language = datasource.type === 'loki' ? 'logql' : 'promql';
        queries.push({ place: `${uid} › ${title} › ${refId}`, language, text: withVariables(expr) });
      }
    }
    for (const { name, expr } of annotations.list) {
      queries.push({ place: `${uid} › annotation ${name}`, language: 'promql', text: withVariables(expr) });
    }
  }
  return queries;
}

/** The query as Grafana would send it with all replicas selected. */
function withVariables(expr: string): string {
  return expr
    .replaceAll('$__rate_interval', '1m')
    .replaceAll('$__range', '30m')
    .replaceAll('$instance', '.+');
}

export async function ruleQueries(): Promise<Query[]> {
  const { alerts, recordings } = await readRules();
  return [
    ...alerts.map(({ alert, expr }) => ({ place: alert, language: 'promql' as const, text: expr })),
    ...recordings.map(({ record, expr }) => ({ place: record, language: 'promql' as const, text: expr })),
  ];
}

export async function readRunbooks(): Promise<Array<{ name: string; text: string }>> {
  return filesOf(runbooksFolder, '.md');
}

const fenced = /^```(promql|logql)\n([^]*?)\n```$/gm;

/** Every query in the code blocks of the runbooks. */
export async function runbookQueries(): Promise<Query[]> {
  const runbooks = await readRunbooks();
  return runbooks.flatMap(({ name, text }) =>
    [...text.matchAll(fenced)].map(([, language, query = '']) => ({
      place: name,
      language: language as Query['language'],
      text: query,
    })),
  );
}

export async function allQueries(): Promise<Query[]> {
  return [...(await ruleQueries()), ...(await dashboardQueries()), ...(await runbookQueries())];
}
