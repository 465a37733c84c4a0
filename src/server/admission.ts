import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AppError, overloaded, rateLimitExceeded } from '../errors.ts';
import { toGraphQLErrorResponse } from '../graphql/http.ts';
import { respondJson, type TextResponse } from '../graphql/text-response.ts';
import { windowSeconds } from '../limits/budget.ts';
import { type Refusals, toRefusalKey } from '../limits/refusals.ts';
import type { Log } from '../log.ts';
import { varying } from '../observe.ts';
import { toRequestId } from '../refusal.ts';
import { toErrorBody } from '../rest/error-body.ts';

export interface Admission {
  /**
   * Whether the request may begin. What may not is answered here, with OVERLOADED or RATE_LIMIT_EXCEEDED: before its
   * credentials and its body are looked at, because in a flood these alone would leave no time for what may.
   */
  admit(request: IncomingMessage, response: ServerResponse): boolean;
  /** Counts an admitted request as under way until `answered` settles. */
  count(request: IncomingMessage, answered: Promise<unknown>): void;
}

export interface AdmissionOptions {
  readonly requestsMax: number;
  readonly refusals: Refusals | null;
  readonly log: Log | undefined;
}

const alwaysAdmitted = /^\/(healthz|readyz|metrics)(\?|$)/;
const logPeriodMs = 1_000;

/**
 * At most `requestsMax` requests are under way at a time, and half as many of one credential: whoever floods leaves
 * places to others.
 */
export function createAdmission({ requestsMax, refusals, log }: AdmissionOptions): Admission {
  const answerOverloaded = prepareAnswers(overloaded());
  const answerLimited = prepareAnswers(rateLimitExceeded(windowSeconds));
  const requestsOfOneMax = Math.ceil(requestsMax / 2);
  const underWayOf = new Map<string, number>();
  let underWay = 0;
  let refused = 0;

  function add(caller: string, change: 1 | -1): void {
    underWay += change;
    const left = (underWayOf.get(caller) ?? 0) + change;
    if (left === 0) underWayOf.delete(caller);
    else underWayOf.set(caller, left);
  }
  const hasPlace = (caller: string) =>
    underWay < requestsMax && (underWayOf.get(caller) ?? 0) < requestsOfOneMax;

  /** A browser's page could not read what the app's own answer allows it to. */
  const findLimit = ({ headers }: IncomingMessage) =>
    headers.origin === undefined ? refusals?.find(toRefusalKey((name) => headers[name])) : undefined;

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
      const limit = findLimit(request);
      if (limit === undefined && hasPlace(callerOf(request))) return true;
      if (alwaysAdmitted.test(request.url ?? '')) return true;
      if (limit !== undefined) answerLimited(request, response, limit);
      else {
        answerOverloaded(request, response);
        note();
      }
      return false;
    },
    count(request, answered) {
      const caller = callerOf(request);
      let isCounted = false;
      let isSettled = false;
      const begin = () => {
        if (isSettled) return;
        isCounted = true;
        add(caller, 1);
      };
      // Who sends a body slowly takes nobody's place.
      const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
      if (length === '0' && coding === undefined) begin();
      else request.once('end', begin);
      const end = () => {
        isSettled = true;
        if (isCounted) add(caller, -1);
      };
      answered.then(end, end);
    },
  };
}

/** Whoever sends the same credential; without one all are one. */
function callerOf({ headers }: IncomingMessage): string {
  return headers.authorization ?? String(headers['x-api-key'] ?? '');
}

type AnswerRefused = (request: IncomingMessage, response: ServerResponse, more?: readonly string[]) => void;

/**
 * Refuses requests as the app would, with what is made beforehand: there are many of them. The headers are a list,
 * names and values in turn: an object of them would be of a new class for each answer.
 */
function prepareAnswers(error: AppError): AnswerRefused {
  const rest = prepareAnswer(() => respondJson(toErrorBody(error), error.status, error.headers));
  const prepareGraphQL = (accept: string | null) =>
    prepareAnswer((requestId) => toGraphQLErrorResponse(error, accept, requestId));
  const json = prepareGraphQL(null);
  const graphqlJson = prepareGraphQL('application/graphql-response+json');
  return (request, response, more) => {
    const isGraphQL = /^\/graphql(\?|$)/.test(request.url ?? '');
    const graphql = request.headers.accept?.includes('graphql-response') ? graphqlJson : json;
    (isGraphQL ? graphql : rest)(request, response, more);
  };
}

function prepareAnswer(respondWith: (requestId: string) => Response): AnswerRefused {
  const idMark = randomUUID();
  const { status, headers, body } = respondWith(idMark) as unknown as TextResponse;
  const common = Object.entries({
    ...headers,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
    vary: varying,
  }).flat();
  const [before = '', ...after] = body.split(idMark);
  const lengthWithoutIds = Buffer.byteLength(before + after.join(''));
  return (request, response, more = []) => {
    // It is printable ASCII.
    const requestId = toRequestId(request.headers['x-request-id']);
    const length = lengthWithoutIds + after.length * requestId.length;
    response.writeHead(status, [
      ...common,
      ...more,
      'x-request-id',
      requestId,
      'content-length',
      String(length),
    ]);
    response.end([before, ...after].join(requestId));
  };
}
