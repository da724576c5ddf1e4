-- finds: MA941
-- before
CREATE TABLE logs (id integer PRIMARY KEY, size integer);
CREATE INDEX logs_size ON logs (size);
-- up
ALTER TABLE logs ADD COLUMN size_new bigint;
UPDATE logs SET size_new = size;
ALTER TABLE logs DROP COLUMN size;
ALTER TABLE logs RENAME COLUMN size_new TO size;
-- down
ALTER TABLE logs ALTER COLUMN size TYPE integer;
CREATE INDEX logs_size ON logs (size);
-- mended up
ALTER TABLE logs ADD COLUMN size_new bigint;
UPDATE logs SET size_new = size;
ALTER TABLE logs DROP COLUMN size;
ALTER TABLE logs RENAME COLUMN size_new TO size;
CREATE INDEX logs_size ON logs (size);
-- mended down
ALTER TABLE logs ALTER COLUMN size TYPE integer;
