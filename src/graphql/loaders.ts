import DataLoader from 'dataloader';
import { type CallWithBelongings, toFirstPage } from '../calls/belongings.ts';
import { type CallsQuestion, findCallsByIds } from '../calls/by-id.ts';
import type { CallScope } from '../calls/call.ts';
import {
  findOrganizationsByIds,
  findPhoneNumbersByIds,
  findRecordingsByCallIds,
  type Organization,
  type PhoneNumber,
  type Recording,
} from '../calls/detail.ts';
import { type CallEvent, findCallEventsByIds, listEventsByCallIds } from '../calls/events.ts';
import type { Page, PageRequest } from '../calls/page-request.ts';
import type { OrPromise } from './execution/members.ts';

type Loader<Value> = DataLoader<string, Value>;

export interface Loaders {
  /** Calls with what is to be read of them. */
  callsWith(question: CallsQuestion): Loader<CallWithBelongings | null>;
  /** The recording of a call: as it was read with the call, else loaded. */
  recordingOf(call: CallWithBelongings): OrPromise<Recording | null>;
  /** A page of a call's events: as it was read with the call, else loaded. */
  eventsOf(call: CallWithBelongings, type: string | null, request: PageRequest): OrPromise<Page<CallEvent>>;
  readonly phoneNumbers: Loader<PhoneNumber | null>;
  readonly organizations: Loader<Organization | null>;
  readonly callEvents: Loader<CallEvent | null>;
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
  #callsWith: Map<string, Loader<CallWithBelongings | null>> | undefined;
  #recordings: Loader<Recording | null> | undefined;
  #phoneNumbers: Loader<PhoneNumber | null> | undefined;
  #organizations: Loader<Organization | null> | undefined;
  #callEvents: Loader<CallEvent | null> | undefined;
  #pagesOfEvents: Map<string, Loader<Page<CallEvent>>> | undefined;

  constructor(scope: CallScope) {
    this.#scope = scope;
  }

  callsWith(question: CallsQuestion) {
    const key = JSON.stringify(question);
    this.#callsWith ??= new Map();
    const loader =
      this.#callsWith.get(key) ??
      new DataLoader<string, CallWithBelongings | null>((ids) => findCallsByIds(this.#scope, ids, question));
    this.#callsWith.set(key, loader);
    return loader;
  }

  recordingOf({ id, recording }: CallWithBelongings) {
    if (recording !== undefined) return recording;
    this.#recordings ??= new DataLoader<string, Recording | null>((ids) =>
      findRecordingsByCallIds(this.#scope, ids),
    );
    return this.#recordings.load(id);
  }

  eventsOf(call: CallWithBelongings, type: string | null, request: PageRequest) {
    const read = type === null ? toFirstPage(call, request) : null;
    return read ?? this.#eventPages(type, request).load(call.id);
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

  /** By call id: one loader, so one statement, for each way of asking. */
  #eventPages(type: string | null, request: PageRequest) {
    const key = JSON.stringify([type, request]);
    this.#pagesOfEvents ??= new Map();
    const loader =
      this.#pagesOfEvents.get(key) ??
      new DataLoader<string, Page<CallEvent>>((ids) => listEventsByCallIds(this.#scope, ids, type, request));
    this.#pagesOfEvents.set(key, loader);
    return loader;
  }
}
