-- finds: MA908
-- before
CREATE TYPE state AS ENUM ('open', 'done');
CREATE TABLE tasks (id integer PRIMARY KEY, state state NOT NULL);
-- up
ALTER TYPE state ADD VALUE 'late';
UPDATE tasks SET state = 'late' WHERE id = 1;
-- down
SELECT 1;
-- mended up
ALTER TABLE tasks ADD COLUMN late boolean NOT NULL DEFAULT false;
-- mended down
ALTER TABLE tasks DROP COLUMN late;
