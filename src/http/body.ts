import { payloadTooLarge } from '../errors.ts';

export const bodyBytesMax = 256 * 1024;

/** Reads a text up to its limit. Throws PAYLOAD_TOO_LARGE, and what reading it fails with when the caller goes away. */
export async function readBody(request: Request): Promise<string> {
  const length = request.headers.get('content-length');
  if (Number(length ?? 0) > bodyBytesMax) throw payloadTooLarge(bodyBytesMax);
  // Its body is not looked at before: a request makes the stream when it is.
  if (length !== null || request.body === null) return await request.text();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > bodyBytesMax) throw payloadTooLarge(bodyBytesMax);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A body that was read, or why it could not be: that is for the route to say, after it has looked at all else. */
export type Body = { readonly text: string } | { readonly error: unknown };

export async function settleBody(request: Request): Promise<Body> {
  return await readBody(request).then(
    (text) => ({ text }),
    (error: unknown) => ({ error }),
  );
}

export function requireText(body: Body): string {
  if ('error' in body) throw body.error;
  return body.text;
}
