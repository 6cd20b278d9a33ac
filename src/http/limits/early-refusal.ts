import type {
  IncomingHttpHeaders,
  IncomingMessage,
  RequestListener,
  Server,
  ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, RouteOptions } from 'fastify';
import type { AdmissionEvents } from '../../admission/admission-events.ts';
import type { Admission } from '../../admission/admission.ts';
import { lowestPriority, type Priority } from '../../admission/priorities.ts';
import { securityHeaders, strictTransport } from '../hardening/security-headers.ts';
import { type Proxies, tlsReport } from './trusted-callers.ts';
import { bodyWith, retryAfter, shortestWait, status } from './overloaded.ts';

export interface EarlyRefusalParts {
  admission: Admission;
  events: AdmissionEvents;
  bodyLimit: number;
  /** Their connections carry the requests of many clients. */
  proxies: Proxies;
  requestIdOf(request: { headers: IncomingHttpHeaders }): string;
  draining(): boolean;
}

/** What is known of a request before it is routed. */
export interface RequestHead {
  method?: string | undefined;
  url?: string | undefined;
  headers: IncomingHttpHeaders;
}

export interface EarlyRefusal {
  /** Covers the routes that are added to a scope later. */
  cover(scope: FastifyInstance): void;
  /** Whether any request is shed now. */
  shedding(): boolean;
  /** Decides about a request while some are shed, and counts it if it is refused. */
  refusalOf(request: RequestHead, socket: Socket): Refusal | undefined;
  /** Called after each refusal of this server with its connection. */
  onRefused: (socket: Socket) => void;
}

export interface Refusal {
  requestId: string;
  /** Whether the client speaks TLS with a proxy. */
  overTls: boolean;
  /** Whether the connection is to close after it. */
  last: boolean;
}

/** A route of which requests can be refused before they are routed. */
interface Refusable {
  route: string;
  priorityOf(request: RequestHead): Priority;
}

/**
 * Refuses what admission control would shed, before Fastify sees the request: no route is looked up, no key is compared, no
 * span is made and no line is logged. It answers from prepared parts, so a flood takes as little processor time as Node allows.
 * A request that is not clearly one of the covered routes, or that has to be read with care, goes its usual way, and so do a
 * few of the others: they are the ones that the log and the traces show.
 */
export function refuseEarly(server: Server, parts: EarlyRefusalParts): EarlyRefusal {
  const { admission, events, bodyLimit, proxies, requestIdOf, draining } = parts;
  const behindProxy = proxies.trustProxy !== false;
  const isOverTls = tlsReport(proxies);
  const byPath = new Map<string, Refusable>();
  const byPattern: Array<Refusable & { method: string; pattern: RegExp }> = [];
  const holdBack = createHoldBack(admission.busy);

  function find(method: string, path: string): Refusable | undefined {
    return (
      byPath.get(`${method} ${path}`) ??
      byPattern.find((each) => each.method === method && each.pattern.test(path))
    );
  }

  function isPlain({ headers }: RequestHead): boolean {
    return (
      headers.expect === undefined &&
      headers['transfer-encoding'] === undefined &&
      Number(headers['content-length'] ?? 0) <= bodyLimit
    );
  }

  // Lists are the first to be shed: while they are not, nothing is.
  const shedding = () => admission.wouldShed(lowestPriority) !== undefined;

  function refusalOf(request: RequestHead, socket: Socket): Refusal | undefined {
    const { method = '', url = '' } = request;
    const end = url.indexOf('?');
    const found = find(method, end === -1 ? url : url.slice(0, end));
    if (found === undefined || !isPlain(request)) return undefined;
    const reason = admission.wouldShed(found.priorityOf(request));
    if (reason === undefined || !events.shedEarly({ reason, method, route: found.route })) return undefined;

    return {
      requestId: requestIdOf(request),
      overTls: isOverTls(request, socket),
      last: draining() || (!behindProxy && holdBack(socket)),
    };
  }

  /** Whether it has answered the request. */
  function refuse(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request;
    const refusal = shedding() ? refusalOf(request, socket) : undefined;
    if (refusal === undefined) return false;
    if (refusal.last) response.shouldKeepAlive = false;
    const { requestId, overTls } = refusal;
    const body = bodyWith(requestId);
    response.writeHead(status, [
      ...(overTls ? headersOverTls : constantHeaders),
      'retry-after',
      String(retryAfter()),
      'x-request-id',
      requestId,
      'content-length',
      String(body.length),
    ]);
    response.end(body);
    early.onRefused(socket);
    return true;
  }

  const listeners = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    if (refuse(request, response)) return;
    for (const handle of listeners) handle(request, response);
  });

  const early: EarlyRefusal = {
    shedding,
    refusalOf,
    onRefused() {},
    cover(scope) {
      scope.addHook('onRoute', (options) => {
        const priorityOf = priorityBefore(options);
        if (priorityOf === undefined) return;
        const { url: route } = options;
        for (const method of [options.method].flat()) {
          if (!route.includes(':')) byPath.set(`${method} ${route}`, { route, priorityOf });
          else byPattern.push({ route, priorityOf, method, pattern: patternOf(route) });
        }
      });
    },
  };
  return early;
}

