/** What the gateway refused, or that it could not be reached. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  /** The code of the contract, such as INVALID_API_KEY; null where there was no answer of the gateway. */
  readonly code: string | null;
  /** The parameter that was refused, such as filter.number; null where it is none. */
  readonly parameter: string | null;

  constructor(message: string, code: string | null, parameter: string | null = null) {
    super(message);
    this.code = code;
    this.parameter = parameter;
  }
}
