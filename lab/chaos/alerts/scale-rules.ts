import { isMap, isPair, isScalar, parseDocument, visit } from 'yaml';
import { durationIn } from '../../console/promql/parse.ts';

/**
 * Scales the project's alert rules, so that an experiment of seconds can fire rules written in minutes. Every duration is
 * divided by the scale, and nothing else: `for`, `interval`, the windows of expressions with their steps and offsets, the
 * horizon of `predict_linear`, and the two thresholds that are ages of orders. Rates, shares and latencies keep their
 * values, and recorded series keep their names, although `burn_rate1h` then covers two minutes.
 */

/** The settlement objective's bucket boundary, divided by any of these, is again a bucket boundary. */
export const timeScales = [1, 5, 10, 30] as const;
export type TimeScale = (typeof timeScales)[number];

/** @throws {RangeError} on a duration that Prometheus would reject */
export function scaleRules(text: string, scale: TimeScale): string {
  const document = parseDocument(text);
  if (scale === 1) return document.toString();
  visit(document, {
    Pair(_key, pair) {
      if (!isPair(pair) || !isScalar(pair.key) || !isScalar(pair.value)) return;
      const { value: name } = pair.key;
      const { value } = pair.value;
      if (typeof value !== 'string') return;
      if (name === 'for' || name === 'interval' || name === 'keep_firing_for')
        pair.value.value = scaleDuration(value, scale);
      if (name === 'expr') pair.value.value = scaleExpression(value, scale);
    },
    Map: (_key, map) => (isMap(map) && map.has('annotations') ? void map.delete('annotations') : undefined),
  });
  return document.toString();
}

/** The waits of Alertmanager's routes. */
export function scaleSettings(text: string, scale: TimeScale): string {
  return text.replace(
    /^(\s*(?:group_wait|group_interval|repeat_interval|resolve_timeout): )(\S+)$/gm,
    (_whole, name: string, value: string) => `${name}${scaleDuration(value, scale)}`,
  );
}

const duration = String.raw`(?:\d+(?:ms|[smhdwy]))+`;
const windows = new RegExp(String.raw`\[(${duration})(?::(${duration})?)?\]`, 'g');
const offsets = new RegExp(String.raw`\boffset (${duration})`, 'g');

export function scaleExpression(expression: string, scale: TimeScale): string {
  return (
    expression
      .replace(windows, (whole: string, window: string, step?: string) => {
        const colon = whole.includes(':') ? ':' : '';
        return `[${scaleDuration(window, scale)}${colon}${step === undefined ? '' : scaleDuration(step, scale)}]`;
      })
      .replace(offsets, (_whole, offset: string) => `offset ${scaleDuration(offset, scale)}`)
      // The horizon of `predict_linear`, in seconds.
      .replace(/(\[\w+\]), (\d+)\)/g, (_whole, window: string, horizon: string) => {
        return `${window}, ${Number(horizon) / scale})`;
      })
      // The age of the oldest pending order, in seconds.
      .replace(/(orders_pending_oldest_seconds[^>]*) > (\d+)/g, (_whole, gauge: string, age: string) => {
        return `${gauge} > ${Number(age) / scale}`;
      })
      // The duration of settlement, in seconds, in the label of a bucket.
      .replace(
        /(order_settlement_duration_seconds_bucket\{[^}]*le=")([\d.]+)"/g,
        (_whole, start: string, le: string) => {
          return `${start}${(Number(le) / scale).toFixed(1)}"`;
        },
      )
  );
}

function scaleDuration(text: string, scale: TimeScale): string {
  const scaled = Math.round(durationIn(text) / scale);
  return scaled % 1000 === 0 ? `${scaled / 1000}s` : `${scaled}ms`;
}
