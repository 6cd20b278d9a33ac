import type { FaultState, Toxic, ToxicKnob, Wire, WireSettings } from '../api-types.ts';
import { h, reconcile } from './h.ts';

/** Told what somebody wants of a wire. */
type Turn = (wire: Wire, settings: WireSettings) => void;

/** Shows what is set of a wire. */
const shown = new WeakMap<Element, (wire: Wire) => void>();

/** Each wire with all that its network can do, in line with the wires that there are. */
export function showWires(parent: HTMLElement, { wires, toxicKnobs }: FaultState, turn: Turn): void {
  reconcile(parent, wires, {
    key: ({ name }) => name,
    create: (wire) => wireOf(wire, toxicKnobs, turn),
    update: (element, wire) => shown.get(element)?.(wire),
  });
}

function wireOf(initial: Wire, knobs: readonly ToxicKnob[], turn: Turn): HTMLElement {
  let wire = initial;
  const cut = h('input', {
    type: 'checkbox',
    'aria-label': `${wire.name} cut`,
    on: { change: () => turn(wire, { enabled: !cut.checked, toxics: wire.toxics }) },
  });
  const rows = knobs.map((knob) => ({ knob, input: inputOf(knob) }));

  function inputOf(knob: ToxicKnob): HTMLInputElement {
    const isSwitch = knob.attribute === null;
    const input = h('input', {
      type: isSwitch ? 'checkbox' : 'number',
      min: knob.minimum,
      max: knob.maximum,
      placeholder: isSwitch ? undefined : 'off',
      'aria-label': `${wire.name} ${knob.name}`,
      on: {
        change: () => {
          const value = isSwitch
            ? Number(input.checked) || null
            : input.value === ''
              ? null
              : Number(input.value);
          turn(wire, { enabled: wire.enabled, toxics: withKnob(wire.toxics, knob, value, knobs) });
        },
      },
    });
    return input;
  }

  function show(next: Wire): void {
    wire = next;
    cut.checked = !wire.enabled;
    mark(cut, !wire.enabled);
    for (const { knob, input } of rows) {
      const toxic = wire.toxics.find(({ type }) => type === knob.toxic);
      mark(input, toxic !== undefined);
      if (knob.attribute === null) input.checked = toxic !== undefined;
      else if (document.activeElement !== input) input.value = String(toxic?.[knob.attribute] ?? '');
    }
  }

  const element = h(
    'fieldset',
    { class: 'wire' },
    h('legend', {}, h('code', {}, wire.name), ` to ${wire.upstream}`),
    rowOf('cut', cut, 'every connection is closed, and new ones are refused'),
    ...rows.map(({ knob, input }) => rowOf(knob.name, input, knob.meaning)),
  );
  show(wire);
  shown.set(element, show);
  return element;
}

function rowOf(name: string, input: HTMLInputElement, meaning: string): HTMLElement {
  return h('label', { class: 'knob' }, h('code', {}, name), input, h('span', { class: 'muted' }, meaning));
}

function mark(input: HTMLInputElement, isSet: boolean): void {
  input.closest('label')?.classList.toggle('set', isSet);
}

/** With one knob turned. Without its first attribute a toxic is off; an attribute that was not set begins at its least. */
function withKnob(
  toxics: readonly Toxic[],
  knob: ToxicKnob,
  value: number | null,
  knobs: readonly ToxicKnob[],
): Toxic[] {
  const others = toxics.filter(({ type }) => type !== knob.toxic);
  const ofToxic = knobs.filter(({ toxic }) => toxic === knob.toxic);
  if (value === null && ofToxic[0] === knob) return others;
  const toxic: Toxic = { type: knob.toxic };
  for (const { attribute, minimum } of ofToxic) if (attribute !== null) toxic[attribute] = minimum;
  Object.assign(
    toxic,
    toxics.find(({ type }) => type === knob.toxic),
  );
  if (knob.attribute !== null) toxic[knob.attribute] = value ?? knob.minimum;
  return [...others, toxic];
}
