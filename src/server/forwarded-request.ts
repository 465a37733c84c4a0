import { overloaded, payloadTooLarge } from '../errors.ts';
import { bodyBytesMax } from '../graphql/body.ts';
import type { RequestBody, RequestHead } from './messages.ts';

/**
 * What the app reads of a request, and no more: to make the platform's Request of it would take as long as the answer to a
 * small question.
 */
export class ForwardedRequest implements Pick<Request, 'method' | 'url' | 'headers' | 'body' | 'text'> {
  readonly method: string;
  readonly url: string;
  /** It is read whole, by text(). */
  readonly body = null;
  readonly #rawHeaders: readonly string[];
  #headers: Headers | undefined;
  #body: RequestBody | null;
  #take: ((body: RequestBody) => void) | undefined;

  constructor({ method, url, headers }: RequestHead, body: RequestBody | null) {
    this.method = method;
    this.url = url;
    this.#rawHeaders = headers;
    this.#body = body;
  }

  get headers(): Headers {
    if (this.#headers === undefined) {
      this.#headers = new Headers();
      for (let i = 0; i < this.#rawHeaders.length; i += 2)
        this.#headers.append(this.#rawHeaders[i] as string, this.#rawHeaders[i + 1] as string);
    }
    return this.#headers;
  }

  /** Takes the body that came after the head. */
  receive(body: RequestBody): void {
    this.#body = body;
    this.#take?.(body);
  }

  /** Throws PAYLOAD_TOO_LARGE, OVERLOADED where it finds no turn any more, and an Error when the caller goes away. */
  async text(): Promise<string> {
    const body =
      this.#body ??
      (await new Promise<RequestBody>((resolve) => {
        this.#take = resolve;
      }));
    if ('text' in body) return body.text;
    switch (body.problem) {
      case 'PAYLOAD_TOO_LARGE':
        throw payloadTooLarge(bodyBytesMax);
      case 'OVERLOADED':
        throw overloaded();
      case 'ABORTED':
        throw new Error('The caller went away.');
    }
  }
}
