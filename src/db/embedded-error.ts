/** The embedded database cannot be opened: the message says why and what to do, for the operator. */
export class EmbeddedDatabaseError extends Error {
  override readonly name = 'EmbeddedDatabaseError';
}
