#!/bin/sh
# SQLAlchemy 2.1.9 on SQLite.
#
# Expected: what inspect() and MetaData.reflect() say of a table is what the database knows of it, however its CREATE TABLE was
# written.
# Really: a reference that is written behind its column loses its ON DELETE CASCADE, while the same reference at the end of
# the table keeps it; PRAGMA foreign_key_list shows it for both. UNIQUE behind a column is not seen either where the
# column's type has a length, as VARCHAR(64) has. SQLAlchemy reads both out of the statement's text. A table that is made
# anew from its reflection, as Alembic's batch mode makes it, silently loses them.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check sqlalchemy==2.1.9

environment/bin/python - <<'EOF'
import sqlalchemy

engine = sqlalchemy.create_engine("sqlite://")
with engine.begin() as connection:
    connection.exec_driver_sql("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
    connection.exec_driver_sql(
        "CREATE TABLE behind_column (id INTEGER PRIMARY KEY, hash VARCHAR(64) UNIQUE,"
        " parent_id INTEGER REFERENCES parent (id) ON DELETE CASCADE)"
    )
    connection.exec_driver_sql(
        "CREATE TABLE at_the_end (id INTEGER PRIMARY KEY, hash VARCHAR(64), parent_id INTEGER, UNIQUE (hash),"
        " FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE)"
    )
    inspector = sqlalchemy.inspect(connection)
    seen = {}
    for table in ("behind_column", "at_the_end"):
        assert [row[6] for row in connection.exec_driver_sql(f"PRAGMA foreign_key_list({table})")] == ["CASCADE"]
        assert [row[2] for row in connection.exec_driver_sql(f"PRAGMA index_list({table})")] == [1]
        (reference,) = inspector.get_foreign_keys(table)
        seen[table] = (reference["options"], [key["column_names"] for key in inspector.get_unique_constraints(table)])
print(f"sqlalchemy {sqlalchemy.__version__}: {seen}")
assert seen == {"behind_column": ({}, []), "at_the_end": ({"ondelete": "CASCADE"}, [["hash"]])}
EOF
