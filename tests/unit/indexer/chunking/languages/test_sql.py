"""The table of SQL."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

SQL = """\
-- Clients.
CREATE TABLE IF NOT EXISTS shop.clients (
    id SERIAL PRIMARY KEY,
    url TEXT NOT NULL
);

/* Orders. */
create table "orders" (id int);

CREATE INDEX idx_clients ON clients (url);
CREATE UNIQUE INDEX IF NOT EXISTS idx2 ON clients (id);

CREATE OR REPLACE VIEW active AS
SELECT * FROM clients;

CREATE MATERIALIZED VIEW mv AS SELECT 1;

-- Retries.
CREATE OR REPLACE FUNCTION retry(times integer)
RETURNS integer AS $$
BEGIN
    RETURN times + 1;
END;
$$ LANGUAGE plpgsql;

CREATE PROCEDURE do_it(IN a INT)
BEGIN
    SELECT 1;
END;

CREATE TRIGGER trg BEFORE INSERT ON clients
FOR EACH ROW EXECUTE FUNCTION retry();

CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE SCHEMA shop;
CREATE SEQUENCE seq1;
CREATE DATABASE db1;
CREATE ROLE bob;
CREATE EXTENSION hstore;
ALTER TABLE clients ADD COLUMN x int;
INSERT INTO clients VALUES (1, 'x');
SELECT 1;
CREATE TABLE after_all (id int);
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("shop.clients", "table", 1, 5),
        ("orders", "table", 7, 8),
        ("idx_clients", "index", 10, 10),
        ("idx2", "index", 11, 11),
        ("active", "view", 13, 14),
        ("mv", "view", 16, 16),
        ("retry", "function", 18, 24),
        ("do_it", "procedure", 26, 29),
        ("trg", "trigger", 31, 32),
        ("mood", "type", 34, 34),
        ("shop", "schema", 35, 35),
        ("seq1", "sequence", 36, 36),
        ("db1", "database", 37, 37),
        ("after_all", "table", 43, 43),
    ]
    assert found_in("schema.sql", SQL) == expected


def test_sql_of_other_dialects_is_named_by_its_head() -> None:
    text = """\
CREATE OR ALTER PROCEDURE [sales].[Retry Order] @times INT AS
BEGIN
    SELECT 1;
END;
"""
    [(symbol, kind, start, _)] = found_in("retry.sql", text)
    assert (symbol, kind, start) == ("sales.Retry Order", "procedure", 1)


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("schema.sql", SQL, "orders") == "/* Orders. */"
