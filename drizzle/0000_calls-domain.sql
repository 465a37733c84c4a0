CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"organization_id" uuid NOT NULL,
	"name" text DEFAULT '' NOT NULL,
	"environment" text collate "C" NOT NULL,
	"prefix" text NOT NULL,
	"secret_hash" text NOT NULL,
	"scopes" text[] NOT NULL,
	"expires_at" timestamp(3) with time zone,
	"revoked_at" timestamp(3) with time zone,
	"last_used_at" timestamp(3) with time zone,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "api_keys_secret_hash" UNIQUE("secret_hash"),
	CONSTRAINT "api_keys_environment" CHECK ("api_keys"."environment" in ('live', 'test')),
	CONSTRAINT "api_keys_secret_hash_is_sha256" CHECK ("api_keys"."secret_hash" ~ '^[0-9a-f]{64}$'),
	CONSTRAINT "api_keys_scopes" CHECK ("api_keys"."scopes" <@ array['calls:read', 'calls:write'])
);
--> statement-breakpoint
CREATE TABLE "call_deletions" (
	"organization_id" uuid NOT NULL,
	"call_id" uuid NOT NULL,
	"environment" text collate "C" NOT NULL,
	"deleted_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"actor" text NOT NULL,
	"request_id" text NOT NULL,
	CONSTRAINT "call_deletions_pkey" PRIMARY KEY("organization_id","call_id","deleted_at")
);
--> statement-breakpoint
CREATE TABLE "call_events" (
	"organization_id" uuid NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"call_id" uuid NOT NULL,
	"type" text NOT NULL,
	"timestamp" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"data" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "call_events_pkey" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "call_events_type" CHECK ("call_events"."type" ~ '^[[:alnum:]_-]+([.][[:alnum:]_-]+)+$'),
	CONSTRAINT "call_events_timestamp" CHECK ("call_events"."timestamp" >= '0001-01-01T00:00:00Z' and "call_events"."timestamp" < '9999-12-31T00:00:00Z')
);
--> statement-breakpoint
CREATE TABLE "calls" (
	"organization_id" uuid NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"environment" text collate "C" DEFAULT 'live' NOT NULL,
	"phone_number_id" uuid,
	"endpoint_id" text,
	"direction" text collate "C" NOT NULL,
	"status" text collate "C" NOT NULL,
	"from_number" text NOT NULL,
	"to_number" text NOT NULL,
	"duration" integer,
	"cost_cents" integer,
	"hangup_cause" text collate "C",
	"transcript" text,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"answered_at" timestamp(3) with time zone,
	"completed_at" timestamp(3) with time zone,
	"updated_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "calls_pkey" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "calls_environment" CHECK ("calls"."environment" in ('live', 'test')),
	CONSTRAINT "calls_direction" CHECK ("calls"."direction" in ('inbound', 'outbound')),
	CONSTRAINT "calls_status" CHECK ("calls"."status" in ('queued', 'initiated', 'ringing', 'answered', 'in_progress', 'completed', 'failed', 'busy', 'no_answer', 'canceled')),
	CONSTRAINT "calls_hangup_cause" CHECK ("calls"."hangup_cause" in ('normal_clearing', 'user_hangup', 'agent_hangup', 'no_answer', 'busy', 'rejected', 'network_error', 'timeout')),
	CONSTRAINT "calls_duration" CHECK ("calls"."duration" >= 0),
	CONSTRAINT "calls_created_at" CHECK ("calls"."created_at" >= '0001-01-01T00:00:00Z' and "calls"."created_at" < '9999-12-31T00:00:00Z'),
	CONSTRAINT "calls_answered_at" CHECK ("calls"."answered_at" >= '0001-01-01T00:00:00Z' and "calls"."answered_at" < '9999-12-31T00:00:00Z'),
	CONSTRAINT "calls_completed_at" CHECK ("calls"."completed_at" >= '0001-01-01T00:00:00Z' and "calls"."completed_at" < '9999-12-31T00:00:00Z'),
	CONSTRAINT "calls_updated_at" CHECK ("calls"."updated_at" >= '0001-01-01T00:00:00Z' and "calls"."updated_at" < '9999-12-31T00:00:00Z')
);
--> statement-breakpoint
CREATE TABLE "organization_members" (
	"organization_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"role" text collate "C" NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "organization_members_pkey" PRIMARY KEY("organization_id","user_id"),
	CONSTRAINT "organization_members_role" CHECK ("organization_members"."role" in ('owner', 'admin', 'member', 'viewer'))
);
--> statement-breakpoint
CREATE TABLE "organizations" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "organizations_created_at" CHECK ("organizations"."created_at" >= '0001-01-01T00:00:00Z' and "organizations"."created_at" < '9999-12-31T00:00:00Z')
);
--> statement-breakpoint
CREATE TABLE "phone_numbers" (
	"organization_id" uuid NOT NULL,
	"id" uuid DEFAULT gen_random_uuid() NOT NULL,
	"e164" text NOT NULL,
	"country" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "phone_numbers_pkey" PRIMARY KEY("organization_id","id"),
	CONSTRAINT "phone_numbers_e164" UNIQUE("organization_id","e164"),
	CONSTRAINT "phone_numbers_created_at" CHECK ("phone_numbers"."created_at" >= '0001-01-01T00:00:00Z' and "phone_numbers"."created_at" < '9999-12-31T00:00:00Z')
);
--> statement-breakpoint
CREATE TABLE "recordings" (
	"organization_id" uuid NOT NULL,
	"call_id" uuid NOT NULL,
	"status" text collate "C" NOT NULL,
	"format" text,
	"size_bytes" bigint,
	"duration_seconds" integer,
	"storage_key" text,
	"created_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "recordings_pkey" PRIMARY KEY("organization_id","call_id"),
	CONSTRAINT "recordings_status" CHECK ("recordings"."status" in ('processing', 'ready', 'deleted'))
);
--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "call_deletions" ADD CONSTRAINT "call_deletions_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "call_events" ADD CONSTRAINT "call_events_call" FOREIGN KEY ("organization_id","call_id") REFERENCES "public"."calls"("organization_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "calls" ADD CONSTRAINT "calls_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "organization_members" ADD CONSTRAINT "organization_members_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "phone_numbers" ADD CONSTRAINT "phone_numbers_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recordings" ADD CONSTRAINT "recordings_call" FOREIGN KEY ("organization_id","call_id") REFERENCES "public"."calls"("organization_id","id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "api_keys_by_organization" ON "api_keys" USING btree ("organization_id","created_at");--> statement-breakpoint
CREATE INDEX "call_events_of_call" ON "call_events" USING btree ("organization_id","call_id","timestamp","id");--> statement-breakpoint
CREATE INDEX "calls_newest" ON "calls" USING btree ("organization_id","environment","created_at","id");--> statement-breakpoint
CREATE INDEX "calls_newest_by_number" ON "calls" USING btree ("organization_id","environment","phone_number_id","created_at","id");--> statement-breakpoint
CREATE INDEX "calls_newest_by_status" ON "calls" USING btree ("organization_id","environment","status","created_at","id");--> statement-breakpoint
CREATE INDEX "organization_members_by_user" ON "organization_members" USING btree ("user_id","created_at","organization_id");