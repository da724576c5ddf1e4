-- finds: MA942
-- before
CREATE TABLE logs (id integer PRIMARY KEY, size integer, CONSTRAINT sized CHECK (size > 0));
-- up
ALTER TABLE logs ADD COLUMN size_new bigint;
UPDATE logs SET size_new = size;
ALTER TABLE logs DROP COLUMN size;
ALTER TABLE logs RENAME COLUMN size_new TO size;
-- down
ALTER TABLE logs ALTER COLUMN size TYPE integer;
ALTER TABLE logs ADD CONSTRAINT sized CHECK (size > 0);
-- mended up
ALTER TABLE logs ADD COLUMN size_new bigint;
UPDATE logs SET size_new = size;
ALTER TABLE logs DROP COLUMN size;
ALTER TABLE logs RENAME COLUMN size_new TO size;
ALTER TABLE logs ADD CONSTRAINT sized CHECK (size > 0);
-- mended down
ALTER TABLE logs ALTER COLUMN size TYPE integer;
