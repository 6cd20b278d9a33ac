import { h } from './h.ts';

export interface Field {
  name: string;
  label: string;
  /** Options of a select; the empty value matches anything. */
  options?: ReadonlyArray<readonly [value: string, label: string]>;
  placeholder?: string;
  type?: 'text' | 'number';
  /** Width of a text field, in characters. */
  width?: number;
}

/** Milliseconds from the last keystroke to the new list. */
const typingPause = 200;

/** The filters of a list. Their names are those in the address, so that a filtered list can be linked. */
export function createFilterForm(
  fields: readonly Field[],
  initial: URLSearchParams,
  onChange: (values: Record<string, string>) => void,
): { element: HTMLFormElement; values(): Record<string, string> } {
  const inputs = fields.map((field) => createInput(field, initial.get(field.name) ?? ''));
  const element = h(
    'form',
    { class: 'filters', role: 'search', 'aria-label': 'Filters' },
    ...fields.map(({ label }, index) => h('label', {}, h('span', {}, label), inputs[index])),
  );
  const values = () =>
    Object.fromEntries(
      inputs.map((input) => [input.name, input.value.trim()] as const).filter(([, value]) => value),
    );

  let timer: ReturnType<typeof setTimeout> | undefined;
  element.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => onChange(values()), typingPause);
  });
  element.addEventListener('submit', (event) => event.preventDefault());
  return { element, values };
}

function createInput({ name, options, placeholder, type = 'text', width = 12 }: Field, value: string) {
  if (options) {
    return h(
      'select',
      { name },
      ...options.map(([each, label]) => h('option', { value: each, selected: each === value }, label)),
    );
  }
  return h('input', {
    name,
    type,
    value,
    placeholder,
    min: type === 'number' ? 0 : undefined,
    autocomplete: 'off',
    spellcheck: 'false',
    style: { width: `${width}ch` },
  });
}
