/** Light or dark colours: those of the system, or those that the user has chosen. */

type Theme = 'system' | 'light' | 'dark';

const storageKey = 'console-theme';

const themes: readonly Theme[] = ['system', 'light', 'dark'];
const changes = new EventTarget();
const system = matchMedia('(prefers-color-scheme: dark)');
/** Resolved custom properties of the present theme. */
let colours = new Map<string, string>();

let theme = themes.find((each) => each === localStorage.getItem(storageKey)) ?? 'system';
apply();
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
    localStorage.setItem(storageKey, next);
    choose(next);
  });
  // Another tab has chosen.
  addEventListener('storage', ({ key, newValue }) => {
    const chosen = themes.find((each) => each === newValue);
    if (key === storageKey && chosen !== undefined) choose(chosen);
  });
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
  const probe = document.createElement('i');
  probe.style.setProperty('color', `var(${property})`);
  document.documentElement.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  colours.set(property, color);
  return color;
}
