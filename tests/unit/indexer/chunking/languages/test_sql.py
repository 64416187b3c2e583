"""The table of SQL."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.indexer.chunking.definition_finding import Found, definitions_of, first_line_of, found_in

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


def found_as_it_is_written(text: str) -> Found:
    return found_in("a.sql", text)


def test_batches_of_management_studio_end_routines() -> None:
    text = """\
USE [Depot]
GO
/****** Object:  StoredProcedure [dbo].[Load Truck]    Script Date: 01/02/2024 ******/
SET ANSI_NULLS ON
GO
-- Loads.
CREATE OR ALTER PROCEDURE [dbo].[Load Truck] @id INT AS
BEGIN
    BEGIN TRANSACTION; EXEC('
CREATE TABLE never (a int)'); COMMIT TRANSACTION;
    CREATE TABLE #work (a INT);
END

GO
alter view dbo.Loads as select 1 as a
go
CREATE TABLE dbo.Trucks (id INT)
CREATE INDEX IX_T ON dbo.Trucks (id)
INSERT INTO dbo.Trucks VALUES (1)
GO
IF NOT EXISTS (SELECT 1)
BEGIN
    CREATE TABLE [dbo].[Late] (a INT)
END
GO
ALTER TABLE dbo.Trucks ADD b INT
GO
CREATE TRIGGER dbo.Watch ON dbo.Trucks AFTER UPDATE AS PRINT 'x'
-- Counts.
CREATE FUNCTION dbo.CountAll() RETURNS INT AS BEGIN RETURN 1 END
"""
    assert found_as_it_is_written(text) == [
        ("dbo.Load Truck", "procedure", 6, 14),
        ("dbo.Loads", "view", 15, 16),
        ("dbo.Trucks", "table", 17, 17),
        ("IX_T", "index", 18, 18),
        ("dbo.Late", "table", 23, 23),
        ("dbo.Watch", "trigger", 28, 28),
        ("dbo.CountAll", "function", 29, 30),
    ]


def test_members_of_oracle_packages_are_qualified() -> None:
    text = """\
CREATE OR REPLACE PACKAGE BODY hr.pay IS
  PROCEDURE later(a NUMBER);
  TYPE t_list IS TABLE OF NUMBER;
  CURSOR c_all IS SELECT * FROM emp WHERE x IS NULL;
  -- Pays.
  PROCEDURE pay_all(p DATE DEFAULT SYSDATE) IS
    FUNCTION rate RETURN NUMBER IS BEGIN RETURN 1; END;
  BEGIN
    FOR r IN c_all LOOP
      IF r.a THEN NULL; ELSIF r.b THEN NULL; END IF;
      l := CASE WHEN 1 = 1 THEN q'[it's; END]' ELSE 'x' END;
    END LOOP;
    DECLARE v NUMBER; BEGIN v := 1; END;
  END pay_all;

  PROCEDURE later(a NUMBER) IS BEGIN NULL; END later;
BEGIN
  NULL;
END pay;
/
CREATE OR REPLACE PACKAGE hr.spec AUTHID DEFINER AS
  SUBTYPE t_name IS VARCHAR2(30);
  FUNCTION total RETURN NUMBER DETERMINISTIC;
END;
/
PROMPT It's done
CREATE TYPE BODY addr AS
  MEMBER FUNCTION line RETURN VARCHAR2 IS
  BEGIN RETURN 'x'; END;
END;
/
"""
    assert found_as_it_is_written(text) == [
        ("hr.pay", "package", 1, 20),
        ("hr.pay.later", "prototype", 2, 2),
        ("hr.pay.t_list", "type", 3, 3),
        ("hr.pay.c_all", "cursor", 4, 4),
        ("hr.pay.pay_all", "procedure", 5, 14),
        ("hr.pay.pay_all.rate", "function", 7, 7),
        ("hr.pay.later", "procedure", 16, 16),
        ("hr.spec", "package", 21, 25),
        ("hr.spec.t_name", "type", 22, 22),
        ("hr.spec.total", "function", 23, 23),
        ("addr", "type", 27, 31),
        ("addr.line", "method", 28, 29),
    ]


def test_slashes_end_triggers_with_declarations_and_timing_points() -> None:
    text = """\
CREATE TRIGGER logged AFTER LOGON ON DATABASE
DECLARE
  n NUMBER;
BEGIN
  IF n IS NULL THEN n := 1; END IF;
END;
/
CREATE OR REPLACE TRIGGER many FOR UPDATE ON emp COMPOUND TRIGGER
  l NUMBER;
  BEFORE STATEMENT IS
  BEGIN
    l := 1;
  END BEFORE STATEMENT;
  AFTER EACH ROW IS BEGIN NULL; END AFTER EACH ROW;
END many;
/
CREATE SEQUENCE s;
"""
    assert found_as_it_is_written(text) == [
        ("logged", "trigger", 1, 7),
        ("many", "trigger", 8, 16),
        ("s", "sequence", 17, 17),
    ]


def test_delimiters_and_conditional_comments_of_mysql() -> None:
    text = """\
