import type { MetricList, MetricPoints, MetricSeries, MetricSummary } from '../api-types.ts';
import { aligned } from './aligned.ts';
import { call, messageOf, repeat } from './api.ts';
import { count, figure, seconds } from './format.ts';
import { fill, h, reconcile, setText } from './h.ts';
import { createHeatMap } from './heat-map.ts';
import { createLabelFilters } from './label-filters.ts';
import type { Live } from './live.ts';
import { type Meaning, meaningOf } from './metric-meaning.ts';
import { notesOf, shortage } from './metric-notes.ts';
import { newestOf } from './newest.ts';
import { createPlotTable, latencyScale, rateScale } from './plot-table.ts';
import type { Line, PlotOptions } from './plot.ts';
import { labelOf, shortLabelOf } from './series-labels.ts';
import { createSeriesTable } from './series-table.ts';
import { briefDate } from './ticks.ts';
import type { CreateView, Page } from './view.ts';

/** Milliseconds between two requests, and what the plots show without a time range. */
const interval = 2500;
const shownTime = 5 * 60_000;
/** Lines of one plot; the table has the other series, too. */
const mostLines = 8;
const colours = ['--blue', '--violet', '--amber', '--green', '--red', '--teal', '--grey', '--dot'];

/** Any metric of any sender: of the scraped service, and of everything that sends metrics over OTLP. */
export function metricsView(live: Live): CreateView {
  return (address, page) => {
    const name = address.query.get('name') ?? '';
    /** Which metric of this name; null for the only one. */
    const unit = address.query.get('unit');
    const filters = createLabelFilters(address.query.getAll('label'), () => {
      noteChoice();
      void load();
    });
    const wanted = h('input', {
      type: 'search',
      placeholder: 'part of a name',
      autocomplete: 'off',
      'aria-label': 'Metrics whose name contains',
      value: address.query.get('find') ?? '',
      on: {
        input() {
          noteChoice();
          showList();
        },
      },
    });
    const names = h('ul', { class: 'metric-names' });
    const short = h('p', { class: 'muted' });
    const chosen = h(
      'div',
      { class: 'metric' },
      name === '' && h('p', { class: 'empty' }, 'Choose a metric.'),
    );
    let list: MetricList | undefined;
    let explorer: Explorer | undefined;

    function noteChoice(): void {
      page.note(pathOf({ name, unit }, filters.values()));
    }

    function pathOf(metric: { name: string; unit: string | null }, labels: readonly string[] = []): string {
      const find = wanted.value.trim();
      const parameters = new URLSearchParams([
        ...(metric.name === '' ? [] : [['name', metric.name]]),
        ...(metric.unit === null ? [] : [['unit', metric.unit]]),
        ...labels.map((each) => ['label', each]),
        ...(find === '' ? [] : [['find', find]]),
      ]);
      return `/metrics${parameters.size === 0 ? '' : `?${parameters.toString()}`}`;
    }

    function showList(): void {
      const text = wanted.value.trim().toLowerCase();
      const all = list?.metrics ?? [];
      const found = all.filter((each) => each.name.toLowerCase().includes(text));
      const namesakes = Map.groupBy(all, (each) => each.name);
      const isOneOf = (each: MetricSummary) => (namesakes.get(each.name)?.length ?? 0) > 1;
      const addressOf = (each: MetricSummary) =>
        pathOf({ name: each.name, unit: isOneOf(each) ? each.unit : null });
      reconcile(names, found, {
        key: (each) => JSON.stringify([each.name, isOneOf(each) && each.unit]),
        create: (each) =>
          h(
            'li',
            {},
            h(
              'a',
              {
                href: addressOf(each),
                title: each.description,
                'aria-current': each === chosenOf(all) ? 'page' : undefined,
              },
              each.name,
            ),
            h(
              'span',
              { class: 'muted' },
              ` ${each.kind}${isOneOf(each) ? ` in ${each.unit || 'no unit'}` : ''}, ${count(each.series)}`,
            ),
          ),
        update: (row, each) => row.querySelector('a')?.setAttribute('href', addressOf(each)),
      });
    }

    function chosenOf(all: readonly MetricSummary[]): MetricSummary | undefined {
      return all.find((each) => each.name === name && (unit === null || each.unit === unit));
    }

    async function load(): Promise<void> {
      try {
        list = await call<MetricList>('GET', '/api/metrics');
        showList();
        setText(short, shortage(list.dropped));
        const about = chosenOf(list.metrics);
        if (about) await loadPoints(about);
        else if (name !== '' && !explorer)
          fill(chosen, h('p', { class: 'empty' }, `No metric named ${name} was received yet.`));
        page.notify('');
      } catch (error) {
        page.notify(messageOf(error));
      }
    }

    async function loadPoints(about: MetricSummary): Promise<void> {
      if (!explorer) {
        explorer = createExplorer(about, live, page, filters.element);
        chosen.replaceChildren(...explorer.elements);
      }
      filters.offer(about.labels);
      const labels = new URLSearchParams([
        ['name', name],
        ['unit', about.unit],
        ...filters.values().map((each) => ['label', each]),
      ]);
      explorer.update(about, await call<MetricPoints>('GET', `/api/metrics/points?${labels.toString()}`));
    }

    repeat(load, interval, page.signal);
    return {
      title: 'Metrics',
      element: h(
        'div',
        { class: 'page' },
        h('div', { class: 'heading' }, h('h1', {}, 'Metrics'), wanted),
        h('div', { class: 'metrics' }, h('nav', { 'aria-label': 'Metrics' }, names, short), chosen),
      ),
      up: name === '' ? undefined : '/metrics',
    };
  };
}

