"""What a person reads of a setting that is wrong: what it is called where it stands, which file, what to do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codesearch.core.config import Settings, load_settings
from codesearch.core.errors import ConfigurationError
from codesearch.core.settings.problems import say_where_set
from codesearch.core.trust import CONFIG_FILE, trust_folder
from codesearch.core.user_folders import find_config_folder


@pytest.fixture(autouse=True)
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own file, in folders and an environment that hold nothing else of ours."""
    for name in os.environ:
        if name.upper().startswith("CODESEARCH_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    folder = find_config_folder()
    assert folder is not None
    folder.mkdir(parents=True)
    return folder / "config.toml"


def trust_here(text: str) -> Path:
    """Write a codesearch.toml of the current folder that counts."""
    path = Path.cwd() / CONFIG_FILE
    path.write_text(text, encoding="utf-8")
    trust_folder(find_config_folder(), path.parent)
    return path


def refusal(**arguments: object) -> str:
    """Return how the settings are refused, in one line."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings(**arguments)
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('port = "x"', "port in {}: it should be a whole number"),
        ("port = 1.5", "port in {}: it should be a whole number"),
        ("workers = 0", "workers in {}: it should be greater than or equal to 1"),
        ('idle_seconds = "soon"', "idle_seconds in {}: it should be a number"),
        ('metrics = "perhaps"', "metrics in {}: it should be true or false"),
        ('log_format = "xml"', "log_format in {}: it should be 'text' or 'json'"),
        ("host = 3", "host in {}: it should be a text, in quotes"),
        ("git_tokens = 3", "git_tokens in {}: it should be a list"),
        ("include = ['a', 2]", "include in {}, number 2: it should be a text, in quotes"),
        ("fallback_encoding = 'nope'", "fallback_encoding in {}: there is no encoding 'nope'"),
        ("prot = 1", "prot in {}: there is no such setting, but one named port."),
        ("[server]\nport = 1", "server in {}: there is no such setting"),
    ],
)
def test_a_setting_of_a_file_is_called_as_it_is_there(own_file: Path, line: str, problem: str) -> None:
    own_file.write_text(line)
    message = refusal()
    assert problem.format(own_file) in message
    assert message.endswith(" Correct it there.")
    assert "CODESEARCH_" not in message
    assert "Input" not in message
    assert "Value error" not in message


def test_after_a_change_a_file_of_the_folder_has_to_be_trusted_again() -> None:
    path = trust_here('port = "x"')
    assert refusal() == (
        f"Wrong setting: port in {path}: it should be a whole number. Correct it there, then run `codesearch trust` in "
        f"{path.parent}."
    )


def test_each_setting_is_called_by_where_it_is_from(own_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_file.write_text('port = "x"\nworkers = "y"\nindex_workers = "z"\n')
    monkeypatch.setenv("CODESEARCH_WORKERS", "many")
    message = refusal(index_workers=-1, metrics="perhaps")
    assert f"port in {own_file}: it should be" in message
    assert "; CODESEARCH_WORKERS: it should be" in message
    assert "; index_workers: it should be" in message
    assert message.startswith("Wrong settings: ")
    monkeypatch.setenv("CODESEARCH_PORT", "8000")
    monkeypatch.setenv("CODESEARCH_INDEX_WORKERS", "1")
    assert str(own_file) not in refusal()


def test_another_setting_that_a_problem_names_is_called_so_too(own_file: Path) -> None:
    own_file.write_text('peers = ["http://a:1"]\npeer_url = "http://b:1"\n')
    assert f"peer_url in {own_file}: it has to be one of peers, written as there." in refusal()


def test_a_setting_that_cannot_be_read_at_all_names_the_file_and_the_line(own_file: Path) -> None:
    own_file.write_text("port = 1\nport = 2\n")
    assert str(own_file) in refusal()
    assert "line 2" in refusal()


@pytest.mark.parametrize(
    ("name", "place"), [("database_url", "an absolute path or a URL"), ("audit_log", "an absolute path")]
)
def test_a_place_of_the_users_file_says_what_it_may_be(own_file: Path, name: str, place: str) -> None:
    own_file.write_text(f'{name} = "somewhere"')
    assert f"{own_file}: {name} must be {place}, for" in refusal()


def test_a_message_says_which_file_sets_what_it_names(own_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What turns out to be wrong later is called by its name in the environment, which need not be where it is set."""
    message = "CODESEARCH_EMBEDDING_MODEL: there is no model 'x'. CODESEARCH_PORT is free."
    assert say_where_set(message, Settings.model_fields) == message
    own_file.write_text('embedding_model = "x"\n')
    added = f" (CODESEARCH_EMBEDDING_MODEL is set as embedding_model in {own_file}.)"
    assert say_where_set(message, Settings.model_fields) == message + added
    assert say_where_set("Nothing of the kind.", Settings.model_fields) == "Nothing of the kind."
    monkeypatch.setenv("CODESEARCH_EMBEDDING_MODEL", "x")
    assert say_where_set(message, Settings.model_fields) == message
    own_file.write_text("embedding_model =")
    assert say_where_set(message, Settings.model_fields) == message
