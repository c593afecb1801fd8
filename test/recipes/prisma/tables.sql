CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');
CREATE TABLE "User" (id serial PRIMARY KEY, email text NOT NULL, name text, role "Role" NOT NULL DEFAULT 'USER',
  roles "Role"[], created timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE UNIQUE INDEX "User_email_key" ON "User" (email);
CREATE TABLE "Profile" (id serial PRIMARY KEY, bio text NOT NULL, "userId" int NOT NULL);
CREATE UNIQUE INDEX "Profile_userId_key" ON "Profile" ("userId");
ALTER TABLE "Profile" ADD CONSTRAINT "Profile_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ON DELETE CASCADE;
CREATE TABLE "Post" (id serial PRIMARY KEY, title varchar(40) NOT NULL, views int NOT NULL DEFAULT 0,
  "authorId" int NOT NULL);
ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User" ON DELETE RESTRICT;
CREATE TABLE "Tag" (name text PRIMARY KEY);
CREATE TABLE "_PostToTag" ("A" int NOT NULL REFERENCES "Post" ON DELETE CASCADE,
  "B" text NOT NULL REFERENCES "Tag" ON DELETE CASCADE, CONSTRAINT "_PostToTag_AB_pkey" PRIMARY KEY ("A", "B"));
CREATE TABLE "Value" (id uuid PRIMARY KEY, "int" int, small smallint, big bigint, "float" float8, "real" real,
  "decimal" decimal(30, 10), money money, bool bool, text text, "char" char(4), xml xml, inet inet, "bit" bit(3),
  varbit varbit, oid oid, json json, jsonb jsonb, bytes bytea, date date, "time" time(6), timetz timetz(6),
  ts timestamp(6), tstz timestamptz(6), role "Role", ints int[], bigs bigint[], floats float8[], decs decimal(65, 30)[],
  bools bool[], texts text[], uuids uuid[], jsons jsonb[], blobs bytea[], dates date[], tstzs timestamptz(6)[],
  roles "Role"[]);
