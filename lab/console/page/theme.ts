import { h } from './h.ts';

/** Light or dark colours: those of the system, or those that the user has chosen. */

type Theme = 'system' | 'light' | 'dark';

/** A cookie, which the console reads when it sends the page: the first look into the local storage takes a browser 25 ms. */
const cookie = 'console-theme';
const seconds = 365 * 24 * 3600;

const themes: readonly Theme[] = ['system', 'light', 'dark'];
const changes = new EventTarget();
const otherTabs = new BroadcastChannel(cookie);
const system = matchMedia('(prefers-color-scheme: dark)');
/** Resolved custom properties of the present theme. */
let colours = new Map<string, string>();
let probe: HTMLElement | undefined;

let theme = themes.find((each) => each === document.documentElement.dataset['theme']) ?? 'system';
system.addEventListener('change', announce);

function apply(): void {
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

function announce(): void {
  colours = new Map();
  changes.dispatchEvent(new Event('change'));
}

/** The button steps through the themes. */
export function createThemeSwitch(button: HTMLButtonElement): void {
  const label = () => {
    button.textContent = { system: '◐', light: '☀', dark: '☾' }[theme];
    button.title = `Colours: ${theme}`;
    button.setAttribute('aria-label', button.title);
  };
  function choose(next: Theme): void {
    theme = next;
    apply();
    label();
    announce();
  }

  button.addEventListener('click', () => {
    const next = themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system';
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing in browsers of 2024.
    document.cookie = `${cookie}=${next}; Path=/; SameSite=Lax; Max-Age=${seconds}`;
    choose(next);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has one origin.
    otherTabs.postMessage(next);
  });
  otherTabs.addEventListener('message', ({ data }: MessageEvent<Theme>) => choose(data));
  label();
}

/** Calls the listener when the colours change. */
export function onThemeChange(listener: () => void, signal: AbortSignal): void {
  changes.addEventListener('change', listener, { signal });
}

/** The present value of a CSS custom property that is a colour, because a canvas cannot use the property itself. */
export function resolved(property: string): string {
  const known = colours.get(property);
  if (known !== undefined) return known;
  probe ??= document.documentElement.appendChild(h('i', { class: 'colour-probe', hidden: true }));
  probe.style.setProperty('color', `var(${property})`);
  const { color } = getComputedStyle(probe);
  colours.set(property, color);
  return color;
}
