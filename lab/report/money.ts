import { minorUnitDecimals } from '../../src/orders/currency.ts';

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
  const style = { style: 'currency', currency } as const;
  const units = wholeUnits(minor, currency);
  if (short && units >= 1000) {
    // Four digits and a point, as in `€9.003K`, read like nine euros.
    const compact = units >= 100_000 && ({ notation: 'compact', maximumSignificantDigits: 3 } as const);
    return new Intl.NumberFormat('en', { ...style, maximumFractionDigits: 0, ...compact }).format(units);
  }
  const exact = new Intl.NumberFormat('en', {
    ...style,
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
  // As a decimal text: a number of whole units would not be exact for large amounts.
  const digits = String(minor).padStart(decimals + 1, '0');
  const text = decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
  return exact.format(text as `${number}`);
}

/** An amount as a number of whole units, for comparison. @param minor in minor units of the currency */
export function wholeUnits(minor: number, currency: string): number {
  return minor / 10 ** (minorUnitDecimals(currency) ?? 0);
}
