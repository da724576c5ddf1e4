-- finds: MA924
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
CREATE VIEW people AS SELECT id, email FROM users WHERE age > 17;
-- up
CREATE OR REPLACE VIEW people AS SELECT id, email FROM users;
-- down
CREATE OR REPLACE VIEW people AS SELECT id, email FROM users WHERE age > 18;
-- mended down
CREATE OR REPLACE VIEW people AS SELECT id, email FROM users WHERE age > 17;
