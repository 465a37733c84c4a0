import { randomUUID } from 'node:crypto';
import { IncomingMessage, type ServerResponse } from 'node:http';
import { type AppError, overloaded, rateLimitExceeded } from '../errors.ts';
import { toGraphQLErrorResponse } from '../graphql/http.ts';
import { respondJson, type TextResponse } from '../graphql/text-response.ts';
import { windowSeconds } from '../limits/budget.ts';
import { type Refusals, toRefusalKey } from '../limits/refusals.ts';
import type { Turns } from '../limits/turns.ts';
import type { Log } from '../log.ts';
import { varying } from '../observe.ts';
import { toRequestId } from '../refusal.ts';
import { toErrorBody } from '../rest/error-body.ts';

/** A request that may have waited before anything was done for it. */
export class AdmittedRequest extends IncomingMessage {
  waitedMs = 0;
  /** Who takes a turn with it; null for what needs none. */
  caller: string | null = null;
}

export interface Admission {
  /**
   * Calls `begin` when it is the request's turn, and is false where it is to have none. That is answered here, with
   * OVERLOADED or RATE_LIMIT_EXCEEDED: before its credentials and its body are looked at, because in a flood these alone
   * would leave no time for what has a turn.
   */
  admit(request: AdmittedRequest, response: ServerResponse, begin: () => void): boolean;
  /** Counts a request that has begun as under way until `answered` settles. */
  count(request: AdmittedRequest, answered: Promise<unknown>): void;
}

export interface AdmissionOptions {
  readonly requestsMax: number;
  readonly turns: Turns;
  readonly refusals: Refusals | null;
  readonly log: Log | undefined;
}

const alwaysAdmitted = /^\/(healthz|readyz|metrics)(\?|$)/;
const logPeriodMs = 1_000;

/**
 * At most `requestsMax` requests wait for their turn or are under way at a time, and half as many of one credential:
 * whoever floods leaves places to others.
 */
export function createAdmission({ requestsMax, turns, refusals, log }: AdmissionOptions): Admission {
  const answerOverloaded = prepareAnswers(overloaded());
  const answerLimited = prepareAnswers(rateLimitExceeded(windowSeconds));
  const requestsOfOneMax = Math.ceil(requestsMax / 2);
  const placesOf = new Map<string, number>();
  let places = 0;
  let refused = 0;

  function add(credential: string, change: 1 | -1): void {
    places += change;
    const left = (placesOf.get(credential) ?? 0) + change;
    if (left === 0) placesOf.delete(credential);
    else placesOf.set(credential, left);
  }
  const hasPlace = (credential: string) =>
    places < requestsMax && (placesOf.get(credential) ?? 0) < requestsOfOneMax;

  /** A browser's page could not read what the app's own answer allows it to. */
  const findLimit = ({ headers }: IncomingMessage, caller: string) =>
    headers.origin === undefined ? refusals?.find(caller) : undefined;

  function refuse(request: IncomingMessage, response: ServerResponse): void {
    answerOverloaded(request, response);
    // A line for each second, not for each request.
    refused += 1;
    if (refused > 1) return;
    setTimeout(() => {
      log?.warn({ refused, underWay: places, waiting: turns.countWaiting() }, 'OVERLOADED');
      refused = 0;
    }, logPeriodMs).unref();
  }

  function wait(caller: string, request: AdmittedRequest, response: ServerResponse, begin: () => void): void {
    const credential = credentialOf(request);
    const since = performance.now();
    const leave = () => {
      add(credential, -1);
      response.off('close', hangUp);
    };
    const leaveQueue = turns.wait(
      caller,
      () => {
        leave();
        request.waitedMs = performance.now() - since;
        // The budget may have been spent meanwhile.
        const limit = findLimit(request, caller);
        if (limit === undefined) begin();
        else answerLimited(request, response, limit);
      },
      () => {
        leave();
        refuse(request, response);
      },
    );
    function hangUp(): void {
      leaveQueue();
      leave();
    }
    add(credential, 1);
    response.once('close', hangUp);
  }

  return {
    admit(request, response, begin) {
      if (alwaysAdmitted.test(request.url ?? '')) {
        begin();
        return true;
      }
      const caller = toRefusalKey((name) => request.headers[name]);
      const limit = findLimit(request, caller);
      if (limit !== undefined) answerLimited(request, response, limit);
      else if (!hasPlace(credentialOf(request))) refuse(request, response);
      else {
        request.caller = caller;
        if (turns.isNow(caller)) begin();
        else wait(caller, request, response, begin);
        return true;
      }
      return false;
    },
    count(request, answered) {
      const { caller } = request;
      if (caller === null) return;
      let end: (() => void) | undefined;
      let isSettled = false;
      const begin = () => {
        if (isSettled) return;
        const credential = credentialOf(request);
        const endTurn = turns.start(caller);
        add(credential, 1);
        end = () => {
          add(credential, -1);
          endTurn();
        };
      };
      // Who sends a body slowly takes nobody's place.
      const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
      const hasNoBody = length === '0' && coding === undefined;
      if (request.complete || hasNoBody) begin();
      else request.once('end', begin);
      const settle = () => {
        isSettled = true;
        end?.();
      };
      answered.then(settle, settle);
    },
  };
}

/** Whoever sends the same credential; without one all are one. */
function credentialOf({ headers }: IncomingMessage): string {
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
