import { dated, listed } from './format.ts';
import { h } from './h.ts';

/** The time of a row in a list; the whole of it is the title. */
export const timeCell = (time: number): HTMLElement =>
  h('span', { class: 'time', title: dated(time) }, listed(time));
