-- finds: MA944
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
CREATE VIEW people AS SELECT id, email FROM users;
GRANT SELECT ON people TO PUBLIC;
-- up
DROP VIEW people;
CREATE VIEW people AS SELECT id, email, nick FROM users;
-- down
DROP VIEW people;
CREATE VIEW people AS SELECT id, email FROM users;
GRANT SELECT ON people TO PUBLIC;
-- mended up
CREATE OR REPLACE VIEW people AS SELECT id, email, nick FROM users;
-- mended down
DROP VIEW people;
CREATE VIEW people AS SELECT id, email FROM users;
GRANT SELECT ON people TO PUBLIC;
