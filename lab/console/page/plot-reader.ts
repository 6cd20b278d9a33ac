import type uPlot from 'uplot';
import { h, setAttribute } from './h.ts';
import { timeLabel } from './ticks.ts';

/** The seconds by which a key moves; beyond the edges it stops. */
const moves: Readonly<Record<string, number>> = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -10,
  PageUp: 10,
  Home: -Infinity,
  End: Infinity,
};

/**
 * Makes a plot readable by keyboard and screen reader, as a slider over its seconds: one stop of the tabulator, whatever it
 * shows. The space bar begins a time range at the second that was reached, and ends it at another one.
 *
 * @param say the values at an index, as a sentence
 * @param open opens what the plot shows at a time, in seconds since 1970. @returns whether there was something to open
 * @param choose takes a time range, in seconds since 1970
 * @see https://www.w3.org/WAI/ARIA/apg/patterns/slider/
 */
export function createPlotReader(
  title: string,
  height: number,
  {
    say,
    open,
    choose,
  }: {
    say(index: number): string;
    open?: ((time: number) => boolean) | undefined;
    choose(from: number, to: number): void;
  },
): { element: HTMLElement; attach(plot: uPlot): void } {
  const element = h('div', {
    class: 'canvas',
    style: { height: `${height}px` },
    role: 'slider',
    tabindex: 0,
    'aria-label': `${title} over time`,
    'aria-valuemin': 0,
    'aria-valuemax': 0,
    'aria-valuenow': 0,
    'aria-valuetext': 'no data yet',
  });

  function attach(plot: uPlot): void {
    /** The time that the keys have reached; the newest while there is none. */
    let reached: number | undefined;
    /** Where the time range begins that the keys are choosing. */
    let begun: number | undefined;

    function announce(index: number): void {
      const times = plot.data[0];
      const time = times[index];
      element.setAttribute('aria-valuemax', String(Math.max(times.length - 1, 0)));
      element.setAttribute('aria-valuenow', String(Math.max(index, 0)));
      setAttribute(
        element,
        'aria-valuetext',
        time === undefined ? 'no data yet' : `${timeLabel(time * 1000)}: ${say(index)}${sinceBegun()}`,
      );
    }

    const sinceBegun = () =>
      begun === undefined ? '' : `; time range from ${timeLabel(begun * 1000)}, space ends it here`;

    function visible(): { first: number; last: number } {
      const times = plot.data[0];
      const { min, max } = plot.scales['x'] ?? {};
      return {
        first: Math.max(
          times.findIndex((time) => time >= (min ?? 0)),
          0,
        ),
        last: times.findLastIndex((time) => time <= (max ?? Infinity)),
      };
    }

    function indexOf(time: number | undefined): number {
      const found = plot.data[0].findIndex((each) => each === time);
      return found === -1 ? visible().last : found;
    }

    function point(index: number): void {
      const time = plot.data[0][index];
      if (time === undefined) return;
      reached = time;
      plot.setCursor({ left: plot.valToPos(time, 'x'), top: 0 });
      shade(time);
      announce(index);
    }

    /** Draws the time range up to here as a drag does. */
    function shade(time: number): void {
      const [left, right] = [begun ?? time, time]
        .map((each) => plot.valToPos(each, 'x'))
        .toSorted((a, b) => a - b);
      const place = { left: left ?? 0, width: (right ?? 0) - (left ?? 0), top: 0 };
      plot.setSelect({ ...place, height: begun === undefined ? 0 : plot.over.clientHeight }, false);
    }

    function mark(time: number): void {
      if (begun === undefined) {
        begun = time;
        announce(indexOf(time));
        return;
      }
      const [from = time, to = time] = [begun, time].toSorted((a, b) => a - b);
      begun = undefined;
      shade(time);
      if (to > from) choose(from, to);
    }

    function leave(): void {
      reached = undefined;
      begun = undefined;
      shade(0);
      plot.setCursor({ left: -10, top: -10 });
    }

    element.addEventListener('focus', () => announce(indexOf(reached)));
    element.addEventListener('blur', leave);
    element.addEventListener('keydown', (event) => {
      if (event.metaKey || event.ctrlKey || event.altKey) return;
      const move = moves[event.key];
      if (move !== undefined) {
        const { first, last } = visible();
        point(Math.min(Math.max(indexOf(reached) + move, first), last));
      } else if (event.key === ' ') {
        reached ??= plot.data[0][visible().last];
        if (reached !== undefined) mark(reached);
      } else if (event.key === 'Escape' && reached !== undefined) leave();
      else if (event.key !== 'Enter' || reached === undefined || !open?.(reached)) return;
      event.preventDefault();
    });
  }

  return { element, attach };
}
