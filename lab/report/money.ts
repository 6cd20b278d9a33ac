import { minorUnitDecimals } from '../../src/orders/currency.ts';

/**
 * An amount for people, such as `€4.50` or `KWD 0.450`, with the decimals of ISO 4217's minor unit.
 *
 * @param minor a whole number of minor units, not negative
 * @param short abbreviates large amounts
 */
export function money(minor: number, currency: string, short = false): string {
  const decimals = minorUnitDecimals(currency);
  // Without a known minor unit, nobody knows how much it is.
  if (decimals === undefined) return `${minor} minor units of ${currency}`;
  const style = { style: 'currency', currency } as const;
  if (short && wholeUnits(minor, currency) >= 1000) {
    const compact = new Intl.NumberFormat('en', {
      ...style,
      notation: 'compact',
      maximumSignificantDigits: 4,
    });
    return compact.format(wholeUnits(minor, currency));
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
