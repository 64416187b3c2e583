-- A catalog of schema 1 as SQLite keeps it, with something in every table; test_migrations.py puts it into the words of
-- PostgreSQL too. It is what people have, so it never changes.
CREATE TABLE codesearch_schema_version (version INTEGER NOT NULL PRIMARY KEY);
INSERT INTO codesearch_schema_version (version) VALUES (1);

CREATE TABLE codesearch_knowledge_bases (
    id VARCHAR(24) NOT NULL PRIMARY KEY,
    kind VARCHAR(16) NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    UNIQUE (name_key)
);
INSERT INTO codesearch_knowledge_bases VALUES ('000000000000000000000001', 'source', 'shop', 'shop');
INSERT INTO codesearch_knowledge_bases VALUES ('000000000000000000000002', 'source', 'Größe', 'grösse');
INSERT INTO codesearch_knowledge_bases VALUES ('0000000000000000000000a1', 'workspace', 'team', 'team');

CREATE TABLE codesearch_data_sources (
    id VARCHAR(24) NOT NULL PRIMARY KEY,
    type VARCHAR(32) NOT NULL,
    location TEXT NOT NULL,
    branch TEXT,
    subdir TEXT,
    commit_id TEXT,
    state VARCHAR(16) NOT NULL,
    run_id BIGINT NOT NULL,
    file_count BIGINT NOT NULL,
    chunk_count BIGINT NOT NULL,
    indexed_at DATETIME,
    message TEXT,
    index_format TEXT,
    FOREIGN KEY (id) REFERENCES codesearch_knowledge_bases (id) ON DELETE CASCADE
);
INSERT INTO codesearch_data_sources VALUES ('000000000000000000000001', 'repository', 'https://example.org/acme/shop.git',
    'main', 'api', 'c0ffee', 'ready', 1, 7, 93, '2026-11-26 07:45:15.123456', NULL, 'a format, as text');
INSERT INTO codesearch_data_sources VALUES ('000000000000000000000002', 'repository', '/srv/größe',
    NULL, NULL, NULL, 'failed', 0, 0, 0, NULL, 'no such branch', NULL);

CREATE TABLE codesearch_workspaces (
    id VARCHAR(24) NOT NULL PRIMARY KEY,
    FOREIGN KEY (id) REFERENCES codesearch_knowledge_bases (id) ON DELETE CASCADE
);
INSERT INTO codesearch_workspaces VALUES ('0000000000000000000000a1');

CREATE TABLE codesearch_workspace_members (
    workspace_id VARCHAR(24) NOT NULL,
    source_id VARCHAR(24) NOT NULL,
    PRIMARY KEY (workspace_id, source_id),
    FOREIGN KEY (workspace_id) REFERENCES codesearch_workspaces (id) ON DELETE CASCADE,
    FOREIGN KEY (source_id) REFERENCES codesearch_data_sources (id) ON DELETE CASCADE
);
CREATE INDEX ix_codesearch_workspace_members_source_id ON codesearch_workspace_members (source_id);
INSERT INTO codesearch_workspace_members VALUES ('0000000000000000000000a1', '000000000000000000000001');
INSERT INTO codesearch_workspace_members VALUES ('0000000000000000000000a1', '000000000000000000000002');

CREATE TABLE codesearch_index_runs (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    source_id VARCHAR(24) NOT NULL,
    state VARCHAR(16) NOT NULL,
    commit_id TEXT,
    phase TEXT,
    files_done BIGINT NOT NULL,
    files_total BIGINT,
    chunks_done BIGINT NOT NULL,
    started_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    finished_at DATETIME,
    message TEXT,
    host TEXT NOT NULL,
    process_id BIGINT NOT NULL,
    FOREIGN KEY (source_id) REFERENCES codesearch_data_sources (id) ON DELETE CASCADE
);
CREATE INDEX codesearch_index_runs_by_source ON codesearch_index_runs (source_id, id);
INSERT INTO codesearch_index_runs (source_id, state, commit_id, phase, files_done, files_total, chunks_done,
    started_at, updated_at, finished_at, host, process_id)
    VALUES ('000000000000000000000001', 'finished', 'c0ffee', 'embed', 7, 7, 93,
    '2026-11-26 07:45:14.000000', '2026-11-26 07:45:15.123456', '2026-11-26 07:45:15.123456', 'builder', 4242);
INSERT INTO codesearch_index_runs (source_id, state, files_done, chunks_done,
    started_at, updated_at, finished_at, message, host, process_id)
    VALUES ('000000000000000000000002', 'failed', 0, 0,
    '2026-11-26 07:46:00.000000', '2026-11-26 07:46:01.000000', '2026-11-26 07:46:01.000000', 'no such branch', 'builder', 4242);
INSERT INTO codesearch_index_runs (source_id, state, files_done, chunks_done, started_at, updated_at, host, process_id)
    VALUES ('000000000000000000000002', 'running', 0, 0,
    '2026-11-26 07:47:00.000000', '2026-11-26 07:47:00.000000', 'builder', 4242);
DELETE FROM codesearch_index_runs WHERE id = 3;

CREATE TABLE codesearch_api_keys (
    id VARCHAR(24) NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    prefix VARCHAR(16) NOT NULL,
    secret_hash VARCHAR(64) NOT NULL,
    is_admin BOOLEAN NOT NULL,
    is_scoped BOOLEAN NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME,
    revoked_at DATETIME,
    UNIQUE (secret_hash)
);
CREATE INDEX ix_codesearch_api_keys_name_key ON codesearch_api_keys (name_key);
CREATE INDEX ix_codesearch_api_keys_prefix ON codesearch_api_keys (prefix);
-- The secrets are cs_ and 43 times the first letter of the name.
INSERT INTO codesearch_api_keys VALUES ('0000000000000000000000a2', 'reader', 'reader', 'cs_rrrrr',
    '1a4cf503b2f442f8e81e5aa41d0ea79db41103d8033209db5f0dd85ed1c46677', FALSE, TRUE, '2026-11-26 07:45:15.123456', NULL, NULL);
INSERT INTO codesearch_api_keys VALUES ('0000000000000000000000a3', 'admin', 'admin', 'cs_aaaaa',
    'ae91ebbffd1a655713505b0827c046bc9e7c6da8a2ce7d087937408361de6f52', TRUE, FALSE, '2026-11-26 07:45:15.123456',
    '2126-01-01 00:00:00.000000', NULL);
INSERT INTO codesearch_api_keys VALUES ('0000000000000000000000a4', 'gone', 'gone', 'cs_ggggg',
    'b1749e9213ab74b0ed66d9494088994669410aca28297ee2560ebfdb9b1839cb', FALSE, FALSE, '2026-11-26 07:45:15.123456', NULL,
    '2026-11-26 08:00:00.000000');

CREATE TABLE codesearch_api_key_scopes (
    key_id VARCHAR(24) NOT NULL,
    source_id VARCHAR(24) NOT NULL,
    PRIMARY KEY (key_id, source_id),
    FOREIGN KEY (key_id) REFERENCES codesearch_api_keys (id) ON DELETE CASCADE,
    FOREIGN KEY (source_id) REFERENCES codesearch_data_sources (id) ON DELETE CASCADE
);
CREATE INDEX ix_codesearch_api_key_scopes_source_id ON codesearch_api_key_scopes (source_id);
INSERT INTO codesearch_api_key_scopes VALUES ('0000000000000000000000a2', '000000000000000000000001');
