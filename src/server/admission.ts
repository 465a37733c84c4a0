import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { varying } from '../app.ts';
import { overloaded } from '../errors.ts';
import { toGraphQLErrorResponse } from '../graphql/http.ts';
import { respondJson, type TextResponse } from '../graphql/text-response.ts';
import type { Log } from '../log.ts';
import { send } from './send.ts';

export interface Admission {
  /**
   * Whether the request may begin. What may not is answered here, with OVERLOADED: before its credentials and its
   * body are looked at, because in a flood these alone would leave no time for what may.
   */
  admit(request: IncomingMessage, response: ServerResponse): boolean;
  /** Counts an admitted request as under way until `answered` settles. */
  count(request: IncomingMessage, answered: Promise<unknown>): void;
}

const alwaysAdmitted = /^\/(healthz|readyz|metrics)(\?|$)/;
const logPeriodMs = 1_000;

/** At most `requestsMax` requests are under way at a time. */
export function createAdmission(requestsMax: number, log: Log | undefined): Admission {
  const toRefusal = prepareRefusals();
  let underWay = 0;
  let refused = 0;

  /** A line for each second, not for each request. */
  function note(): void {
    refused += 1;
    if (refused > 1) return;
    setTimeout(() => {
      log?.warn({ refused, underWay }, 'OVERLOADED');
      refused = 0;
    }, logPeriodMs).unref();
  }

  return {
    admit(request, response) {
      if (underWay < requestsMax || alwaysAdmitted.test(request.url ?? '')) return true;
      send(toRefusal(request), response);
      note();
      return false;
    },
    count(request, answered) {
      let isCounted = false;
      let isSettled = false;
      const begin = () => {
        if (isSettled) return;
        isCounted = true;
        underWay += 1;
      };
      // Who sends a body slowly takes nobody's place.
      const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
      if (length === '0' && coding === undefined) begin();
      else request.once('end', begin);
      const end = () => {
        isSettled = true;
        if (isCounted) underWay -= 1;
      };
      answered.then(end, end);
    },
  };
}

/** What refuses a request, as the app would say it, but made beforehand: there are many of them. */
function prepareRefusals(): (request: IncomingMessage) => TextResponse {
  const error = overloaded();
  const idMark = randomUUID();
  const rest = respondJson({ error: error.message, code: error.code }, error.status, error.headers);
  const forAccept = new Map(
    [null, 'application/graphql-response+json'].map((accept) => [
      accept,
      toGraphQLErrorResponse(error, accept, idMark) as unknown as TextResponse,
    ]),
  );
  return ({ url = '', headers }) => {
    const given = headers['x-request-id'];
    const requestId = typeof given === 'string' && /^[!-~]{1,128}$/.test(given) ? given : randomUUID();
    const accepted = headers.accept?.includes('graphql-response')
      ? 'application/graphql-response+json'
      : null;
    const known = /^\/graphql(\?|$)/.test(url) ? forAccept.get(accepted) : undefined;
    const { status, headers: common, body } = known ?? (rest as unknown as TextResponse);
    return {
      status,
      headers: {
        ...common,
        'x-request-id': requestId,
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        vary: varying,
      },
      body: body.replace(idMark, () => requestId),
    };
  };
}
