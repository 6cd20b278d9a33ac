import { addressRanges, hostNames, optional, type Variable } from './environment.ts';

type Rest<T> = Omit<Variable<T>, 'parse' | 'expected'>;

/** The keys of `baggage` are tokens; those of `tracestate` may have slashes and at signs, too. */
const keys = (rest: Rest<string[]>): Variable<string[]> => ({
  ...rest,
  expected: 'keys of baggage or tracestate, comma-separated, such as "tenant,region"',
  parse: (raw) => {
    const names = raw.split(',').map((name) => name.trim());
    return names.every((name) => /^[\w!#$%&'*+.^`|~/@-]{1,256}$/.test(name)) ? names : undefined;
  },
});

const fixed = ['auto', 'all', 'none'] as const;
type FixedCallers = (typeof fixed)[number];

const callers = (rest: Rest<FixedCallers | string[]>): Variable<FixedCallers | string[]> => {
  const ranges = addressRanges(rest);
  return {
    ...rest,
    expected: `one of ${fixed.join(', ')}, or addresses such as "10.0.0.0/8,192.168.1.7"`,
    parse: (raw) => fixed.find((each) => each === raw) ?? ranges.parse(raw),
  };
};

/** Where a trace crosses the boundary of the system, in both directions. */
export const propagationVariables = {
  PROPAGATION_TRUSTED_CALLERS: callers({
    default: 'auto',
    meaning:
      'callers whose trace is continued, with its sampling decision, `tracestate` and `baggage`: `all`, `none`, or their addresses, such as `10.0.0.0/8`, as TRUST_PROXY sees them; others get a trace of the service’s own, with a link to theirs; `auto` is `none` with `NODE_ENV=production`, else this machine',
  }),
  PROPAGATION_INTERNAL_HOSTS: optional(
    hostNames({
      meaning:
        'hosts of the same system, such as `*.svc.cluster.local` or `::1`, which get the whole `tracestate` and `baggage` of a request; other hosts, such as those of a provider, get its `traceparent` only',
    }),
  ),
  PROPAGATION_SHARED_KEYS: optional(
    keys({ meaning: 'keys of `baggage` and `tracestate` that other hosts get as well, such as `tenant`' }),
  ),
} as const;
