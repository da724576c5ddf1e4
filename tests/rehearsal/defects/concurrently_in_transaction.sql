-- finds: MA910
-- before
CREATE TABLE users (id integer PRIMARY KEY, nick text);
-- up
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_indexes WHERE indexname = 'users_nick') THEN
        EXECUTE 'CREATE INDEX CONCURRENTLY users_nick ON users (nick)';
    END IF;
END $$;
-- down
DROP INDEX users_nick;
-- mended up
CREATE INDEX CONCURRENTLY users_nick ON users (nick);
-- mended down
DROP INDEX CONCURRENTLY users_nick;
