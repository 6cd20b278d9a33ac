import { minorUnitDecimals } from '../../src/orders/currency.ts';
import { withCommas } from './digits.ts';

/**
 * What stands before an amount in English, where it is not the code. By hand, because the first `Intl.NumberFormat` of a page takes a
 * browser 40 to 70 ms: it reads the data of all languages, while the first view of the console waits.
 *
 * @see https://github.com/unicode-org/cldr-json/blob/main/cldr-json/cldr-numbers-full/main/en/currencies.json
 */
const symbols: Readonly<Record<string, string>> = {
  AUD: 'A$',
  BRL: 'R$',
  CAD: 'CA$',
  CNY: 'CN¥',
  EUR: '€',
  GBP: '£',
  HKD: 'HK$',
  ILS: '₪',
  INR: '₹',
  JPY: '¥',
  KRW: '₩',
  MXN: 'MX$',
  NZD: 'NZ$',
  PHP: '₱',
  TWD: 'NT$',
  USD: '$',
  VND: '₫',
  XAF: 'FCFA\u{a0}',
  XCD: 'EC$',
  XCG: 'Cg.\u{a0}',
  XOF: 'F\u{202f}CFA\u{a0}',
  XPF: 'CFPF\u{a0}',
};

const abbreviations = [
  [1e12, 'T'],
  [1e9, 'B'],
  [1e6, 'M'],
  [1e3, 'K'],
] as const;

/**
 * An amount for people, such as `€4.50` or `KWD 0.450`, with the decimals of ISO 4217's minor unit.
 *
 * @param minor a whole number of minor units, not negative
 * @param short leaves out the decimals from 1,000 on, and abbreviates from 100,000 on
 */
export function money(minor: number, currency: string, short = false): string {
  const decimals = minorUnitDecimals(currency);
  // Without a known minor unit, nobody knows how much it is.
  if (decimals === undefined) return `${minor} minor units of ${currency}`;
  const symbol = symbols[currency] ?? `${currency}\u{a0}`;
  const units = wholeUnits(minor, currency);
  if (short && units >= 100_000) return `${symbol}${abbreviated(units)}`;
  // Four digits and a point, as in `€9.003K`, read like nine euros.
  if (short && units >= 1000) return `${symbol}${withCommas(units.toFixed(0))}`;
  // From the digits: a number of whole units would not be exact for large amounts.
  const digits = String(minor).padStart(decimals + 1, '0');
  const exact = decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  return `${symbol}${withCommas(exact)}`;
}

/** With three significant digits. */
function abbreviated(units: number): string {
  const rounded = Number(units.toPrecision(3));
  const [divisor, letter] = abbreviations.find(([each]) => rounded >= each) ?? [1, ''];
  return `${rounded / divisor}${letter}`;
}

/** An amount as a number of whole units, for comparison. @param minor in minor units of the currency */
export function wholeUnits(minor: number, currency: string): number {
  return minor / 10 ** (minorUnitDecimals(currency) ?? 0);
}
