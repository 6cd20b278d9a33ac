/**
 * How the service calls itself: the one place for its name.
 *
 * `name` is its name in the API (`WWW-Authenticate`), in logs and traces (`service.name`), in Postgres and Redis (the names of
 * its connections) and in the keys of Redis. `namespace` begins the names of the attributes and events that are its own.
 */
export const identity = {
  name: 'frontdesk',
  namespace: 'frontdesk_ns',
  /** The parts of the domain whose log level can be set on its own. */
  logComponents: ['upstream', 'bookings'],
  /** Fields of log lines that hold secrets of the domain, which are never written. */
  secretFields: [],
} as const;
