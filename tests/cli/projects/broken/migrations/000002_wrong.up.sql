-- the second statement is wrong
CREATE TABLE orders (id bigint);
ALTER TABLE no_such_table ADD COLUMN x int;
