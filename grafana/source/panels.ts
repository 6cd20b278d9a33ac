import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import {
  AxisPlacement,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  LogsSortOrder,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type DashboardLinkBuilder,
  FieldColorBuilder,
  FieldColorModeId,
  type Panel,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as HeatmapBuilder } from '@grafana/grafana-foundation-sdk/heatmap';
import { PanelBuilder as LogsBuilder } from '@grafana/grafana-foundation-sdk/logs';
import { DataqueryBuilder as LokiQuery } from '@grafana/grafana-foundation-sdk/loki';
import {
  DataqueryBuilder as PrometheusQuery,
  PromQueryFormat,
} from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { type Colours, plain } from './colours.ts';
import { logs, metrics } from './datasources.ts';

export interface PromQuery {
  expr: string;
  /** Text with label names in double braces, which distinguishes the series. */
  legend: string;
  /** Shows dots that link to traces; for histograms. Default false. */
  exemplars?: boolean;
}

interface Common {
  title: string;
  /** How to read it, and what to do about it. */
  description: string;
  /** One of Grafana's units: https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts */
  unit: string;
  /** In columns of the grid, which has 24. */
  width: number;
  /** In rows of the grid. */
  height?: number;
  /** Values at which the colour changes. */
  thresholds?: Threshold[];
  mappings?: ValueMapping[];
  decimals?: number;
  /** Links from a point to its logs or traces. */
  links?: readonly DashboardLinkBuilder[];
}

export interface StatOptions extends Common {
  queries: readonly PromQuery[];
}

/** The current value, coloured by its thresholds. */
export function stat(options: StatOptions): Builder<Panel> {
  const panel = new StatBuilder()
    .datasource(metrics)
    .colorMode(BigValueColorMode.Background)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .graphMode(BigValueGraphMode.Area)
    .textMode(options.queries.length > 1 || options.queries[0]?.legend.includes('{{') ? valueAndName : value)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .noValue('–');
  describe(panel, { height: 4, ...options });
  return panel.targets(promQueries(options.queries));
}

const value = BigValueTextMode.Value;
const valueAndName = BigValueTextMode.ValueAndName;

export interface TimeSeriesOptions extends Common {
  queries: readonly PromQuery[];
  colours?: Colours;
  /** Stacks the series. Default false. */
  stacked?: boolean;
  min?: number;
  max?: number;
  /** Series on the right axis with another unit, by name. */
  rightAxis?: { series: string; unit: string };
}

export function timeSeries(options: TimeSeriesOptions): Builder<Panel> {
  const { stacked = false, colours = {}, thresholds, rightAxis } = options;
  const panel = new TimeSeriesBuilder()
    .datasource(metrics)
    .drawStyle(GraphDrawStyle.Line)
    .lineWidth(1)
    .fillOpacity(stacked ? 40 : 8)
    .showPoints(VisibilityMode.Never)
    .spanNulls(false)
    .min(options.min ?? 0)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))
    .legend(legend())
    .tooltip({ build: () => ({ mode: TooltipDisplayMode.Multi, sort: SortOrder.Descending }) });
  describe(panel, options);
  if (options.max !== undefined) panel.max(options.max);
  if (stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (thresholds) {
    panel.thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  }
  for (const [pattern, colour] of Object.entries(colours)) {
    panel.overrideByRegexp(pattern, [{ id: 'color', value: { mode: 'fixed', fixedColor: colour } }]);
  }
  if (rightAxis) {
    panel.overrideByName(rightAxis.series, [
      { id: 'unit', value: rightAxis.unit },
      { id: 'custom.axisPlacement', value: AxisPlacement.Right },
    ]);
  }
  return panel.targets(promQueries(options.queries));
}

/** States over time, one band per series. */
export function stateTimeline(options: Common & { queries: readonly PromQuery[] }): Builder<Panel> {
  const panel = new StateTimelineBuilder()
    .datasource(metrics)
    .mergeValues(true)
    .showValue(VisibilityMode.Auto)
    .rowHeight(0.8)
    .fillOpacity(70)
    .legend(legend());
  describe(panel, options);
  return panel.targets(promQueries(options.queries));
}

/** The buckets of a histogram over time. `expr` sums its increase by `le`. */
export function heatmap(options: Common & { expr: string }): Builder<Panel> {
  const panel = new HeatmapBuilder().datasource(metrics).cellGap(1).showLegend();
  describe(panel, options);
  const query = new PrometheusQuery().expr(options.expr).format(PromQueryFormat.Heatmap);
  return panel.targets([query.legendFormat('{{le}}').range().refId('A').datasource(metrics)]);
}

export interface LogQuery {
  logql: string;
}

/** Log lines, newest first; each links to its trace. */
export function logLines(options: Omit<Common, 'unit'> & LogQuery): Builder<Panel> {
  const panel = new LogsBuilder()
    .datasource(logs)
    .showTime(true)
    .wrapLogMessage(true)
    .enableLogDetails(true)
    .sortOrder(LogsSortOrder.Descending);
  describe(panel, { ...options, unit: 'short' });
  return panel.targets([
    new LokiQuery().expr(options.logql).queryType('range').maxLines(200).refId('A').datasource(logs),
  ]);
}

/** Counts of log lines over the whole time range, largest first. */
export function logTable(options: Common & LogQuery): Builder<Panel> {
  const panel = new TableBuilder()
    .datasource(logs)
    .filterable(true)
    .transformations([
      { id: 'labelsToFields', options: {} },
      { id: 'merge', options: {} },
      { id: 'organize', options: { excludeByName: { Time: true } } },
      { id: 'sortBy', options: { sort: [{ field: 'Value #A', desc: true }] } },
    ]);
  describe(panel, options);
  return panel.targets([lokiInstant(options.logql)]);
}

function lokiInstant(logql: string): LokiQuery {
  return new LokiQuery().expr(logql).queryType('instant').refId('A').datasource(logs);
}

function promQueries(queries: readonly PromQuery[]): Array<Builder<Dataquery>> {
  return queries.map(({ expr, legend: name, exemplars = false }, index) =>
    new PrometheusQuery()
      .expr(expr)
      .legendFormat(name)
      .exemplar(exemplars)
      .range()
      .refId(String.fromCodePoint('A'.charCodeAt(0) + index))
      .datasource(metrics),
  );
}

function legend(): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .showLegend(true)
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom);
}

/** The common methods of the builders of all panel types. */
type AnyPanel = Pick<
  StatBuilder | TimeSeriesBuilder | StateTimelineBuilder | HeatmapBuilder | LogsBuilder | TableBuilder,
  'title' | 'description' | 'unit' | 'span' | 'height' | 'thresholds' | 'mappings' | 'decimals' | 'dataLinks'
>;

function describe(panel: AnyPanel, options: Common): void {
  const {
    title,
    description,
    unit,
    width,
    height = 8,
    thresholds = plain,
    mappings,
    decimals,
    links,
  } = options;
  panel.title(title);
  panel.description(description);
  panel.unit(unit);
  panel.span(width);
  panel.height(height);
  panel.thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(thresholds));
  if (mappings) panel.mappings(mappings);
  if (decimals !== undefined) panel.decimals(decimals);
  if (links) panel.dataLinks([...links]);
}
