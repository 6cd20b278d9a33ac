import type { FaultState, ServiceEdge, ServiceMap } from '../api-types.ts';
import { call, messageOf, repeat } from './api.ts';
import { count, duration, percent, rate } from './format.ts';
import { h, svg } from './h.ts';
import { activeFaults, apart, dependencyOf, placesOf, type Spot } from './map-layout.ts';
import { showRows } from './table-rows.ts';
import type { CreateView } from './view.ts';

const interval = 2000;
/** Size of a node and of the room that it stands in, in pixels. */
const node = { width: 170, height: 48 };
const room = { width: 440, height: 120 };
const laneHeight = 46;
/** Pixels of a letter of a label on average, and of a line of it. */
const letter = { width: 6.4, height: 17 };

/** Services and their dependencies, with what the spans of the last minute say about the calls between them. */
export const mapView: CreateView = (_address, page) => {
  const drawing = h('div', { class: 'map', role: 'region', 'aria-label': 'Drawing of the map', tabindex: 0 });
  const rows = h('tbody', {});
  const empty = h('p', { class: 'empty' }, 'Waiting for spans.');
  const table = h(
    'table',
    { class: 'outcomes' },
    h('caption', { class: 'unseen' }, 'Calls between services'),
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ...['From', 'To'].map((title) => h('th', {}, title)),
        ...['Calls', 'Rate', 'Errors', 'p50', 'p95'].map((title) => h('th', { class: 'number' }, title)),
        h('th', {}, 'Fault set'),
      ),
    ),
    rows,
  );
  let shown = '';

  async function load(): Promise<void> {
    try {
      const [map, faultState] = await Promise.all([
        call<ServiceMap>('GET', '/api/map'),
        call<FaultState>('GET', '/api/faults'),
      ]);
      page.notify('');
      const content = JSON.stringify([map.nodes, map.edges, faultState]);
      if (content !== shown) show(map, activeFaults(faultState));
      shown = content;
    } catch (error) {
      page.notify(messageOf(error));
    }
  }

  function show(map: ServiceMap, faults: ReadonlyMap<string, readonly string[]>): void {
    const nodes = new Map(map.nodes.map((each) => [each.id, each]));
    const faultsOn = ({ to }: ServiceEdge) => {
      const target = nodes.get(to);
      return (target && faults.get(dependencyOf(target))?.join(', ')) ?? '';
    };
    const name = (id: string) => nodes.get(id)?.name ?? id;
    empty.hidden = map.nodes.length > 0;
    table.hidden = map.edges.length === 0;
    drawing.hidden = map.nodes.length === 0;
    drawing.replaceChildren(draw(map, faultsOn));
    showRows(rows, map.edges, {
      key: ({ from, to }) => JSON.stringify([from, to]),
      cells: (edge) => [
        h('td', {}, name(edge.from)),
        h('td', {}, `${name(edge.to)} (${edge.protocol})`),
        h('td', { class: 'number' }, count(edge.calls)),
        h('td', { class: 'number' }, `${rate(edge.rate)}/s`),
        h('td', { class: `number ${edge.failed > 0 ? 'bad' : ''}` }, percentOf(edge)),
        h('td', { class: 'number' }, edge.p50 === null ? '–' : duration(edge.p50)),
        h('td', { class: 'number' }, edge.p95 === null ? '–' : duration(edge.p95)),
        h('td', { class: 'bad' }, faultsOn(edge)),
      ],
    });
  }

  repeat(load, interval, page.signal);
  return {
    title: 'Map',
    element: h(
      'div',
      { class: 'page' },
      h(
        'div',
        { class: 'heading' },
        h('h1', {}, 'Map'),
        h('p', { class: 'muted' }, 'Calls of the last minute, from the spans.'),
      ),
      empty,
      drawing,
      h('div', { class: 'scrolled', role: 'region', 'aria-label': 'Calls', tabindex: 0 }, table),
    ),
  };
};

function percentOf({ errors }: ServiceEdge): string {
  return errors === null ? '–' : percent(errors);
}

