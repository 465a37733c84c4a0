import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import { code, createdAt, inFourDigitYears, instant, organizationId } from './columns.ts';

export const organizations = pgTable(
  'organizations',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    name: text('name').notNull(),
    createdAt: createdAt(),
  },
  (t) => [check('organizations_created_at', inFourDigitYears(t.createdAt))],
);

export const organizationMembers = pgTable(
  'organization_members',
  {
    organizationId: organizationId().references(() => organizations.id, { onDelete: 'cascade' }),
    userId: uuid('user_id').notNull(),
    role: code('role').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ name: 'organization_members_pkey', columns: [t.organizationId, t.userId] }),
    index('organization_members_by_user').on(t.userId, t.createdAt, t.organizationId),
    check('organization_members_role', sql`${t.role} in ('owner', 'admin', 'member', 'viewer')`),
  ],
);

export const apiKeys = pgTable(
  'api_keys',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    organizationId: organizationId().references(() => organizations.id, { onDelete: 'cascade' }),
    name: text('name').notNull().default(''),
    environment: code('environment').notNull(),
    prefix: text('prefix').notNull(),
    secretHash: text('secret_hash').notNull(),
    scopes: text('scopes').array().notNull(),
    expiresAt: instant('expires_at'),
    revokedAt: instant('revoked_at'),
    lastUsedAt: instant('last_used_at'),
    createdAt: createdAt(),
  },
  (t) => [
    unique('api_keys_secret_hash').on(t.secretHash),
    index('api_keys_by_organization').on(t.organizationId, t.createdAt),
    check('api_keys_environment', sql`${t.environment} in ('live', 'test')`),
    check('api_keys_secret_hash_is_sha256', sql`${t.secretHash} ~ '^[0-9a-f]{64}$'`),
    check('api_keys_scopes', sql`${t.scopes} <@ array['calls:read', 'calls:write']`),
  ],
);

export const phoneNumbers = pgTable(
  'phone_numbers',
  {
    organizationId: organizationId().references(() => organizations.id, { onDelete: 'cascade' }),
    id: uuid('id').notNull().defaultRandom(),
    e164: text('e164').notNull(),
    country: text('country'),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ name: 'phone_numbers_pkey', columns: [t.organizationId, t.id] }),
    unique('phone_numbers_e164').on(t.organizationId, t.e164),
    check('phone_numbers_created_at', inFourDigitYears(t.createdAt)),
  ],
);

export const calls = pgTable(
  'calls',
  {
    organizationId: organizationId().references(() => organizations.id, { onDelete: 'cascade' }),
    id: uuid('id').notNull().defaultRandom(),
    environment: code('environment').notNull().default('live'),
    // No foreign key: a call's record outlives the number, and checking it was a quarter of the cost of a COPY.
    phoneNumberId: uuid('phone_number_id'),
    endpointId: text('endpoint_id'),
    direction: code('direction').notNull(),
    status: code('status').notNull(),
    fromNumber: text('from_number').notNull(),
    toNumber: text('to_number').notNull(),
    duration: integer('duration'),
    costCents: integer('cost_cents'),
    hangupCause: code('hangup_cause'),
    transcript: text('transcript'),
    metadata: jsonb('metadata').notNull().default({}),
    createdAt: createdAt(),
    answeredAt: instant('answered_at'),
    completedAt: instant('completed_at'),
    updatedAt: instant('updated_at').notNull().default(sql`now()`),
  },
  (t) => [
    primaryKey({ name: 'calls_pkey', columns: [t.organizationId, t.id] }),
    index('calls_newest').on(t.organizationId, t.environment, t.createdAt, t.id),
    index('calls_newest_by_number').on(t.organizationId, t.environment, t.phoneNumberId, t.createdAt, t.id),
    index('calls_newest_by_direction').on(t.organizationId, t.environment, t.direction, t.createdAt, t.id),
    index('calls_newest_by_status').on(t.organizationId, t.environment, t.status, t.createdAt, t.id),
    check('calls_environment', sql`${t.environment} in ('live', 'test')`),
    check('calls_direction', sql`${t.direction} in ('inbound', 'outbound')`),
    check(
      'calls_status',
      sql`${t.status} in ('queued', 'initiated', 'ringing', 'answered', 'in_progress', 'completed', 'failed', 'busy', 'no_answer', 'canceled')`,
    ),
    check(
      'calls_hangup_cause',
      sql`${t.hangupCause} in ('normal_clearing', 'user_hangup', 'agent_hangup', 'no_answer', 'busy', 'rejected', 'network_error', 'timeout')`,
    ),
    check('calls_duration', sql`${t.duration} >= 0`),
    check('calls_created_at', inFourDigitYears(t.createdAt)),
    check('calls_answered_at', inFourDigitYears(t.answeredAt)),
    check('calls_completed_at', inFourDigitYears(t.completedAt)),
    check('calls_updated_at', inFourDigitYears(t.updatedAt)),
  ],
);

export const callEvents = pgTable(
  'call_events',
  {
    organizationId: organizationId(),
    id: uuid('id').notNull().defaultRandom(),
    callId: uuid('call_id').notNull(),
    type: text('type').notNull(),
    timestamp: instant('timestamp').notNull().default(sql`now()`),
    data: jsonb('data').notNull().default({}),
  },
  (t) => [
    primaryKey({ name: 'call_events_pkey', columns: [t.organizationId, t.id] }),
    foreignKey({
      name: 'call_events_call',
      columns: [t.organizationId, t.callId],
      foreignColumns: [calls.organizationId, calls.id],
    }).onDelete('cascade'),
    index('call_events_of_call').on(t.organizationId, t.callId, t.timestamp, t.id),
    check('call_events_type', sql`${t.type} ~ '^[[:alnum:]_-]+([.][[:alnum:]_-]+)+$'`),
    check('call_events_timestamp', inFourDigitYears(t.timestamp)),
  ],
);

export const recordings = pgTable(
  'recordings',
  {
    organizationId: organizationId(),
    callId: uuid('call_id').notNull(),
    status: code('status').notNull(),
    format: text('format'),
    sizeBytes: bigint('size_bytes', { mode: 'number' }),
    durationSeconds: integer('duration_seconds'),
    storageKey: text('storage_key'),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ name: 'recordings_pkey', columns: [t.organizationId, t.callId] }),
    foreignKey({
      name: 'recordings_call',
      columns: [t.organizationId, t.callId],
      foreignColumns: [calls.organizationId, calls.id],
    }).onDelete('cascade'),
    check('recordings_status', sql`${t.status} in ('processing', 'ready', 'deleted')`),
  ],
);

/** Who deleted what and when: no phone numbers, no content. */
export const callDeletions = pgTable(
  'call_deletions',
  {
    organizationId: organizationId().references(() => organizations.id, { onDelete: 'cascade' }),
    callId: uuid('call_id').notNull(),
    environment: code('environment').notNull(),
    deletedAt: instant('deleted_at').notNull().default(sql`now()`),
    actor: text('actor').notNull(),
    requestId: text('request_id').notNull(),
  },
  (t) => [primaryKey({ name: 'call_deletions_pkey', columns: [t.organizationId, t.callId, t.deletedAt] })],
);
