"""The catalog: repositories, workspaces, keys and index runs; the only room that knows SQLAlchemy."""
