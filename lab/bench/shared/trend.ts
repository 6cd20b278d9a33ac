/** A straight line through points, by least squares. */
export interface Trend {
  /** Units of y per unit of x. */
  slope: number;
  /** Half of the slope's 95 % confidence interval. */
  uncertainty: number;
}

export type Point = readonly [x: number, y: number];

/**
 * Successive memory samples are correlated and carry less information than independent ones, so their effective number is
 * reduced by the autocorrelation of the residuals.
 *
 * @param points evenly spaced; fewer than 4 give NaN
 * @see https://doi.org/10.1029/1999JD901105 Santer et al. 2000, equations 4 to 6
 */
export function trendOf(points: readonly Point[]): Trend {
  const count = points.length;
  if (count < 4) return { slope: Number.NaN, uncertainty: Number.NaN };
  const meanX = sum(points.map(([x]) => x)) / count;
  const meanY = sum(points.map(([, y]) => y)) / count;
  const spreadX = sum(points.map(([x]) => (x - meanX) ** 2));
  const slope = sum(points.map(([x, y]) => (x - meanX) * (y - meanY))) / spreadX;
  const residuals = points.map(([x, y]) => y - meanY - slope * (x - meanX));
  const squares = sum(residuals.map((residual) => residual ** 2));

  const products = residuals.slice(1).map((residual, index) => residual * (residuals[index] ?? 0));
  const likeness = squares === 0 ? 0 : Math.max(0, sum(products) / squares);
  const independent = Math.max(4, (count * (1 - likeness)) / (1 + likeness));
  const freedom = independent - 2;
  return { slope, uncertainty: studentQuantile(freedom) * Math.sqrt(squares / freedom / spreadX) };
}

/** The 97.5 % quantile of Student's t distribution (Abramowitz and Stegun, 26.7.5), slightly too small below 3. */
function studentQuantile(freedom: number): number {
  return 1.96 + 2.372 / freedom + 2.823 / freedom ** 2 + 2.556 / freedom ** 3;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
