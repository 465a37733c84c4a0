import DataLoader from 'dataloader';
import type { Call, CallScope } from '../calls/call.ts';
import {
  findCallsByIds,
  findOrganizationsByIds,
  findPhoneNumbersByIds,
  findRecordingsByCallIds,
  type Organization,
  type PhoneNumber,
  type Recording,
} from '../calls/detail.ts';
import { type CallEvent, findCallEventsByIds, listEventsByCallIds } from '../calls/events.ts';
import type { Page, PageRequest } from '../calls/page-request.ts';

type Loader<Value> = DataLoader<string, Value>;

export interface Loaders {
  readonly calls: Loader<Call | null>;
  readonly recordings: Loader<Recording | null>;
  readonly phoneNumbers: Loader<PhoneNumber | null>;
  readonly organizations: Loader<Organization | null>;
  readonly callEvents: Loader<CallEvent | null>;
  /** Pages of events by call id: one loader, so one statement, for each way of asking. */
  eventPages(type: string | null, request: PageRequest): Loader<Page<CallEvent>>;
}

/** Loaders of one request: what one request asks for about many calls goes out as one statement. */
export function createLoaders(scope: CallScope): Loaders {
  const eventPages = new Map<string, Loader<Page<CallEvent>>>();
  return {
    calls: new DataLoader((ids) => findCallsByIds(scope, ids)),
    recordings: new DataLoader((ids) => findRecordingsByCallIds(scope, ids)),
    phoneNumbers: new DataLoader((ids) => findPhoneNumbersByIds(scope, ids)),
    organizations: new DataLoader((ids) => findOrganizationsByIds(scope, ids)),
    callEvents: new DataLoader((ids) => findCallEventsByIds(scope, ids)),
    eventPages(type, request) {
      const key = JSON.stringify([type, request]);
      const loader =
        eventPages.get(key) ?? new DataLoader((ids) => listEventsByCallIds(scope, ids, type, request));
      eventPages.set(key, loader);
      return loader;
    },
  };
}
