import { teaOrder } from '../support/clients/api-client.ts';
import type { AttackedService } from '../support/processes/attacked-service.ts';
import type { RawConnection } from '../support/clients/raw-connection.ts';

/** Input that is not an ordinary request. */
export interface Attack {
  /** Its unique name in the table. */
  what: string;
  /** The bytes for a new connection, a text being ISO 8859-1, or a function that sends them. */
  send: string | Buffer | ((connection: RawConnection, attacked: AttackedService) => void | Promise<void>);
  /** Default: the public listener. */
  listener?: 'admin';
  /** Sends nothing after the first answer, so that the rest of the input stays incomplete. */
  quiet?: true;
  /** Places an order although the client is gone before the answer. */
  placesUnanswered?: true;
}

/** Every attack uses the key of the client `pos`. */
export const authorization = 'authorization: Bearer pos-key\r\n';
export const host = 'host: orders\r\n';
export const json = 'content-type: application/json\r\n';
export const order = JSON.stringify(teaOrder);

/** A valid request apart from the given header lines and target. */
export function get(lines = '', target = '/orders?limit=1'): string {
  return `GET ${target} HTTP/1.1\r\n${host}${authorization}${lines}\r\n`;
}

/** The start of a POST: the caller adds the headers that frame the body, an empty line and the body. */
export const posting = `POST /orders HTTP/1.1\r\n${host}${authorization}${json}`;

/** A POST of an order, or of another body, with its correct length. */
export function post(body = order, lines = ''): string {
  return `${posting}${lines}content-length: ${Buffer.byteLength(body, 'latin1')}\r\n\r\n${body}`;
}

export function chunked(body: string): string {
  return `${posting}transfer-encoding: chunked\r\n\r\n${chunk(body)}0\r\n\r\n`;
}

export function chunk(data: string, extension = ''): string {
  return `${data.length.toString(16)}${extension}\r\n${data}\r\n`;
}
