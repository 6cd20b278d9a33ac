/** A request that the receiver does not take. The message is for its sender. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: RefusedStatus;

  constructor(status: RefusedStatus, message: string) {
    super(message);
    this.status = status;
  }
}

export type RefusedStatus = 400 | 404 | 405 | 413 | 415 | 500 | 503;
