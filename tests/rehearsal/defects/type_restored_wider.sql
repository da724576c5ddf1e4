-- finds: MA924
-- before
CREATE TABLE codes (id integer PRIMARY KEY, code varchar(12) NOT NULL);
-- up
ALTER TABLE codes ALTER COLUMN code TYPE varchar(20);
-- down
ALTER TABLE codes ALTER COLUMN code TYPE text;
-- mended down
ALTER TABLE codes ALTER COLUMN code TYPE varchar(12);
