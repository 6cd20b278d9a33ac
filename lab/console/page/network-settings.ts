import type { FaultState, Toxic, ToxicControl, NetworkProxy, ProxySettings } from '../api-types.ts';
import { h, reconcile } from './h.ts';

/** Called with the settings that the user wants for a proxy. */
type Turn = (proxy: NetworkProxy, settings: ProxySettings) => void;

/** Updates the fields of a proxy. */
const shown = new WeakMap<Element, (proxy: NetworkProxy) => void>();

/** Shows one group of fields per proxy. */
export function showNetwork(parent: HTMLElement, { network, toxicControls }: FaultState, turn: Turn): void {
  reconcile(parent, network, {
    key: ({ name }) => name,
    create: (proxy) => proxyOf(proxy, toxicControls, turn),
    update: (element, proxy) => shown.get(element)?.(proxy),
  });
}

function proxyOf(initial: NetworkProxy, controls: readonly ToxicControl[], turn: Turn): HTMLElement {
  let proxy = initial;
  const cut = h('input', {
    type: 'checkbox',
    'aria-label': `${proxy.name} cut`,
    on: { change: () => turn(proxy, { enabled: !cut.checked, toxics: proxy.toxics }) },
  });
  const rows = controls.map((control) => ({ control, input: inputOf(control) }));

  function inputOf(control: ToxicControl): HTMLInputElement {
    const isSwitch = control.attribute === null;
    const input = h('input', {
      type: isSwitch ? 'checkbox' : 'number',
      min: control.minimum,
      max: control.maximum,
      placeholder: isSwitch ? undefined : 'off',
      'aria-label': `${proxy.name} ${control.name}`,
      on: {
        change: () => {
          const value = isSwitch
            ? Number(input.checked) || null
            : input.value === ''
              ? null
              : Number(input.value);
          turn(proxy, {
            enabled: proxy.enabled,
            toxics: withControl(proxy.toxics, control, value, controls),
          });
        },
      },
    });
    return input;
  }

  function show(next: NetworkProxy): void {
    proxy = next;
    cut.checked = !proxy.enabled;
    mark(cut, !proxy.enabled);
    for (const { control, input } of rows) {
      const toxic = proxy.toxics.find(({ type }) => type === control.toxic);
      mark(input, toxic !== undefined);
      if (control.attribute === null) input.checked = toxic !== undefined;
      else if (document.activeElement !== input) input.value = String(toxic?.[control.attribute] ?? '');
    }
  }

  const element = h(
    'fieldset',
    { class: 'proxy' },
    h('legend', {}, h('code', {}, proxy.name), ` to ${proxy.upstream}`),
    rowOf('cut', cut, 'every connection is closed and new ones are refused'),
    ...rows.map(({ control, input }) => rowOf(control.name, input, control.meaning)),
  );
  show(proxy);
  shown.set(element, show);
  return element;
}

function rowOf(name: string, input: HTMLInputElement, meaning: string): HTMLElement {
  return h('label', { class: 'setting' }, h('code', {}, name), input, h('span', { class: 'muted' }, meaning));
}

function mark(input: HTMLInputElement, isSet: boolean): void {
  input.closest('label')?.classList.toggle('set', isSet);
}

/** The toxics with one setting changed. Without its first attribute a toxic is off; a new attribute starts at its minimum. */
function withControl(
  toxics: readonly Toxic[],
  control: ToxicControl,
  value: number | null,
  controls: readonly ToxicControl[],
): Toxic[] {
  const others = toxics.filter(({ type }) => type !== control.toxic);
  const ofToxic = controls.filter(({ toxic }) => toxic === control.toxic);
  if (value === null && ofToxic[0] === control) return others;
  const toxic: Toxic = { type: control.toxic };
  for (const { attribute, minimum } of ofToxic) if (attribute !== null) toxic[attribute] = minimum;
  Object.assign(
    toxic,
    toxics.find(({ type }) => type === control.toxic),
  );
  if (control.attribute !== null) toxic[control.attribute] = value ?? control.minimum;
  return [...others, toxic];
}
