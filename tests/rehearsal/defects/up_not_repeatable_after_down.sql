-- finds: MA962
-- before
CREATE TABLE users (id serial PRIMARY KEY, email text NOT NULL UNIQUE, nick text, plan text NOT NULL DEFAULT 'free', age integer);
-- up
INSERT INTO users (id, email) VALUES (500, 'admin@example.org');
-- down
SELECT 1;
-- mended up
INSERT INTO users (id, email) VALUES (500, 'admin@example.org');
-- mended down
DELETE FROM users WHERE id = 500;
