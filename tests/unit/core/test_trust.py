"""Which configuration files count: the user's own, and of the current folder what was trusted and is still the same."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from codesearch.core.config import Settings, load_settings
from codesearch.core.errors import ConfigurationError
from codesearch.core.trust import (
    CONFIG_FILE,
    DATA_FOLDER,
    TRUST_LIST,
    TRUST_MARK,
    forget_folder,
    make_trusted_folder,
    read_trust_list,
    trust_folder,
)


@pytest.fixture(autouse=True)
def config_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own configuration folder, not there yet."""
    for name in [name for name in os.environ if name.startswith(("CODESEARCH_", "PG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return tmp_path / "config" / "codesearch"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a codesearch.toml and a .codesearch that somebody made."""
    folder = tmp_path / "work"
    (folder / DATA_FOLDER).mkdir(parents=True)
    (folder / CONFIG_FILE).write_text("port = 4444\n")
    monkeypatch.chdir(folder)
    return folder


def read() -> tuple[Settings, list[str]]:
    """Return the settings that come out, and the lines about what does not count."""
    notes: list[str] = []
    return load_settings(notes.append), notes


def give_to_somebody_else(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() == 0:
        os.chown(path, 4242, 4242)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 4242)


def test_what_merely_lies_in_the_folder_does_not_count_and_one_line_says_so(folder: Path, tmp_path: Path) -> None:
    settings, notes = read()
    assert settings.port == 8000
    assert settings.data_dir == tmp_path / "share" / "codesearch"
    (note,) = notes
    assert f"Ignored {CONFIG_FILE} and {DATA_FOLDER} in {folder}" in note
    assert f"`codesearch trust {folder}`" in note
    assert "\n" not in note


def test_a_file_that_does_not_count_is_not_even_understood(folder: Path) -> None:
    (folder / CONFIG_FILE).write_bytes(b"\xff nonsense")
    assert read()[0].port == 8000


def test_an_empty_folder_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config_folder: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert read()[1] == []
    assert not config_folder.exists()


def test_trusted_files_count(folder: Path, config_folder: Path) -> None:
    trust_folder(config_folder, folder)
    settings, notes = read()
    assert (settings.port, settings.data_dir, notes) == (4444, folder / DATA_FOLDER, [])
    assert forget_folder(config_folder, folder)
    assert not forget_folder(config_folder, folder)
    assert read()[0].port == 8000


def test_trust_closes_the_folder_and_the_list_to_everybody_else(folder: Path, config_folder: Path) -> None:
    (folder / DATA_FOLDER).chmod(0o777)
    trust_folder(config_folder, folder)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder / DATA_FOLDER, config_folder)}
    assert modes == {DATA_FOLDER: 0o700, "codesearch": 0o700}
    for path in (config_folder / TRUST_LIST, folder / DATA_FOLDER / TRUST_MARK):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_changed_file_needs_trust_again(folder: Path, config_folder: Path) -> None:
    trust_folder(config_folder, folder)
    (folder / CONFIG_FILE).write_text("port = 5555\n")
    settings, (note,) = read()
    assert (settings.port, settings.data_dir) == (8000, folder / DATA_FOLDER)
    assert f"Ignored {CONFIG_FILE} in" in note
    assert "not what was trusted" in note
    trust_folder(config_folder, folder)
    assert read()[0].port == 5555


def test_another_folder_in_the_place_of_the_trusted_one_does_not_count(folder: Path, config_folder: Path) -> None:
    trust_folder(config_folder, folder)
    shutil.rmtree(folder / DATA_FOLDER)
    assert read()[1] == []
    (folder / DATA_FOLDER).mkdir(mode=0o700)
    for mark in (None, b"", b"0" * 64):
        if mark is not None:
            (folder / DATA_FOLDER / TRUST_MARK).write_bytes(mark)
            (folder / DATA_FOLDER / TRUST_MARK).chmod(0o600)
        settings, (note,) = read()
        assert settings.data_dir != folder / DATA_FOLDER
        assert f"Ignored {DATA_FOLDER} in" in note


def test_a_folder_that_appears_beside_a_trusted_file_does_not_count(folder: Path, config_folder: Path) -> None:
    (folder / DATA_FOLDER).rmdir()
    trust_folder(config_folder, folder)
    (folder / DATA_FOLDER).mkdir()
    settings, (note,) = read()
    assert settings.port == 4444
    assert settings.data_dir != folder / DATA_FOLDER
    assert f"Ignored {DATA_FOLDER} in" in note


def test_trust_does_not_move_with_the_files(
    folder: Path, config_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_folder(config_folder, folder)
    shutil.copytree(folder, tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path / "elsewhere")
    settings, notes = read()
    assert (settings.port, len(notes)) == (8000, 1)


def test_links_are_not_followed(folder: Path, config_folder: Path, tmp_path: Path) -> None:
    trust_folder(config_folder, folder)
    for name in (CONFIG_FILE, DATA_FOLDER):
        (folder / name).rename(tmp_path / name)
        (folder / name).symlink_to(tmp_path / name)
    settings, notes = read()
    assert settings.port == 8000
    assert settings.data_dir != folder / DATA_FOLDER
    assert len(notes) == 2
    assert all("symbolic link" in note for note in notes)
    with pytest.raises(ConfigurationError, match="symbolic link"):
        trust_folder(config_folder, folder)


@pytest.mark.parametrize("name", [CONFIG_FILE, DATA_FOLDER])
def test_what_belongs_to_another_user_never_counts(
    folder: Path, config_folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_folder(config_folder, folder)
    if os.geteuid():
        pytest.skip("only root can give files away")
    give_to_somebody_else(folder / name, monkeypatch)
    (note,) = read()[1]
    assert name in note
    assert "belongs to another user" in note
    with pytest.raises(ConfigurationError, match="another user"):
        trust_folder(config_folder, folder)


def test_a_data_folder_that_others_may_write_counts_no_longer(folder: Path, config_folder: Path) -> None:
    trust_folder(config_folder, folder)
    (folder / DATA_FOLDER).chmod(0o770)
    settings, (note,) = read()
    assert settings.data_dir != folder / DATA_FOLDER
    assert "chmod go-w" in note


def test_a_pipe_in_the_place_of_a_file_hangs_nobody(folder: Path, config_folder: Path) -> None:
    (folder / CONFIG_FILE).unlink()
    os.mkfifo(folder / CONFIG_FILE)
    assert any("no regular file" in note for note in read()[1])
    with pytest.raises(ConfigurationError, match="no regular file"):
        trust_folder(config_folder, folder)


def test_nothing_to_trust_is_said(tmp_path: Path, config_folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="codesearch init"):
        trust_folder(config_folder, tmp_path)
    assert read_trust_list(config_folder) == {}


def test_init_makes_what_counts_once_and_takes_nothing_over(
    tmp_path: Path, config_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "made"
    made.mkdir()
    monkeypatch.chdir(made)
    make_trusted_folder(config_folder, made)
    settings, notes = read()
    assert (settings.data_dir, notes) == (made / DATA_FOLDER, [])
    assert (made / DATA_FOLDER / ".gitignore").read_text() == "*\n"
    make_trusted_folder(config_folder, made)
    (made / CONFIG_FILE).write_text("port = 1\n")
    with pytest.raises(ConfigurationError, match=r"already has a codesearch\.toml"):
        make_trusted_folder(config_folder, made)
    assert (made / CONFIG_FILE).read_text() == "port = 1\n"


def test_writers_of_the_list_take_turns(tmp_path: Path, config_folder: Path) -> None:
    folders = [tmp_path / f"folder-{number}" for number in range(16)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda folder: make_trusted_folder(config_folder, folder), folders))
    assert sorted(read_trust_list(config_folder)) == sorted(map(str, folders))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 1}', '{"version": 1, "folders": {"/x": {"a": 1}}}'])
def test_a_damaged_list_trusts_nothing_and_is_not_written_over(folder: Path, config_folder: Path, content: str) -> None:
    trust_folder(config_folder, folder)
    (config_folder / TRUST_LIST).write_text(content)
    with pytest.raises(ConfigurationError, match="damaged"):
        load_settings()
    with pytest.raises(ConfigurationError, match="damaged"):
        trust_folder(config_folder, folder)
    assert (config_folder / TRUST_LIST).read_text() == content


# --- The user's own file, and which one wins ---


def write_user_file(config_folder: Path, text: str) -> None:
    config_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (config_folder / "config.toml").write_text(text)
    (config_folder / "config.toml").chmod(0o600)


def test_the_environment_wins_over_the_folder_and_that_over_the_users_own_file(
    folder: Path, config_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_user_file(config_folder, 'port = 1\nworkers = 2\nhost = "user"\n')
    assert (read()[0].port, read()[0].host) == (1, "user")
    (folder / CONFIG_FILE).write_text("port = 2\nworkers = 3\n")
    trust_folder(config_folder, folder)
    assert (read()[0].port, read()[0].workers, read()[0].host) == (2, 3, "user")
    monkeypatch.setenv("CODESEARCH_PORT", "3")
    assert (read()[0].port, read()[0].workers) == (3, 3)


def test_a_trusted_data_folder_wins_over_the_users_own_and_yields_to_the_environment(
    folder: Path, config_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_user_file(config_folder, f'data_dir = "{tmp_path}/mine"\n')
    assert read()[0].data_dir == tmp_path / "mine"
    trust_folder(config_folder, folder)
    assert read()[0].data_dir == folder / DATA_FOLDER
    (folder / CONFIG_FILE).write_text(f'data_dir = "{tmp_path}/named"\n')
    trust_folder(config_folder, folder)
    assert read()[0].data_dir == tmp_path / "named"
    monkeypatch.setenv("CODESEARCH_DATA_DIR", "anywhere")
    assert read()[0].data_dir == Path("anywhere")


def test_where_the_data_folder_is_given_a_local_one_is_nobodys_business(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODESEARCH_DATA_DIR", "/srv/data")
    (note,) = read()[1]
    assert DATA_FOLDER not in note.replace(CONFIG_FILE, "")


@pytest.mark.parametrize(
    "line",
    [
        'data_dir = "here"',
        'store_uri = "store"',
        'model_cache_dir = "./models"',
        'database_url = "sqlite:///catalog.sqlite3"',
        'git_ssh_key = "key"',
    ],
)
def test_the_users_own_file_names_no_place_in_the_current_folder(config_folder: Path, line: str) -> None:
    write_user_file(config_folder, line + "\n")
    with pytest.raises(ConfigurationError, match=f"{line.split()[0]} must be an absolute path"):
        load_settings()


def test_the_users_own_file_must_be_the_users_own(config_folder: Path) -> None:
    write_user_file(config_folder, "port = 1\n")
    (config_folder / "config.toml").chmod(0o666)
    with pytest.raises(ConfigurationError, match="chmod go-w"):
        load_settings()


def test_without_a_home_nothing_is_kept_in_the_current_folder(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", "somewhere")
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    with pytest.raises(ConfigurationError, match="CODESEARCH_DATA_DIR"):
        load_settings()
    assert load_settings(data_dir=Path("/srv/data")).data_dir == Path("/srv/data")


# --- Secrets stay where they belong ---


def trust_settings(folder: Path, config_folder: Path, text: str) -> None:
    (folder / CONFIG_FILE).write_text(text)
    trust_folder(config_folder, folder)


def test_a_trusted_file_does_not_send_somebody_elses_token_anywhere(
    folder: Path, config_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_settings(folder, config_folder, 'git_token_host = "evil.example.org"\n')
    monkeypatch.setenv("CODESEARCH_GIT_TOKEN", "sesame")
    settings, (note,) = read()
    assert settings.git_token_host == "github.com"
    assert "git_token_host" in note
    assert "CODESEARCH_GIT_TOKEN_HOST" in note
    monkeypatch.delenv("CODESEARCH_GIT_TOKEN")
    write_user_file(config_folder, 'git_token = "sesame"\ngit_token_host = "own.example.org"\n')
    assert read()[0].git_token_host == "own.example.org"
    monkeypatch.setenv("CODESEARCH_GIT_TOKEN_HOST", "named.example.org")
    assert read()[0].git_token_host == "named.example.org"


def test_a_token_of_its_own_a_trusted_file_may_send(
    folder: Path, config_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_settings(folder, config_folder, 'git_token = "own"\ngit_token_host = "git.example.org"\n')
    settings, notes = read()
    assert (settings.git_token, settings.git_token_host, notes) == ("own", "git.example.org", [])
    monkeypatch.setenv("CODESEARCH_GIT_TOKEN", "sesame")
    assert (read()[0].git_token, read()[0].git_token_host) == ("sesame", "github.com")


def test_a_trusted_file_gets_no_database_password_of_the_environment(
    folder: Path, config_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_settings(folder, config_folder, 'database_url = "postgresql://reader@db.example.org/x"\n')
    assert read()[0].database_url
    monkeypatch.setenv("PGPASSWORD", "sesame")
    with pytest.raises(ConfigurationError, match="CODESEARCH_DATABASE_URL"):
        load_settings()
    trust_settings(folder, config_folder, 'database_url = "postgresql://reader:own@db.example.org/x"\n')
    assert read()[0].database_url
    trust_settings(folder, config_folder, 'database_url = "postgresql:///x?service=mine"\n')
    with pytest.raises(ConfigurationError, match="CODESEARCH_DATABASE_URL"):
        load_settings()


def test_a_trusted_file_names_no_host_for_cloud_credentials(
    folder: Path, config_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_settings(folder, config_folder, 'store_uri = "s3://bucket/prefix"\n')
    assert read()[0].store_uri == "s3://bucket/prefix"
    trust_settings(folder, config_folder, 'store_uri = "az://container@account.example.org"\n')
    with pytest.raises(ConfigurationError, match="CODESEARCH_STORE_URI"):
        load_settings()
    monkeypatch.setenv("CODESEARCH_STORE_URI", "s3://own")
    with pytest.raises(ConfigurationError):
        load_settings()


def test_no_folder_names_a_command_that_is_run(
    folder: Path, config_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_settings(folder, config_folder, 'permissions_command = ["./ask"]\npermissions_seconds = 1.5\n')
    settings, (note,) = read()
    assert (settings.permissions_command, settings.permissions_seconds) == ((), 1.5)
    assert "CODESEARCH_PERMISSIONS_COMMAND" in note
    write_user_file(config_folder, 'permissions_command = ["/usr/bin/ask", "a b"]\n')
    assert read()[0].permissions_command == ("/usr/bin/ask", "a b")
    monkeypatch.setenv("CODESEARCH_PERMISSIONS_COMMAND", "/bin/ask 'a b' $HOME")
    assert read()[0].permissions_command == ("/bin/ask", "a b", "$HOME")
    monkeypatch.setenv("CODESEARCH_PERMISSIONS_FILE", "/etc/permissions.json")
    with pytest.raises(ConfigurationError, match="not both"):
        load_settings()


def test_no_folder_names_services_that_get_questions_and_the_secret(
    folder: Path, config_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust_settings(folder, config_folder, 'peers = ["http://elsewhere"]\npeer_seconds = 1.5\n')
    settings, (note,) = read()
    assert (settings.peers, settings.peer_seconds) == ((), 1.5)
    assert "CODESEARCH_PEERS" in note
    monkeypatch.setenv("CODESEARCH_PEERS", "http://a:1/, http://b:2")
    monkeypatch.setenv("CODESEARCH_PEER_URL", "http://b:2/")
    settings = read()[0]
    assert (settings.peers, settings.peer_url) == (("http://a:1", "http://b:2"), "http://b:2")
