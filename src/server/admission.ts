import { IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { digestCredential } from '../auth/credential.ts';
import { isPreflight } from '../cors.ts';
import { overloaded } from '../errors.ts';
import { toCallerId, toCredential } from '../limits/caller-id.ts';
import type { Refusals } from '../limits/refusals.ts';
import type { Turns } from '../limits/turns.ts';
import type { RefusalLog } from '../refusal.ts';
import type { RefusalForms } from './refusal-forms.ts';
import { sendForm } from './send-form.ts';

/** A request that may have waited before anything was done for it. */
export class AdmittedRequest extends IncomingMessage {
  /** Who takes a place with it; null for what needs none. */
  caller: string | null = null;
  needsTurn = false;
  waitedMs = 0;
  /** It has waited too long: there is no turn for it. */
  isLate = false;
  /** Where a turn was given back until the body is there: waits for one again. Rejects with OVERLOADED. */
  regainTurn: (() => Promise<void>) | null = null;
}

export interface Admission {
  /**
   * Calls `begin` when it is the request's turn or too late for one, and is false where it finds no place to wait. That is
   * answered here, with OVERLOADED or RATE_LIMIT_EXCEEDED: before its credentials and its body are looked at, because in a
   * flood these alone would leave no time for what has a turn.
   */
  admit(request: AdmittedRequest, response: ServerResponse, begin: () => void): boolean;
  /** Counts a request that has begun as under way until `answered` settles. */
  count(request: AdmittedRequest, answered: Promise<unknown>): void;
}

export interface AdmissionOptions {
  readonly requestsMax: number;
  readonly turns: Turns;
  readonly refusals: Refusals;
  readonly overloaded: RefusalForms;
  readonly limited: RefusalForms;
  readonly corsOrigins: readonly string[];
  readonly log: RefusalLog;
}

const alwaysAdmitted = /^\/(healthz|readyz|metrics)(\?|$)/;
/** What is answered from memory, in the one spelling that leads nowhere else. */
const isInMemory = /^\/(dashboard|docs|openapi\.json|assets\/[\w.-]+)?(\?|$)/;
/** Behind one another on a connection; only who floods sends more. */
const probesMax = 4;
const isScrape = /^\/metrics(\?|$)/;
/** In all: their texts are long, and one or two programs ask for them, a few times a minute. */
const scrapesMax = 4;
const logPeriodMs = 1_000;
/** A body that is not there by then is on its way on its own. */
const slowBodyMs = 10;

/**
 * At most `requestsMax` requests wait for their turn or are under way at a time, and half as many of one credential:
 * whoever floods with one leaves places to others.
 */
export function createAdmission({
  requestsMax,
  turns,
  refusals,
  corsOrigins,
  log,
  ...forms
}: AdmissionOptions): Admission {
  const requestsOfOneMax = Math.ceil(requestsMax / 2);
  const placesOf = new Map<string, number>();
  let places = 0;
  const probesOf = new WeakMap<Socket, number>();
  let scrapes = 0;
  let refused = 0;

  function add(credential: string, change: 1 | -1): void {
    places += change;
    const left = (placesOf.get(credential) ?? 0) + change;
    if (left === 0) placesOf.delete(credential);
    else placesOf.set(credential, left);
  }
  const hasPlace = (credential: string) =>
    places < requestsMax && (placesOf.get(credential) ?? 0) < requestsOfOneMax;

  function refuse(request: IncomingMessage, response: ServerResponse): void {
    sendForm(forms.overloaded, request, response, { corsOrigins });
    // A line for each second, not for each request.
    refused += 1;
    if (refused > 1) return;
    setTimeout(() => {
      const waiting = turns.countWaiting();
      log.warn({ refused, underWay: places - waiting, waiting }, 'OVERLOADED');
      refused = 0;
    }, logPeriodMs).unref();
  }

  /** Gives what takes the caller out of the queue, where it still is in it. */
  function enqueue(caller: string, begin: () => void, giveUp: () => void): () => void {
    const credential = toCredential(caller);
    add(credential, 1);
    let isIn = true;
    const leavePlace = () => {
      if (isIn) add(credential, -1);
      isIn = false;
    };
    const leaveQueue = turns.wait(
      caller,
      () => {
        leavePlace();
        begin();
      },
      () => {
        leavePlace();
        giveUp();
      },
    );
    return () => {
      leaveQueue();
      leavePlace();
    };
  }

  function wait(caller: string, request: AdmittedRequest, response: ServerResponse, begin: () => void): void {
    const since = performance.now();
    const end = () => {
      request.off('close', leave);
      request.waitedMs = performance.now() - since;
    };
    const beginNow = () => {
      end();
      // The budget may have been spent meanwhile.
      const limit = refusals.find(caller);
      if (limit === undefined) begin();
      else sendForm(forms.limited, request, response, { corsOrigins, more: limit });
    };
    const beginLate = () => {
      end();
      request.needsTurn = false;
      request.isLate = true;
      begin();
    };
    const leave = enqueue(caller, beginNow, beginLate);
    // Answers that are to follow others on a connection do not say that it is closed; requests do.
    request.once('close', leave);
  }

  const isProbeAdmitted = ({ socket, url = '' }: IncomingMessage) =>
    (probesOf.get(socket) ?? 0) < probesMax && (scrapes < scrapesMax || !isScrape.test(url));

  function countProbe({ socket, url = '' }: IncomingMessage, answered: Promise<unknown>): void {
    const change = (by: 1 | -1) => {
      probesOf.set(socket, (probesOf.get(socket) ?? 0) + by);
      if (isScrape.test(url)) scrapes += by;
    };
    const settle = () => change(-1);
    change(1);
    answered.then(settle, settle);
  }

  return {
    admit(request, response, begin) {
      const { url = '', method } = request;
      if (alwaysAdmitted.test(url) || isPreflight(method, (name) => request.headers[name])) {
        const isAdmitted = isProbeAdmitted(request);
        if (isAdmitted) begin();
        else refuse(request, response);
        return isAdmitted;
      }
      const caller = toCallerId((name) => request.headers[name], digestCredential);
      const limit = refusals.find(caller);
      if (limit !== undefined) sendForm(forms.limited, request, response, { corsOrigins, more: limit });
      else if (!hasPlace(toCredential(caller))) refuse(request, response);
      else {
        request.caller = caller;
        request.needsTurn = method !== 'OPTIONS' && !isInMemory.test(url);
        if (!request.needsTurn || turns.isNow(caller)) begin();
        else wait(caller, request, response, begin);
        return true;
      }
      return false;
    },
    count(request, answered) {
      const { caller, needsTurn } = request;
      if (caller === null) return countProbe(request, answered);
      const credential = toCredential(caller);
      let endTurn = needsTurn ? turns.start(caller) : () => {};
      let hasItsPlace = false;
      let isSettled = false;
      // Who sends a body slowly takes nobody's place and turn. Only that of a POST is ever read.
      const takePlace = () => {
        if (isSettled) return;
        hasItsPlace = true;
        add(credential, 1);
      };
      let leaveQueue = () => {};
      const regainTurn = () =>
        new Promise<void>((resolve, reject) => {
          const begin = () => {
            if (needsTurn) endTurn = turns.start(caller);
            takePlace();
            resolve();
          };
          const giveUp = () => reject(overloaded());
          // It may have had its answer without its body.
          if (isSettled) resolve();
          else if (!hasPlace(credential)) giveUp();
          else if (!needsTurn || turns.isNow(caller)) begin();
          else leaveQueue = enqueue(caller, begin, giveUp);
        });
      let slow: NodeJS.Timeout | undefined;
      if (request.complete || request.method !== 'POST') takePlace();
      else {
        request.once('end', takePlace);
        slow = setTimeout(() => {
          if (request.complete) return;
          request.off('end', takePlace);
          endTurn();
          endTurn = () => {};
          request.regainTurn = regainTurn;
        }, slowBodyMs);
      }
      const settle = () => {
        isSettled = true;
        clearTimeout(slow);
        leaveQueue();
        if (hasItsPlace) add(credential, -1);
        endTurn();
      };
      answered.then(settle, settle);
    },
  };
}
