import { h, reconcile } from './h.ts';

/** A choice per label of a metric. */
export interface LabelFilters {
  element: HTMLElement;
  /** Offers these values; what was chosen stays. */
  offer(labels: Readonly<Record<string, readonly string[]>>): void;
  /** The chosen labels, as `name=value`. */
  values(): string[];
}

/** @param initial as `name=value` */
export function createLabelFilters(initial: readonly string[], onChange: () => void): LabelFilters {
  const chosen = new Map(
    initial.map((pair): [string, string] => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
  const element = h('form', {
    class: 'filters',
    'aria-label': 'Labels',
    on: { submit: (event) => event.preventDefault() },
  });

  function createFilter(name: string): HTMLElement {
    const select = h('select', {
      name,
      on: {
        change() {
          if (select.value === '') chosen.delete(name);
          else chosen.set(name, select.value.slice(1));
          onChange();
        },
      },
    });
    return h('label', {}, h('span', {}, name), select);
  }

  /** An open choice must not change, and one with the focus keeps it. */
  function update(filter: HTMLElement, name: string, values: readonly string[]): void {
    const select = filter.querySelector('select');
    const value = chosen.get(name);
    const offered = value === undefined || values.includes(value) ? values : [value, ...values];
    const content = JSON.stringify(offered);
    if (!select || select.dataset['offered'] === content) return;
    select.dataset['offered'] = content;
    select.replaceChildren(
      h('option', { value: '' }, 'any'),
      // A label may have an empty value, which is not `any`.
      ...offered.map((each) =>
        h('option', { value: `=${each}`, selected: each === value }, each || '(empty)'),
      ),
    );
  }

  return {
    element,
    offer(labels) {
      const names = [...new Set([...Object.keys(labels), ...chosen.keys()])];
      reconcile(element, names, {
        key: (name) => name,
        create(name) {
          const filter = createFilter(name);
          update(filter, name, labels[name] ?? []);
          return filter;
        },
        update: (filter, name) => update(filter, name, labels[name] ?? []),
      });
    },
    values: () => [...chosen].map(([name, value]) => `${name}=${value}`),
  };
}
