import { h, setText } from './h.ts';

/** Milliseconds for which the button says what it has done. */
const said = 1500;

/** @param text read at the click */
export function copyButton(label: string, text: () => string): HTMLButtonElement {
  const button = h('button', { type: 'button', class: 'small', on: { click: () => void copy() } }, label);

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text());
      setText(button, 'Copied');
    } catch {
      setText(button, 'The browser refuses to copy');
    }
    setTimeout(() => setText(button, label), said);
  }

  return button;
}
