/** A text as an answer; a 304 has no body. */
export function respond(status: number, headers: Readonly<Record<string, string>>, body: string): Response {
  return new Response(status === 304 ? null : body, { status, headers });
}

export function respondJson(
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return respond(status, { 'content-type': 'application/json', ...headers }, JSON.stringify(value));
}
