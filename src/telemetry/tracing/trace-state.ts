import type { TraceState } from '@opentelemetry/api';
import { scrub } from '../../privacy/scrub.ts';

/** A key of Level 2: the at sign may stand anywhere but at its start. */
const key = /^[a-z\d][a-z\d_\-*/@]{0,255}$/;
/** Printable ASCII without comma and equals sign, with a last character that is no space. */
const value = /^[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;
const mostMembers = 32;

/**
 * Reads a `tracestate` header, and passes all of its members on. OpenTelemetry's own class has the keys of Level 1, drops
 * single members of a malformed list, and cuts a list off. Only a member that holds a secret is dropped, because the service
 * would pass it on and export it.
 *
 * @returns `undefined` for a list without members and for a malformed one, which the specification lets a service discard whole
 * @see https://www.w3.org/TR/trace-context-2/#tracestate-header
 */
export function parseTraceState(header: string): TraceState | undefined {
  const members = new Map<string, string>();
  let count = 0;
  const isClean = scrub(header) === header;
  for (const part of header.split(',')) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, '');
    if (member === '') continue;
    const end = member.indexOf('=');
    const [name, text] = [member.slice(0, Math.max(end, 0)), member.slice(end + 1)];
    count += 1;
    if (count > mostMembers || !isMember(name, text)) return undefined;
    // A key has one value; of two, the left one is the newer.
    if (!members.has(name) && (isClean || scrub(member) === member)) members.set(name, text);
  }
  return members.size === 0 ? undefined : new ListOfMembers(members);
}

function isMember(name: string, text: string): boolean {
  return key.test(name) && value.test(text);
}

class ListOfMembers implements TraceState {
  readonly #members: ReadonlyMap<string, string>;
  readonly #text: string;

  constructor(members: ReadonlyMap<string, string>) {
    this.#members = members;
    // Every span of a trace is exported with it.
    this.#text = [...members].map(([name, text]) => `${name}=${text}`).join(',');
  }

  get(name: string): string | undefined {
    return this.#members.get(name);
  }

  /** A changed member moves to the front, and the last one gives way to a new one in a full list. */
  set(name: string, text: string): TraceState {
    if (!isMember(name, text)) return this;
    const others = [...this.#members].filter(([other]) => other !== name);
    return new ListOfMembers(new Map([[name, text] as const, ...others].slice(0, mostMembers)));
  }

  unset(name: string): TraceState {
    return new ListOfMembers(new Map([...this.#members].filter(([other]) => other !== name)));
  }

  serialize(): string {
    return this.#text;
  }
}
