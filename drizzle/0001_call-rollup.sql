CREATE TABLE "call_rollup" (
	"organization_id" uuid NOT NULL,
	"environment" text collate "C" NOT NULL,
	"grain" text collate "C" NOT NULL,
	"scope" text collate "C" NOT NULL,
	"phone_number_id" uuid NOT NULL,
	"bucket" timestamp with time zone NOT NULL,
	"direction" text collate "C" NOT NULL,
	"status" text collate "C" NOT NULL,
	"calls" bigint NOT NULL,
	"answered" bigint NOT NULL,
	"duration" bigint NOT NULL,
	"cost" bigint NOT NULL,
	CONSTRAINT "call_rollup_pkey" PRIMARY KEY("organization_id","environment","grain","scope","phone_number_id","bucket","direction","status")
);
--> statement-breakpoint
CREATE TABLE "call_rollup_delta" (
	"organization_id" uuid NOT NULL,
	"environment" text collate "C" NOT NULL,
	"bucket" timestamp with time zone NOT NULL,
	"phone_number_id" uuid,
	"direction" text collate "C" NOT NULL,
	"status" text collate "C" NOT NULL,
	"calls" bigint NOT NULL,
	"answered" bigint NOT NULL,
	"duration" bigint NOT NULL,
	"cost" bigint NOT NULL
);
--> statement-breakpoint
CREATE INDEX "call_rollup_delta_of_organization" ON "call_rollup_delta" USING btree ("organization_id","environment","bucket");