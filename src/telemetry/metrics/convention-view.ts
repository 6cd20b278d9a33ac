import { Registry, type RegistryContentType } from 'prom-client';
import {
  type Convention,
  type ConventionContext,
  conventions,
  labelName,
  prometheusName,
} from './conventions.ts';
import { type Exemplar, expose, type Family, type Labels, type Sample } from './exposition.ts';

/**
 * The exposition with the names of the semantic conventions, besides the service's own or instead of them. Both are made from
 * the same recorded series, so they cannot disagree, and a request is recorded once.
 *
 * @param recorded everything, with the labels and buckets that only one of the two shows
 * @returns OpenMetrics
 */
export function renderConventions(
  recorded: readonly Family[],
  names: 'opentelemetry' | 'both',
  context: ConventionContext,
): Promise<string> {
  const views = [
    ...recorded.flatMap((family) => ownView(family, names, context)),
    ...conventions.flatMap((convention) => conventionView(convention, recorded, context)),
  ];
  const registry = new Registry<RegistryContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  // One name is the same in both. What is shown under it is the same, too.
  const byName = new Map(views.map((view) => [view.name, view]));
  for (const { name, help, type, values } of byName.values())
    expose(registry, { name, help, type, samples: () => values.map(inOnePart) });
  return registry.metrics();
}

const measuredAlone = new Set(conventions.filter(({ from }) => from.length === 0).map(prometheusName));

/** The family as it is without the option; without the series that the conventions have a name for, if they stand alone. */
function ownView(family: Family, names: 'opentelemetry' | 'both', context: ConventionContext): Family[] {
  if (measuredAlone.has(family.name)) return [];
  const { detail = [], buckets } = family.shown ?? {};
  const replacing =
    names === 'opentelemetry' ? conventions.filter(({ own }) => own.includes(family.name)) : [];
  if (replacing.some(({ where }) => where === undefined)) return [];
  const isReplaced = (labels: Labels) => replacing.some(({ where }) => where?.(labels, context));
  const hidden = new Set(detail);
  const values = regroup(family, {
    name: family.name,
    buckets,
    labelsOf: (labels) =>
      isReplaced(labels)
        ? undefined
        : Object.fromEntries(Object.entries(labels).filter(([label]) => !hidden.has(label))),
  });
  return [{ ...family, values }];
}

function conventionView(
  convention: Convention,
  recorded: readonly Family[],
  context: ConventionContext,
): Family[] {
  const { help, type, buckets, from, where, attributes } = convention;
  const name = prometheusName(convention);
  const sources = from.length === 0 ? [name] : from;
  const labels = Object.entries(attributes).map(
    ([attribute, source]) => [labelName(attribute), source] as const,
  );
  const values = recorded
    .filter((family) => sources.includes(family.name))
    .flatMap((family) =>
      regroup(family, {
        name,
        buckets,
        labelsOf(own) {
          if (where?.(own, context) === false) return undefined;
          return Object.fromEntries(
            labels.flatMap(([label, source]) => {
              const value =
                typeof source === 'string' ? own[source] : source(own, { family: family.name, context });
              return value ? [[label, value] as const] : [];
            }),
          );
        },
      }),
    );
  return values.length === 0 ? [] : [{ name, help, type, values }];
}

/** Gives the series of a family other labels and fewer buckets, and adds up those that become equal. */
function regroup(
  family: Family,
  to: {
    name: string;
    /** Upper bounds; `undefined` keeps all. */
    buckets: readonly number[] | undefined;
    /** `undefined`: the series is left out. */
    labelsOf(labels: Labels): Labels | undefined;
  },
): Sample[] {
  const kept = to.buckets && new Set([...to.buckets.map(String), '+Inf']);
  const sums = new Map<string, Sample>();
  let carried: Exemplar | undefined;
  for (const { metricName = family.name, labels, value, exemplar } of family.values) {
    const { le, ...ownLabels } = labels;
    const newLabels = to.labelsOf(ownLabels);
    if (newLabels === undefined) continue;
    // Buckets ascend: the exemplar of one that is left out belongs to the next.
    carried = newest(carried, exemplar);
    if (le !== undefined && kept && !kept.has(le === '+Inf' ? le : String(Number(le)))) continue;
    const suffix = metricName.slice(family.name.length);
    const sample = {
      // prom-client gives the samples of a counter their ending, unless they have a name of their own.
      ...(suffix && { metricName: to.name + suffix }),
      labels: le === undefined ? newLabels : { ...newLabels, le },
    };
    const key = JSON.stringify([suffix, sample.labels]);
    const sum = sums.get(key);
    const exemplarOfBoth = newest(sum?.exemplar, carried);
    carried = undefined;
    sums.set(key, {
      ...sample,
      sharedLabels: {},
      value: (sum?.value ?? 0) + value,
      ...(exemplarOfBoth && { exemplar: exemplarOfBoth }),
    });
  }
  return [...sums.values()];
}

function newest(one: Exemplar | undefined, other: Exemplar | undefined): Exemplar | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.timestamp > other.timestamp ? one : other;
}

/** prom-client renders the shared labels last, and a bound belongs there. */
function inOnePart({ labels, ...rest }: Sample): Sample {
  return { ...rest, labels: {}, sharedLabels: labels };
}
