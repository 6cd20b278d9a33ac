/** Shows a value in one of the units that the dashboards use, about as Grafana does. */
export function show(value: number, unit = 'short', decimals?: number): string {
  if (unit === 'percentunit') return `${digits(value * 100, decimals)}%`;
  if (unit === 's') return duration(value, decimals);
  if (unit === 'bytes' || unit === 'Bps')
    return `${scaled(value, 1024, binary)}${unit === 'Bps' ? '/s' : ''}`;
  if (unit.startsWith('suffix:')) return `${digits(value, decimals)}${unit.slice('suffix:'.length)}`;
  const text = Math.abs(value) >= 1000 ? scaled(value, 1000, decimal) : digits(value, decimals);
  return `${text}${suffixes[unit] ?? ''}`;
}

const suffixes: Readonly<Record<string, string>> = { ops: ' ops/s', reqps: ' req/s', opm: ' ops/min' };
const binary = [' B', ' KiB', ' MiB', ' GiB'];
const decimal = ['', ' K', ' Mil', ' Bil'];

function scaled(value: number, base: number, names: readonly string[]): string {
  const power =
    value === 0
      ? 0
      : Math.min(names.length - 1, Math.max(0, Math.floor(Math.log(Math.abs(value)) / Math.log(base))));
  return `${digits(value / base ** power)}${names[power]}`;
}

function duration(seconds: number, decimals?: number): string {
  const size = Math.abs(seconds);
  if (size === 0) return '0 s';
  if (size < 0.001) return `${digits(seconds * 1e6, decimals)} µs`;
  if (size < 1) return `${digits(seconds * 1000, decimals)} ms`;
  if (size < 60) return `${digits(seconds, decimals)} s`;
  return size < 3600 ? `${digits(seconds / 60, decimals)} min` : `${digits(seconds / 3600, decimals)} h`;
}

/** Three digits that count, unless a number of decimals is asked for. */
function digits(value: number, decimals?: number): string {
  if (decimals !== undefined) return value.toFixed(decimals);
  const size = Math.abs(value);
  const places = size === 0 || size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3;
  return String(Number(value.toFixed(places)));
}
