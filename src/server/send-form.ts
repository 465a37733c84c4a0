import type { IncomingMessage, ServerResponse } from 'node:http';
import { toCorsHeaders } from '../cors.ts';
import { toRequestId } from '../refusal.ts';
import type { RefusalForm, RefusalForms } from './refusal-forms.ts';

/** Answers as the app would, at a small part of the cost. `more`: headers, names and values in turn. */
export function sendForm(
  forms: RefusalForms,
  request: IncomingMessage,
  response: ServerResponse,
  { corsOrigins, more = [] }: { corsOrigins: readonly string[]; more?: readonly string[] },
): void {
  const { status, headers, body, bodyBytes } = findForm(forms, request);
  // It is printable ASCII.
  const requestId = toRequestId(request.headers['x-request-id']);
  const length = bodyBytes + (body.length - 1) * requestId.length;
  response.writeHead(status, [
    ...headers,
    ...Object.entries(toCorsHeaders(corsOrigins, request.headers.origin)).flat(),
    ...more,
    'x-request-id',
    requestId,
    'content-length',
    String(length),
  ]);
  response.end(body.join(requestId));
}

function findForm(forms: RefusalForms, { url = '', headers }: IncomingMessage): RefusalForm {
  if (!/^\/graphql(\?|$)/.test(url)) return forms.rest;
  return headers.accept?.includes('graphql-response') ? forms.graphqlJson : forms.json;
}