/** What the table below says, too. */
function draw(map: ServiceMap, faultsOn: (edge: ServiceEdge) => string): SVGElement {
  const places = placesOf(map);
  const all = [...places.values()];
  // Calls past a column of nodes have lanes of their own above all nodes.
  const isLong = ({ from, to }: ServiceEdge) =>
    Math.abs((places.get(to)?.column ?? 0) - (places.get(from)?.column ?? 0)) !== 1;
  const lanes = map.edges.filter(isLong);
  const top = lanes.length * laneHeight + 12;
  const width = Math.max(...all.map(({ column }) => column), 0) * room.width + node.width + 2;
  const height = top + Math.max(...all.map(({ row }) => row), 0) * room.height + node.height + 24;
  const at = (id: string) => {
    const { column = 0, row = 0 } = places.get(id) ?? {};
    return { x: column * room.width + 1, y: row * room.height + top };
  };
  const lines = map.edges.map((edge) => {
    const lane = lanes.indexOf(edge);
    const y = lane === -1 ? undefined : lane * laneHeight + 22;
    return lineOf(edge, { from: at(edge.from), to: at(edge.to), lane: y }, faultsOn(edge));
  });
  const spots = apart(lines);
  return svg(
    'svg',
    { width, height, viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' },
    ...lines.map((line, index) => edgeOf(line, spots[index] ?? { x: 0, y: 0 })),
    ...map.nodes.map(({ id, name, kind }) => {
      const { x, y } = at(id);
      return svg(
        'g',
        { class: `node ${kind}` },
        svg('rect', { x, y, width: node.width, height: node.height, rx: 8 }),
        svg('text', { x: x + node.width / 2, y: y + 21, class: 'node-name' }, shortened(name)),
        svg('text', { x: x + node.width / 2, y: y + 38, class: 'node-kind' }, kind),
      );
    }),
  );
}

interface Line {
  path: string;
  tone: string;
  figures: string;
  fault: string;
  /** Of the label, and where it may stand, the best place first. */
  width: number;
  height: number;
  spots: Spot[];
}

/** How far along a line its label may stand: in the middle, or else rather where the line begins. */
const sharesOfLine = [0.5, 0.3, 0.7, 0.4, 0.6, 0.2, 0.8];

/** @param lane height of a detour above the nodes */
function lineOf(
  edge: ServiceEdge,
  { from, to, lane }: { from: Spot; to: Spot; lane: number | undefined },
  fault: string,
): Line {
  const [x1, y1] = [from.x + node.width, from.y + node.height / 2];
  const [x2, y2] = [to.x, to.y + node.height / 2];
  const x = (x1 + x2) / 2;
  const figures = [
    `${rate(edge.rate)}/s`,
    `${percentOf(edge)} failed`,
    edge.p95 === null ? '' : `p95 ${duration(edge.p95)}`,
  ]
    .filter((each) => each !== '')
    .join(', ');
  const width = figures.length * letter.width;
  const shownFault = fault === '' ? '' : shortened(fault, 30);
  const label = {
    tone: fault !== '' ? 'faulty' : edge.failed > 0 ? 'failing' : '',
    figures,
    fault: shownFault,
    width,
    height: shownFault === '' ? letter.height : letter.height + 26,
  };
  if (lane !== undefined) {
    const path =
      `M ${x1} ${y1} C ${x1 + 40} ${y1}, ${x1 + 10} ${lane}, ${x1 + 70} ${lane} ` +
      `L ${x2 - 70} ${lane} C ${x2 - 10} ${lane}, ${x2 - 40} ${y2}, ${x2} ${y2}`;
    return { ...label, path, spots: [{ x, y: lane }] };
  }
  // Between the nodes, however long it is.
  const free = Math.max((Math.abs(x2 - x1) - width) / 2 - 4, 0);
  const spots = sharesOfLine.map((share) => {
    const beside = (x2 - x1) * (1.5 * share * (1 - share) + share ** 3 - 0.5);
    return {
      x: x + Math.min(Math.max(beside, -free), free),
      y: y1 + (y2 - y1) * (3 * share ** 2 - 2 * share ** 3),
    };
  });
  return { ...label, path: `M ${x1} ${y1} C ${x} ${y1}, ${x} ${y2}, ${x2} ${y2}`, spots };
}

function edgeOf({ path, tone, figures, fault }: Line, { x, y }: Spot): SVGElement {
  return svg(
    'g',
    { class: `edge ${tone}` },
    svg('path', { d: path }),
    svg('text', { x, y: y - 8 }, figures),
    ...(fault === '' ? [] : [svg('text', { x, y: y + 18, class: 'fault' }, fault)]),
  );
}

function shortened(text: string, most = 24): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}
