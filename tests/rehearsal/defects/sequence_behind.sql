-- finds: MA933
-- before
CREATE TABLE items (id integer PRIMARY KEY, name text);
-- up
CREATE SEQUENCE items_id_seq AS integer OWNED BY items.id;
ALTER TABLE items ALTER COLUMN id SET DEFAULT nextval('items_id_seq');
-- down
ALTER TABLE items ALTER COLUMN id DROP DEFAULT;
DROP SEQUENCE items_id_seq;
-- mended up
CREATE SEQUENCE items_id_seq AS integer OWNED BY items.id;
SELECT setval('items_id_seq', (SELECT max(id) FROM items));
ALTER TABLE items ALTER COLUMN id SET DEFAULT nextval('items_id_seq');
-- mended down
ALTER TABLE items ALTER COLUMN id DROP DEFAULT;
DROP SEQUENCE items_id_seq;
