/**
 * A response that is a text and a record of headers. The global Response turns every text into a stream and every
 * record into a Headers, which costs more than all else that the gateway does for a small answer.
 */
export class TextResponse {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Record<string, string>;
  readonly body: string;

  constructor(status: number, headers: Record<string, string>, body: string) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

/**
 * A TextResponse as handlers of Hono return it. Hono reads the members that both have, and passes it on, or makes
 * a Response of it; whatever looks at a response asks isTextResponse first.
 */
export function respond(status: number, headers: Record<string, string>, body: string): Response {
  return new TextResponse(status, headers, body) as unknown as Response;
}

export function respondJson(
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return respond(status, { 'content-type': 'application/json', ...headers }, JSON.stringify(value));
}

export function isTextResponse(response: unknown): response is TextResponse {
  return response instanceof TextResponse;
}

/** The response as the platform has it. */
export function toResponse(response: Response): Response {
  if (!isTextResponse(response)) return response;
  const { body, status, headers } = response as TextResponse;
  return new Response(status === 304 ? null : body, { status, headers });
}
