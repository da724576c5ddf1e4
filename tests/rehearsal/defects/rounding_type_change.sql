-- finds: MA931 MA925
-- before
CREATE TABLE prices (id integer PRIMARY KEY, amount numeric(12,4) NOT NULL);
-- up
ALTER TABLE prices ALTER COLUMN amount TYPE numeric(12,2);
-- down
ALTER TABLE prices ALTER COLUMN amount TYPE numeric(12,4);
-- mended up
ALTER TABLE prices ALTER COLUMN amount TYPE numeric(14,6);
-- mended down
ALTER TABLE prices ALTER COLUMN amount TYPE numeric(12,4);
