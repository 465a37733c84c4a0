import DataLoader from 'dataloader';
import type { CallWithBelongings } from '../calls/belongings.ts';
import { findCallsByIds } from '../calls/by-id.ts';
import type { Call, CallScope } from '../calls/call.ts';
import {
  findOrganizationsByIds,
  findPhoneNumbersByIds,
  findRecordingsByCallIds,
  type Organization,
  type PhoneNumber,
  type Recording,
} from '../calls/detail.ts';
import { type CallEvent, findCallEventsByIds, listEventsByCallIds, toFirstPage } from '../calls/events.ts';
import { type Belongings, type Page, type PageRequest, toFirstRequest } from '../calls/page-request.ts';

type Loader<Value> = DataLoader<string, Value>;

export interface Loaders {
  readonly calls: Loader<Call | null>;
  /** Calls that are read with what belongs to them, which the other loaders know from then on. */
  callsWith(belongings: Belongings): Loader<Call | null>;
  /** Makes known what was read with calls. */
  takeBelongings(calls: readonly (CallWithBelongings | null)[], belongings: Belongings): void;
  readonly recordings: Loader<Recording | null>;
  readonly phoneNumbers: Loader<PhoneNumber | null>;
  readonly organizations: Loader<Organization | null>;
  readonly callEvents: Loader<CallEvent | null>;
  /** Pages of events by call id: one loader, so one statement, for each way of asking. */
  eventPages(type: string | null, request: PageRequest): Loader<Page<CallEvent>>;
}

/**
 * Loaders of one request: what one request asks for about many calls goes out as one statement. Each is made when it
 * is first asked for; most requests need one or two.
 */
export function createLoaders(scope: CallScope): Loaders {
  return new RequestLoaders(scope);
}

class RequestLoaders implements Loaders {
  readonly #scope: CallScope;
  #calls: Loader<Call | null> | undefined;
  #callsWith: Map<string, Loader<Call | null>> | undefined;
  #recordings: Loader<Recording | null> | undefined;
  #phoneNumbers: Loader<PhoneNumber | null> | undefined;
  #organizations: Loader<Organization | null> | undefined;
  #callEvents: Loader<CallEvent | null> | undefined;
  #eventPages: Map<string, Loader<Page<CallEvent>>> | undefined;

  constructor(scope: CallScope) {
    this.#scope = scope;
  }

  get calls() {
    this.#calls ??= new DataLoader((ids) => findCallsByIds(this.#scope, ids));
    return this.#calls;
  }

  callsWith(belongings: Belongings) {
    const key = JSON.stringify(belongings);
    this.#callsWith ??= new Map();
    const loader =
      this.#callsWith.get(key) ??
      new DataLoader(async (ids) => {
        const calls = await findCallsByIds(this.#scope, ids, belongings);
        this.takeBelongings(calls, belongings);
        return calls;
      });
    this.#callsWith.set(key, loader);
    return loader;
  }

  takeBelongings(calls: readonly (CallWithBelongings | null)[], { eventsSize, recording }: Belongings) {
    const eventPages = eventsSize === null ? null : this.eventPages(null, toFirstRequest(eventsSize));
    for (const call of calls) {
      if (call === null) continue;
      if (recording && call.recording !== undefined) this.recordings.prime(call.id, call.recording);
      if (eventsSize !== null && call.events !== undefined)
        eventPages?.prime(call.id, toFirstPage(call.events, eventsSize));
    }
  }

  get recordings() {
    this.#recordings ??= new DataLoader<string, Recording | null>((ids) =>
      findRecordingsByCallIds(this.#scope, ids),
    );
    return this.#recordings;
  }

  get phoneNumbers() {
    this.#phoneNumbers ??= new DataLoader((ids) => findPhoneNumbersByIds(this.#scope, ids));
    return this.#phoneNumbers;
  }

  get organizations() {
    this.#organizations ??= new DataLoader((ids) => findOrganizationsByIds(this.#scope, ids));
    return this.#organizations;
  }

  get callEvents() {
    this.#callEvents ??= new DataLoader((ids) => findCallEventsByIds(this.#scope, ids));
    return this.#callEvents;
  }

  eventPages(type: string | null, request: PageRequest) {
    const key = JSON.stringify([type, request]);
    this.#eventPages ??= new Map();
    const loader =
      this.#eventPages.get(key) ??
      new DataLoader<string, Page<CallEvent>>((ids) => listEventsByCallIds(this.#scope, ids, type, request));
    this.#eventPages.set(key, loader);
    return loader;
  }
}
