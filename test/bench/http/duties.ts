import { randomUUID } from 'node:crypto';
import type { HttpRequest } from './load.ts';

const costly = Array.from(
  { length: 6 },
  (_, i) => `a${i}: calls(first: 100) { nodes { events { nodes { uuid } } } }`,
);

/**
 * Throws where a server does not do what the gateway does for a request besides answering it: ask for a credential,
 * name the request, count it, refuse a costly document. `headers` have the credential.
 */
export async function checkDuties(url: string, headers: HttpRequest['headers']): Promise<void> {
  const answer = async (query: string, more: HttpRequest['headers']) => {
    const body = JSON.stringify({ query });
    const type = { 'content-type': 'application/json' };
    const response = await fetch(`${url}/graphql`, { method: 'POST', headers: { ...type, ...more }, body });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const require = (isDone: boolean, duty: string) => {
    if (!isDone) throw new Error(`${url} ${duty}.`);
  };
  const short = '{ calls(first: 1) { nodes { uuid } } }';
  for (const given of [{}, { authorization: 'Bearer kros_live_unknown' }]) {
    require((await answer(short, given)).status === 401, 'asks for no credential');
  }
  const requestId = randomUUID();
  const right = await answer(short, { ...headers, 'x-request-id': requestId });
  require(right.status === 200 && !right.text.includes('"errors"'), `answers ${right.status} ${right.text}`);
  require(right.headers.get('x-request-id') === requestId, 'gives no request id');
  require(right.headers.has('x-ratelimit-remaining'), 'counts no requests');
  const refused = await answer(`{ ${costly.join(' ')} }`, headers);
  require(/cost|expensive/i.test(refused.text), `refuses no costly document: ${refused.text.slice(0, 200)}`);
}