const usualColumns = { counter: 'rate', gauge: 'value', updown: 'value', histogram: 'p95', summary: 'mean' };

/** What is plotted: histograms without buckets have no quantiles. */
function columnOf({ kind }: MetricSummary, series: readonly MetricSeries[]): string {
  const has = (column: string) => series.some((each) => newestOf(each, column) > -Infinity);
  const usual = usualColumns[kind];
  return !has(usual) && has('mean') ? 'mean' : usual;
}

interface Explorer {
  elements: HTMLElement[];
  update(about: MetricSummary, points: MetricPoints): void;
}

/** The chosen metric: a filter per label, its plot, its heat map and a table of its series. */
function createExplorer(about: MetricSummary, live: Live, page: Page, filters: HTMLElement): Explorer {
  let column: string = usualColumns[about.kind];
  const plots = h('div', { class: 'plots' });
  const newest = createSeriesTable();
  const note = h('p', { class: 'muted' });
  const heat =
    about.kind === 'histogram'
      ? createHeatMap(meaningOf(about, []) === 'seconds' ? seconds : figure)
      : undefined;
  let table: ReturnType<typeof createPlotTable> | undefined;
  let lines: readonly string[] = [];
  let meaning: Meaning | undefined;
  let ending = new AbortController();
  page.signal.addEventListener('abort', () => ending.abort());

  /** Builds the plots again, because there are other series, or their values mean something else. */
  function build(series: readonly MetricSeries[], values: Meaning): void {
    ending.abort();
    ending = new AbortController();
    const options: PlotOptions = {
      title: column === 'rate' ? 'Per second' : column,
      height: 190,
      ...scaleOf(about, values),
      hasPoints: true,
      lines: series.map(
        (each, index): Line => ({
          column: String(index),
          label: shortLabelOf(each, series),
          colour: colours[index % colours.length] ?? '--blue',
        }),
      ),
    };
    table = createPlotTable([options], { signal: ending.signal, range: page.range });
    const [plot, ...axis] = table.elements;
    plots.replaceChildren(...[plot, heat?.element, ...axis].filter((each) => each !== undefined));
  }

  /** The largest series, by their labels. A plot that is being read keeps those that it has, because others need a new plot. */
  function drawnOf(series: readonly MetricSeries[]): MetricSeries[] {
    const known = series.filter((each) => lines.includes(labelOf(each, series)));
    const isRead = known.length > 0 && plots.matches(':hover, :focus-within');
    const largest = series.toSorted((a, b) => newestOf(b, column) - newestOf(a, column)).slice(0, mostLines);
    return (isRead ? known : largest).toSorted((a, b) =>
      labelOf(a, series).localeCompare(labelOf(b, series)),
    );
  }

  return {
    elements: [
      h('h2', {}, about.name),
      h('p', { class: 'muted' }, `${about.kind}${about.unit && `, in ${about.unit}`}. ${about.description}`),
      filters,
      plots,
      note,
      newest.element,
    ],
    update(latest, { series, skipped }) {
      const before = column;
      column = columnOf(about, series);
      const drawn = drawnOf(series);
      const keys = drawn.map((each) => labelOf(each, series));
      const means = meaningOf(about, series);
      if (column !== before || means !== meaning || JSON.stringify(keys) !== JSON.stringify(lines))
        build(drawn, means);
      lines = keys;
      meaning = means;
      const now = live.latest?.now ?? Date.now();
      const range = page.range.current ?? { from: now - shownTime, to: now };
      const { times, columns: values } = aligned(
        drawn.map((each) => ({ times: each.times, values: each.columns[column] ?? [] })),
      );
      const columns = new Map(values.map((each, index) => [String(index), each]));
      table?.update({ times, columns, faults: live.latest?.faults ?? [], ...range });
      heat?.update(series, range);
      setText(note, notesOf(latest, { series, skipped, drawn: drawn.length, times, range }));
      newest.update(series, means);
    },
  };
}

function scaleOf({ kind }: MetricSummary, meaning: Meaning): Pick<PlotOptions, 'scale' | 'format'> {
  if (kind === 'counter') return rateScale;
  if (meaning === 'date') return { scale: 'date', format: briefDate };
  if (meaning === 'seconds' && (kind === 'histogram' || kind === 'summary')) return latencyScale;
  return { scale: 'number', format: figure };
}
