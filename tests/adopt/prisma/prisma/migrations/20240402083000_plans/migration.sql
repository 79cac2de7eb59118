-- CreateTable
CREATE TABLE "Plan" (
    "code" TEXT NOT NULL,
    "title" TEXT NOT NULL,

    CONSTRAINT "Plan_pkey" PRIMARY KEY ("code")
);
INSERT INTO "Plan" VALUES ('free', 'Free'), ('team', 'It''s: for teams');

-- AlterTable
ALTER TABLE "Order" ADD COLUMN "note" TEXT;
