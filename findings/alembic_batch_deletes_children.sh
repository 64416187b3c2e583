#!/bin/sh
# Alembic 1.20.1 with SQLAlchemy 2.1.9 on SQLite, whose references are on (PRAGMA foreign_keys = ON).
#
# Expected: batch_alter_table("parent"), Alembic's way to change a column where SQLite has no ALTER for it, keeps every row: of
# that table and of all others.
# Really: it copies the table, drops the old one and renames the new one. SQLite counts dropping a table as deleting its rows,
# so ON DELETE CASCADE deletes the rows of every table that refers to it. There is no error and no warning. Switching the
# references off inside the migration's transaction does nothing; it has to be done before the transaction begins.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check alembic==1.20.1 sqlalchemy==2.1.9

environment/bin/python - <<'EOF'
import alembic
import sqlalchemy
from alembic.migration import MigrationContext
from alembic.operations import Operations


def count_children_after_upgrade(references):
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA foreign_keys = {references}")
        connection.exec_driver_sql("CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT)")
        connection.exec_driver_sql(
            "CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER,"
            " FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE)"
        )
        connection.exec_driver_sql("INSERT INTO parent VALUES (1, 'one')")
        connection.exec_driver_sql("INSERT INTO child VALUES (1, 1), (2, 1)")
        connection.commit()
        with connection.begin():
            with Operations(MigrationContext.configure(connection)).batch_alter_table("parent") as batch:
                batch.alter_column("name", existing_type=sqlalchemy.Text(), nullable=False)
        assert connection.exec_driver_sql("SELECT count(*) FROM parent").scalar() == 1
        return connection.exec_driver_sql("SELECT count(*) FROM child").scalar()


found = {references: count_children_after_upgrade(references) for references in ("OFF", "ON")}
print(
    f"alembic {alembic.__version__}, sqlalchemy {sqlalchemy.__version__}: of 2 rows that refer to the table, "
    f"{found['OFF']} are left with references off, {found['ON']} with references on"
)
assert found == {"OFF": 2, "ON": 0}
EOF
