CREATE TABLE "plans" ("code" text PRIMARY KEY NOT NULL, "title" text NOT NULL);
--> statement-breakpoint
INSERT INTO "plans" VALUES ('free', 'Free'), ('team', 'It''s: for teams');
