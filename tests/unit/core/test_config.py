"""Settings: where they come from, which one wins, and what a person reads when one is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from codesearch.core.config import Settings, load_settings
from codesearch.core.errors import ConfigurationError
from codesearch.core.trust import CONFIG_FILE, trust_folder
from codesearch.core.user_folders import find_config_folder


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder and an environment without our variables."""
    for name in os.environ:
        if name.upper().startswith("CODESEARCH_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_trusted(folder: Path, text: str) -> None:
    """Write a codesearch.toml that counts."""
    (folder / CONFIG_FILE).write_text(text, encoding="utf-8")
    trust_folder(find_config_folder(), folder)


def test_the_defaults_need_nothing() -> None:
    settings = load_settings()
    assert settings.data_dir == Path(os.environ["XDG_DATA_HOME"]) / "codesearch"
    assert settings.embedding_model == "bundled"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)


def test_places_follow_the_data_folder_unless_they_are_set(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path / "data")
    assert settings.resolved_store_uri == str(tmp_path / "data" / "store")
    assert settings.resolved_database_url == f"sqlite:///{tmp_path / 'data' / 'catalog.sqlite3'}"
    assert settings.resolved_model_cache_dir == tmp_path / "data" / "models"
    moved = load_settings(store_uri="s3://bucket/x", database_url="postgresql://h/d", model_cache_dir=tmp_path)
    assert moved.resolved_store_uri == "s3://bucket/x"
    assert moved.resolved_database_url == "postgresql://h/d"
    assert moved.resolved_model_cache_dir == tmp_path


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_every_setting_is_read_from_the_environment(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"port": "9000", "log_format": "json", "log_level": "error", "fallback_encoding": "koi8-r"}
    values |= {"max_parse_seconds": "2.5", "editor_link": "vscode", "mcp_max_tokens": "7000"}
    values |= {"public_url": "https://search.example.com/code", "page_paths": "True"}
    values |= {"audit_queries": "True", "metrics": "True", "traces": "True", "metrics_token": "a token of its own"}
    values |= {"webhook_secrets": "a secret of its own"}
    values |= {"git_tokens": "gitlab.example.com=a-token"}
    values |= {"jobs_url": "postgresql://host/jobs", "worker_jobs": "3"}
    values |= {"peers": "http://a:1", "peer_url": "http://a:1", "peer_secret": "a-secret-of-its-own"}
    monkeypatch.setenv("CODESEARCH_PEERS", values["peers"])
    annotation = Settings.model_fields[setting].annotation
    value = values.get(setting, "77" if annotation is int else "7.5" if annotation is float else "some/where")
    monkeypatch.setenv(f"CODESEARCH_{setting.upper()}", value)
    read = getattr(load_settings(), setting)
    read = read[0] if isinstance(read, tuple) else read
    # A host and its token are a pair.
    parts = read if isinstance(read, tuple) else (read,)
    assert "=".join(str(part.get_secret_value() if isinstance(part, SecretStr) else part) for part in parts) == value
    assert getattr(load_settings(), setting) != Settings.model_fields[setting].default


def test_names_of_variables_count_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("codesearch_port", "1234")
    assert load_settings().port == 1234


@pytest.mark.parametrize("url", ["sqlite:///jobs.sqlite3", "redis://host", "host/jobs"])
def test_jobs_are_in_postgresql_or_in_the_data_folder(url: str) -> None:
    with pytest.raises(ConfigurationError, match="jobs_url: give an address"):
        load_settings(jobs_url=url)
    assert load_settings(jobs_url="  ").jobs_url is None


def test_patterns_are_a_text_in_the_environment_and_a_list_in_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_trusted(folder, 'include = ["/vendor/ours/"]\nexclude = "*.sql, /data/"\n')
    assert (load_settings().include, load_settings().exclude) == (("/vendor/ours/",), ("*.sql", "/data/"))
    monkeypatch.setenv("CODESEARCH_INCLUDE", "a, b/**\nc d,,")
    assert load_settings().include == ("a", "b/**", "c d")
    monkeypatch.setenv("CODESEARCH_FALLBACK_ENCODING", "no-such")
    with pytest.raises(ConfigurationError, match="there is no encoding 'no-such'"):
        load_settings()


@pytest.mark.parametrize("setting", sorted(Settings.model_fields))
def test_every_setting_says_what_it_is_for(setting: str) -> None:
    assert Settings.model_fields[setting].description


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_trusted(folder, 'host = "file"\nport = 1\nworkers = 3\n')
    assert (load_settings().host, load_settings().port, load_settings().workers) == ("file", 1, 3)
    monkeypatch.setenv("CODESEARCH_HOST", "environment")
    monkeypatch.setenv("CODESEARCH_PORT", "2")
    settings = load_settings(port=3, host=None)
    assert (settings.host, settings.port, settings.workers) == ("environment", 3, 3)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("port", "eighty"),
        ("port", "70000"),
        ("workers", "0"),
        ("log_format", "xml"),
        ("max_chunk_tokens", "31"),
        ("max_file_bytes", "1.5"),
        ("index_workers", "-1"),
    ],
)
def test_a_wrong_value_is_named_in_one_line(setting: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"CODESEARCH_{setting.upper()}", value)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert f"CODESEARCH_{setting.upper()}" in caught.value.message
    assert "\n" not in caught.value.message


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODESEARCH_PORT", "x")
    with pytest.raises(ConfigurationError, match=r"; workers: ") as caught:
        load_settings(workers=0)
    assert "CODESEARCH_PORT" in caught.value.message


