/** The recorded and rendered values: the same for all subjects, as far as their APIs allow. */

/** Seconds. Similar to those of http_request_duration_seconds, with an SLO of 300 ms. */
export const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5, 5];
export const labels = ['method', 'route', 'status_code'] as const;

type Route = [method: string, route: string, status: string];

/** More than one child, because the compiler turns the address of a single one into a constant. */
export const routes: Route[] = ['200', '201', '202', '400', '401', '409', '429', '503'].map((status) => [
  'POST',
  '/orders',
  status,
]);
export const labelObjects = routes.map(([method, route, status_code]) => ({ method, route, status_code }));

/** The number of values to draw from: a power of two, so an index needs no division. */
export const drawn = 1024;
/** Seconds, from 1 ms to 0.6 s in mixed order, half of them below 20 ms. */
export const durations = Float64Array.from(
  { length: drawn },
  (_, index) => 0.02 * Math.exp(2 * Math.sin(index * 12.9898) + 1.4 * Math.cos(index * 78.233)),
);
export const traceIds = Array.from({ length: drawn }, (_, index) => index.toString(16).padStart(32, '0'));