INSERT INTO a VALUES ('it\\'s;
CREATE TABLE never (a int);'), ('x');
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER `a_bi` BEFORE INSERT ON `a` FOR EACH ROW BEGIN
  SET NEW.x = 1;
END */;;
DELIMITER $$
CREATE PROCEDURE `shop`.`p 1`() BEGIN SELECT 1; END$$
DELIMITER ;
CREATE FUNCTION f(a INT) RETURNS INT DETERMINISTIC
BEGIN
  WHILE a < 3 DO SET a = a + IF(a > 1, 1, 2); END WHILE;
  REPEAT SET a = 1; UNTIL a > 5 END REPEAT;
  l: LOOP IF a > 3 THEN LEAVE l; END IF; END LOOP l;
  RETURN CASE WHEN a THEN 1 ELSE 2 END;
END;
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM x;
"""
    assert found_as_it_is_written(text) == [
        ("a_bi", "trigger", 4, 6),
        ("shop.p 1", "procedure", 8, 8),
        ("f", "function", 10, 16),
        ("e", "event", 17, 17),
    ]


def test_bodies_in_dollars_strings_and_atomic_blocks() -> None:
    text = """\
COPY t (a) FROM stdin;
it's data
\\.
CREATE DOMAIN app.email AS text;
CREATE FUNCTION app.std(a int) RETURNS int LANGUAGE SQL
BEGIN ATOMIC
  SELECT CASE WHEN a THEN 1 END;
END;
CREATE FUNCTION app.f() RETURNS void AS $fn$
BEGIN
  CREATE TABLE inner_one (a int); PERFORM $$a;b$$;
END
$fn$ LANGUAGE plpgsql;
ALTER FUNCTION app.f() OWNER TO bob;
DO $$ BEGIN CREATE TYPE never AS ENUM ('a'); END $$;
CREATE INDEX ON t (a);
CREATE FUNCTION old() RETURNS int AS '
BEGIN RETURN ''x''; END;
' LANGUAGE plpgsql;
CREATE USER bob; CREATE EXTENSION hstore WITH SCHEMA app;
CREATE MATERIALIZED VIEW "App"."Sum Of" AS SELECT 1;
"""
    assert found_as_it_is_written(text) == [
        ("app.email", "type", 4, 4),
        ("app.std", "function", 5, 8),
        ("app.f", "function", 9, 13),
        ("old", "function", 17, 19),
        ("App.Sum Of", "view", 21, 21),
    ]


def test_bigquery_snowflake_duckdb_firebird_and_templates() -> None:
    text = """\
CREATE TEMP FUNCTION js(x STRING) RETURNS STRING LANGUAGE js AS r\"\"\"
  return "it's;" + x;
\"\"\";
CREATE OR REPLACE PROCEDURE `p-x.ds.proc`(IN a INT64)
BEGIN
  BEGIN TRANSACTION;
  FOR r IN (SELECT 1 AS k) DO SELECT r.k; END FOR;
  COMMIT TRANSACTION;
END;
CREATE OR REPLACE PROCEDURE s.p() RETURNS STRING LANGUAGE SQL EXECUTE AS CALLER AS
DECLARE
  x INTEGER DEFAULT 0;
BEGIN
  IF (x > 1) THEN RETURN 'a'; END IF;
END;
CREATE OR REPLACE MACRO total(a, b) AS TABLE
  SELECT a + b;
SET TERM ^ ;
CREATE PROCEDURE fb AS
BEGIN
  SUSPEND;
END^
SET TERM ; ^
{# It's dbt. #}
{% macro cents(column) %}
  ({{ column }} / 100)
{% endmacro %}
CREATE TABLE ${schema}.orders (a int);
"""
    assert found_as_it_is_written(text) == [
        ("js", "function", 1, 3),
        ("p-x.ds.proc", "procedure", 4, 9),
        ("s.p", "procedure", 10, 15),
        ("total", "macro", 16, 17),
        ("fb", "procedure", 19, 22),
        ("cents", "macro", 24, 27),
        ("${schema}.orders", "table", 28, 28),
    ]


def test_signatures_end_where_the_body_begins() -> None:
    text = "CREATE FUNCTION a.f(x int) -- doubles\nRETURNS int AS $$ SELECT 1 $$;\nCREATE TABLE t (a int);\n"
    assert [one.signature for one in definitions_of("a.sql", text)] == [
        "CREATE FUNCTION a.f(x int) RETURNS int",
        "CREATE TABLE t",
    ]


_WORDS = (
    "CREATE ALTER OR REPLACE PROCEDURE FUNCTION TRIGGER PACKAGE BODY TYPE TABLE VIEW p a.b [x] `y` 'z AS IS BEGIN END "
    "IF THEN LOOP CASE DO WHILE DECLARE ; ( ) ' \\ $$ $t$ -- /* */ /*! GO / DELIMITER // q'[ {% macro m %} {#"
).split()


@given(st.lists(st.sampled_from([*_WORDS, "\n", "\nGO\n", "\n/\n", "\nDELIMITER $$\n"]), max_size=80).map(" ".join))
def test_any_text_gives_definitions_within_its_lines(text: str) -> None:
    lines = text.split("\n")
    for one in definitions_of("a.sql", text):
        assert 1 <= one.start_line <= one.end_line <= len(lines)
        assert one.name
        assert one.owner is None or one.owner.start_line <= one.start_line <= one.end_line <= one.owner.end_line
