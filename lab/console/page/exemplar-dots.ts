import type uPlot from 'uplot';
import type { Exemplar } from '../api-types.ts';
import { clock, seconds } from './format.ts';
import { h, setText } from './h.ts';
import type { Live } from './live.ts';
import type { Overlay } from './plot.ts';
import { resolved } from './theme.ts';
import type { Page } from './view.ts';

/** Maximum distance from the pointer to a dot, in pixels. */
const reach = 9;
const radius = 2.75;

/** Exemplars as dots in the latency plot. A click on one opens its trace. */
export function createExemplarDots(live: Live, page: Page): Overlay {
  const hint = h('div', { class: 'hint', hidden: true });
  let pointed: Exemplar | undefined;

  function nearest(plot: uPlot, left: number, top: number): Exemplar | undefined {
    let best: Exemplar | undefined;
    let distance = reach;
    for (const each of live.exemplars) {
      const dx = plot.valToPos(each.time / 1000, 'x') - left;
      if (Math.abs(dx) > distance) continue;
      const apart = Math.hypot(dx, plot.valToPos(each.seconds, 'y') - top);
      if (apart > distance) continue;
      distance = apart;
      best = each;
    }
    return best;
  }

  function point(plot: uPlot, event: MouseEvent): void {
    pointed = nearest(plot, event.offsetX, event.offsetY);
    hint.hidden = pointed === undefined;
    plot.over.classList.toggle('pointing', pointed !== undefined);
    if (pointed === undefined) return;
    setText(
      hint,
      `${pointed.name}  ${pointed.httpStatus}  ${seconds(pointed.seconds)}  ${clock(pointed.time)}`,
    );
    const right = event.offsetX > plot.over.clientWidth / 2;
    hint.style.setProperty('left', right ? 'auto' : `${event.offsetX + 12}px`);
    hint.style.setProperty('right', right ? `${plot.over.clientWidth - event.offsetX + 12}px` : 'auto');
    hint.style.setProperty('top', `${Math.max(event.offsetY - 26, 0)}px`);
  }

  return {
    values: (from, to) =>
      live.exemplars
        .filter(({ time }) => time >= from * 1000 && time <= to * 1000)
        .map((each) => each.seconds),
    open(time) {
      // A reading stands for the second before it.
      const near = live.exemplars.filter((each) => Math.abs(each.time / 1000 - time) <= 1.5);
      const [slowest] = near.toSorted((a, b) => b.seconds - a.seconds);
      if (slowest) page.go(`/traces/${slowest.traceId}`);
      return slowest !== undefined;
    },
    draw(plot) {
      const { ctx, bbox } = plot;
      const size = radius * devicePixelRatio;
      ctx.save();
      ctx.beginPath();
      // A dot on the lowest or the highest line of the scale is shown whole.
      ctx.rect(bbox.left, bbox.top - size, bbox.width, bbox.height + 2 * size);
      ctx.clip();
      // An outline separates the dots from each other and from the lines.
      ctx.strokeStyle = resolved('--ground');
      ctx.lineWidth = devicePixelRatio;
      for (const { time, seconds: value, httpStatus } of live.exemplars) {
        const left = plot.valToPos(time / 1000, 'x', true);
        if (left < bbox.left) continue;
        ctx.beginPath();
        ctx.arc(left, plot.valToPos(value, 'y', true), size, 0, 2 * Math.PI);
        ctx.fillStyle = resolved(httpStatus.startsWith('5') ? '--red' : '--dot');
        ctx.fill();
        ctx.stroke();
      }
      ctx.restore();
    },
    attach(plot) {
      plot.over.append(hint);
      plot.over.addEventListener('mousemove', (event) => point(plot, event));
      plot.over.addEventListener('mouseleave', () => {
        hint.hidden = true;
      });
      plot.over.addEventListener('click', (event) => {
        point(plot, event);
        if (pointed) page.go(`/traces/${pointed.traceId}`);
      });
    },
  };
}