/** A flat list of names and values, as Node takes it fastest. */
export const constantHeaders = [
  'content-type',
  'application/problem+json; charset=utf-8',
  ...Object.entries(securityHeaders).flat(),
];

export const headersOverTls = [...constantHeaders, ...Object.entries(strictTransport).flat()];

/** `undefined` if the priority depends on more than the headers. */
function priorityBefore({ config }: RouteOptions): Refusable['priorityOf'] | undefined {
  const { priority = lowestPriority, highestPriority } = config ?? {};
  if (highestPriority !== undefined) return ({ headers }) => highestPriority(headers);
  return typeof priority === 'function' ? undefined : () => priority;
}

function patternOf(route: string): RegExp {
  const segments = route.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : RegExp.escape(part)));
  return new RegExp(`^${segments.join('/')}$`);
}

/** Refusals in a row, each sooner than `Retry-After` allows, after which a connection is held back. */
const patience = 20;
/** How often it is, before it is closed. */
const mostPauses = 3;
/** Milliseconds. */
const pause = 1000 * shortestWait;

interface Insistence {
  lastAt: number;
  inARow: number;
  pauses: number;
}

/**
 * While processor time is short, holds back the connections that keep sending although they are refused: nothing is read from
 * them for a second, so that their requests wait with those who send them. Returns whether to close the connection, because
 * that did not help.
 */
function createHoldBack(busy: () => boolean): (socket: Socket) => boolean {
  const known = new WeakMap<Socket, Insistence>();
  return (socket) => {
    const now = performance.now();
    const insistence = known.get(socket) ?? { lastAt: -Infinity, inARow: 0, pauses: 0 };
    known.set(socket, insistence);
    const quietFor = now - insistence.lastAt;
    insistence.inARow = quietFor < pause ? insistence.inARow + 1 : 1;
    // After a pause, the next request is read as soon as it ends.
    if (quietFor >= 2 * pause) insistence.pauses = 0;
    insistence.lastAt = now;
    if (insistence.inARow < patience || !busy()) return false;
    insistence.inARow = 0;
    insistence.pauses += 1;
    if (insistence.pauses > mostPauses) return true;
    stopReading(socket);
    return false;
  };
}

function stopReading(socket: Socket): void {
  // Node resumes a connection by itself when it has written the answer.
  const again = () => void socket.pause();
  socket.on('resume', again);
  socket.pause();
  const stop = () => clearTimeout(timer);
  const timer = setTimeout(() => {
    socket.off('resume', again).off('close', stop);
    socket.resume();
  }, pause).unref();
  socket.once('close', stop);
}
