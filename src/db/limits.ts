/** How long and how much the gateway waits for PostgreSQL. */
export interface DatabaseLimits {
  /** From the first byte to a server until it answers a first statement. */
  readonly connectTimeoutMs: number;
  /** After this the server gives a statement up, */
  readonly statementTimeoutMs: number;
  /** and after this the gateway does: for a server that cannot say so any more. */
  readonly answerTimeoutMs: number;
  /** How long a statement waits for a connection, */
  readonly acquireTimeoutMs: number;
  /** and how many may wait. */
  readonly queueMax: number;
  readonly idleTimeoutMs: number;
  /** A connection is closed after this, so that a server that moved is found again. */
  readonly lifetimeMs: number;
  /** How long close() waits for statements under way. */
  readonly closeTimeoutMs: number;
}

export const defaultLimits: DatabaseLimits = {
  connectTimeoutMs: 3_000,
  statementTimeoutMs: 5_000,
  answerTimeoutMs: 5_500,
  acquireTimeoutMs: 2_000,
  queueMax: 200,
  idleTimeoutMs: 60_000,
  lifetimeMs: 30 * 60_000,
  closeTimeoutMs: 3_000,
};

/** A statement of the embedded database cannot be ended: this is for the caller alone. */
export const embeddedAnswerTimeoutMs = 15_000;
