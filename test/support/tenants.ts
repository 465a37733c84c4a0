import { randomUUID } from 'node:crypto';
import { type Environment, environments } from '../../src/auth/caller.ts';
import type { Db } from '../../src/db/db.ts';
import { phoneNumbers } from '../../src/db/schema.ts';
import type { CallWithRelated } from './arbitraries.ts';
import { insertCallsWithRelated, insertOrganization, type TestOrganization, toCallRow } from './fixtures.ts';

/** What one key may see: the calls of one organization and environment. */
export interface Room {
  readonly name: string;
  readonly organization: TestOrganization;
  readonly environment: Environment;
  readonly key: string;
  readonly phoneNumberId: string;
  readonly calls: readonly CallWithRelated[];
}

const callsPerRoom = 4;

/**
 * Two organizations with both environments each. Their calls begin in the same milliseconds, between the same
 * parties; their ids are interleaved, and the ids of one call, its event and its number are the same in both.
 */
export async function insertRooms(db: Db): Promise<Room[]> {
  const sharedNumberId = randomUUID();
  const shared = { call: randomUUID(), event: randomUUID() };
  const rooms: Room[] = [];
  for (const name of ['Acme', 'Globex']) {
    const organization = await insertOrganization(db, name);
    await db
      .insert(phoneNumbers)
      .values({ organizationId: organization.id, id: sharedNumberId, e164: '+4930123456', country: name });
    for (const environment of environments) {
      const key = environment === 'live' ? organization.liveKey : organization.testKey;
      const phoneNumberId = randomUUID();
      const e164 = environment === 'live' ? '+4930123457' : '+4930123458';
      await db.insert(phoneNumbers).values({ organizationId: organization.id, id: phoneNumberId, e164 });
      const calls = Array.from({ length: callsPerRoom }, (_, i) =>
        toCall(`${name} ${environment}`, environment, i % 2 === 0 ? phoneNumberId : sharedNumberId, i),
      );
      if (environment === 'live') calls.push(toSharedCall(name, shared, sharedNumberId));
      await insertCallsWithRelated(db, organization.id, calls);
      rooms.push({ name: `${name} ${environment}`, organization, environment, key, phoneNumberId, calls });
    }
  }
  return rooms;
}

function toCall(room: string, environment: Environment, phoneNumberId: string, i: number): CallWithRelated {
  const call = toCallRow({
    environment,
    phoneNumberId,
    createdAt: `2025-03-1${i % 4}T09:00:00.000Z`,
    status: i % 3 === 0 ? 'failed' : 'completed',
    direction: i % 2 === 0 ? 'inbound' : 'outbound',
    transcript: `secret of ${room}`,
  });
  return { call, events: [toEvent(room)], recording: toRecording(room) };
}

function toSharedCall(
  name: string,
  ids: { readonly call: string; readonly event: string },
  phoneNumberId: string,
): CallWithRelated {
  const call = toCallRow({ id: ids.call, phoneNumberId, transcript: `secret of ${name} live` });
  const event = { ...toEvent(`${name} live`), id: ids.event };
  return { call, events: [event], recording: toRecording(`${name} live`) };
}

function toEvent(room: string) {
  return {
    id: randomUUID(),
    type: 'call.initiated',
    timestamp: '2025-03-10T09:00:00.000Z',
    data: { secret: `secret of ${room}` },
  };
}

function toRecording(room: string) {
  return {
    status: 'ready',
    format: `${room}.mp3`,
    sizeBytes: 1,
    durationSeconds: 1,
    storageKey: 'a',
    createdAt: '2025-03-10T09:01:00.000Z',
  };
}
