import { teaOrder } from '../support/clients/api-client.ts';
import type { AttackedService } from '../support/processes/attacked-service.ts';
import type { RawConnection } from '../support/clients/raw-connection.ts';

/** Something that a client sends which is no ordinary request. */
export interface Attack {
  /** As it stands in the table; it names the attack among all of them. */
  what: string;
  /** What goes over a new connection, in ISO 8859-1, or how it goes. */
  send: string | Buffer | ((connection: RawConnection, attacked: AttackedService) => void | Promise<void>);
  /** Which listener; default the public one. */
  listener?: 'admin';
  /** Whether no more is sent after the first answer, so that the rest stays as it is. */
  quiet?: true;
  /** Whether an order is placed although nobody is there to be told. */
  placesUntold?: true;
}

/** All attacks act as the client `pos`. */
export const authorization = 'authorization: Bearer pos-key\r\n';
export const host = 'host: orders\r\n';
export const json = 'content-type: application/json\r\n';
export const order = JSON.stringify(teaOrder);

/** A request that is right, but for the header lines and the target that it is given. */
export function get(lines = '', target = '/orders?limit=1'): string {
  return `GET ${target} HTTP/1.1\r\n${host}${authorization}${lines}\r\n`;
}

/** A POST without its end: the caller adds what frames the body, an empty line and the body. */
export const posting = `POST /orders HTTP/1.1\r\n${host}${authorization}${json}`;

/** An order, or another body, of the right length. */
export function post(body = order, lines = ''): string {
  return `${posting}${lines}content-length: ${Buffer.byteLength(body, 'latin1')}\r\n\r\n${body}`;
}

export function chunked(body: string, lines = ''): string {
  return `${posting}${lines}transfer-encoding: chunked\r\n\r\n${chunk(body)}0\r\n\r\n`;
}

export function chunk(data: string, extension = ''): string {
  return `${data.length.toString(16)}${extension}\r\n${data}\r\n`;
}
