-- A small shop: the sample database of scripts/demo. Some 10 MiB, with indexes, a view, a trigger and text of any length.
PRAGMA journal_mode = WAL;

BEGIN;
CREATE TABLE customer(id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL);
CREATE TABLE product(id INTEGER PRIMARY KEY, title TEXT NOT NULL, cents INTEGER NOT NULL, stock INTEGER NOT NULL);
CREATE TABLE orders(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  customer_id INTEGER NOT NULL REFERENCES customer,
  placed_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  note TEXT);
CREATE TABLE order_line(order_id INTEGER NOT NULL REFERENCES orders, product_id INTEGER NOT NULL, pieces INTEGER NOT NULL,
  PRIMARY KEY (order_id, product_id)) WITHOUT ROWID;
CREATE INDEX order_by_customer ON orders(customer_id, placed_at);
CREATE INDEX customer_by_city ON customer(city);
CREATE VIEW turnover AS
  SELECT o.id, sum(l.pieces * p.cents) AS cents FROM orders o JOIN order_line l ON l.order_id = o.id
  JOIN product p ON p.id = l.product_id GROUP BY o.id;
CREATE TRIGGER take_from_stock AFTER INSERT ON order_line BEGIN
  UPDATE product SET stock = stock - new.pieces WHERE id = new.product_id;
END;

WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
INSERT INTO customer SELECT i, 'customer ' || i, 'city ' || (i * 7919 % 97) FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
INSERT INTO product SELECT i, 'product ' || i, i * 7919 % 9973, 1000000000 FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
INSERT INTO orders(customer_id, note) SELECT i * 7919 % 5000 + 1, hex(randomblob(i % 60)) FROM n;
INSERT INTO order_line SELECT id, id * 7919 % 500 + 1, id % 9 + 1 FROM orders;
COMMIT;