@pytest.mark.parametrize(("text", "part"), [("prot = 1", "PROT"), ("port =", "toml"), ("port = 'x'", "PORT")])
def test_a_wrong_file_is_a_clear_line(folder: Path, text: str, part: str) -> None:
    write_trusted(folder, text)
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert part.lower() in caught.value.message.lower()
    assert "\n" not in caught.value.message


def test_a_token_is_neither_printed_nor_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODESEARCH_GIT_TOKEN", "sesame")
    assert load_settings().git_token == "sesame"
    assert "sesame" not in repr(load_settings())
    assert "sesame" not in str(load_settings())
    monkeypatch.setenv("CODESEARCH_PORT", "x")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert "sesame" not in caught.value.message


@pytest.mark.parametrize("variable", ["CODESEARCH_DATABASE_URL", "CODESEARCH_JOBS_URL"])
def test_a_password_in_an_address_is_not_printed(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "postgresql://codesearch:sesame@db.example.com/codesearch")
    assert "sesame" not in repr(load_settings()) + str(load_settings())


def test_keys_of_dify_are_neither_printed_nor_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODESEARCH_DIFY_KEY", "dataset-sesame")
    monkeypatch.setenv("CODESEARCH_DIFY_APP_KEY", "app-sesame")
    assert "sesame" not in repr(load_settings()) + str(load_settings())
    monkeypatch.setenv("CODESEARCH_PORT", "x")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert "sesame" not in caught.value.message


@pytest.mark.parametrize("is_users", [True, False])
def test_a_folder_does_not_choose_who_gets_keys_of_dify(
    folder: Path, monkeypatch: pytest.MonkeyPatch, is_users: bool
) -> None:
    users = find_config_folder()
    assert users is not None
    if is_users:
        users.mkdir(parents=True, exist_ok=True)
        (users / "config.toml").write_text('dify_app_key = "app-mine"\n')
    else:
        monkeypatch.setenv("CODESEARCH_DIFY_APP_KEY", "app-mine")
    write_trusted(folder, 'dify_url = "http://stranger.example"\ndify_key = "dataset-theirs"\n')
    notes: list[str] = []
    try:
        assert load_settings(notes.append).dify_url is None
        assert any("Ignored dify_url" in note for note in notes)
        monkeypatch.setenv("CODESEARCH_DIFY_URL", "http://mine.example")
        assert load_settings().dify_url == "http://mine.example"
        monkeypatch.delenv("CODESEARCH_DIFY_URL")
        monkeypatch.delenv("CODESEARCH_DIFY_APP_KEY", raising=False)
        (users / "config.toml").unlink(missing_ok=True)
        assert load_settings().dify_url == "http://stranger.example"
    finally:
        (users / "config.toml").unlink(missing_ok=True)


def test_settings_cannot_be_changed() -> None:
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1


@pytest.mark.parametrize("blank", ["", "  "])
def test_blank_settings_of_access_are_not_set(monkeypatch: pytest.MonkeyPatch, blank: str) -> None:
    names = ("permissions_file", "oidc_issuer", "oidc_jwks", "oidc_groups_claim", "audit_log")
    for name in (*names, "permissions_command", "oidc_audience"):
        monkeypatch.setenv(f"CODESEARCH_{name.upper()}", blank)
    settings = load_settings()
    assert [getattr(settings, name) for name in names] == [None] * len(names)
    assert (settings.permissions_command, settings.oidc_audience) == ((), ())


def test_a_command_is_split_into_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CODESEARCH_PERMISSIONS_COMMAND", "ask 'a b' --host=$HOST *")
    monkeypatch.setenv("CODESEARCH_OIDC_AUDIENCE", "one, two")
    settings = load_settings()
    assert settings.permissions_command == ("ask", "a b", "--host=$HOST", "*")
    assert settings.oidc_audience == ("one", "two")
    monkeypatch.setenv("CODESEARCH_PERMISSIONS_COMMAND", "ask 'a")
    with pytest.raises(ConfigurationError, match="CODESEARCH_PERMISSIONS_COMMAND"):
        load_settings()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"peers": "a:1"}, "addresses such as"),
        ({"peers": "http://a:1", "peer_url": "http://b:1"}, "one of peers"),
        ({"peer_secret": "short"}, "16"),
        ({"peer_secret": "a secret with blanks"}, "without blanks"),
    ],
)
def test_services_that_answer_together_are_named_rightly(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_settings(**settings)
