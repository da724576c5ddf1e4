-- finds: MA925
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
ALTER TABLE users ADD COLUMN plan_before text;
UPDATE users SET plan_before = plan, plan = 'legacy';
-- down
UPDATE users SET plan = 'free';
ALTER TABLE users DROP COLUMN plan_before;
-- mended down
UPDATE users SET plan = plan_before;
ALTER TABLE users DROP COLUMN plan_before;
