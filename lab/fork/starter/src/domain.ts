/** Which domain the service has: the one line outside of its folder that knows. */
export { createDomain } from './bookings/domain.ts';
