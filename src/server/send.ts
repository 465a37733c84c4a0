import type { ServerResponse } from 'node:http';
import type { TextResponse } from '../graphql/text-response.ts';

/** Sends a text as it is, without the streams that a Response would make of it. */
export function send({ status, headers, body }: TextResponse, outgoing: ServerResponse): void {
  // The length that a 304 would tell is that of the body it does not have.
  if (status !== 304) headers['content-length'] = String(Buffer.byteLength(body));
  outgoing.writeHead(status, headers);
  outgoing.end(body);
}
