import { identity } from '../identity.ts';
import { UnfitValue, type Variable } from './environment.ts';

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The parts of the service whose level can be set on its own. Their lines have the field `component`. */
export const logComponents = ['http', 'postgres', 'redis', ...identity.logComponents, 'admission'] as const;
export type LogComponent = (typeof logComponents)[number];

/** Which lines are written, such as `info,postgres=debug,http=warn`. */
export interface LogFilter {
  /** Of all lines but those of `components`. Undefined if the filter names components only. */
  level: LogLevel | undefined;
  components: Partial<Record<LogComponent, LogLevel>>;
}

/** Whether lines of level `error` are left out, of all or of a component. */
export function hidesErrors({ level, components }: LogFilter): boolean {
  return [level, ...Object.values(components)].some((each) => each === 'fatal' || each === 'silent');
}

export type ParsedLogFilter =
  | { kind: 'filter'; filter: LogFilter }
  | { kind: 'unknown_component'; name: string }
  | { kind: 'malformed' };

/**
 * Reads a level, or `component=level`, or several of them with commas. Each component and the level of all the others may
 * stand there once, in any order.
 */
export function parseLogFilter(text: string): ParsedLogFilter {
  const filter: LogFilter = { level: undefined, components: {} };
  for (const directive of text.split(',')) {
    const [name, value, ...rest] = directive.split('=').map((part) => part.trim());
    const level = logLevels.find((each) => each === (value ?? name));
    if (level === undefined || rest.length > 0) return { kind: 'malformed' };
    if (value === undefined) {
      if (filter.level !== undefined) return { kind: 'malformed' };
      filter.level = level;
      continue;
    }
    const component = logComponents.find((each) => each === name);
    if (component === undefined) return { kind: 'unknown_component', name: name ?? '' };
    if (filter.components[component] !== undefined) return { kind: 'malformed' };
    filter.components[component] = level;
  }
  return { kind: 'filter', filter };
}

/** Completes "The level must be …". */
export const expectedLogFilter = `one of ${logLevels.join(', ')}, alone or with levels of components such as info,postgres=debug`;
/** Completes a sentence about a component that does not exist. */
export const knownLogComponents = `The components are ${logComponents.join(', ')}.`;

export const logFilter = (rest: Omit<Variable<LogFilter>, 'parse' | 'expected'>): Variable<LogFilter> => ({
  ...rest,
  expected: expectedLogFilter,
  parse(text) {
    const parsed = parseLogFilter(text);
    if (parsed.kind === 'unknown_component')
      throw new UnfitValue(
        `sets the level of "${parsed.name}", which is no component. ${knownLogComponents}`,
      );
    return parsed.kind === 'filter' ? parsed.filter : undefined;
  },
});
