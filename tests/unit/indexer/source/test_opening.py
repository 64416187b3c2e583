"""Sources end to end, on real git repositories: clones, updates, logins, hostile repositories, killed runs, folders."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import socket
import stat
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from codesearch.core.config import load_settings
from codesearch.core.errors import SourceError
from codesearch.core.types import HEAD
from indexer.source.git import Git
from indexer.source.git_snapshot import LOST_OBJECT, GitSnapshot
from indexer.source.mirror import PACKS_BEFORE_COMPACTION
from indexer.source.opening import Snapshot, open_source, parse_location, source_id
from indexer.source.skipping import Skipped
from tests.unit.indexer.conftest import FIRST_COMMIT_AT, Repository
from tests.unit.indexer.source.git_server import make_certificate, serve

MakeRepository = Callable[..., Repository]
TOKEN = "tok3n/with+odd"


@pytest.fixture
def mirrors(tmp_path: Path) -> Path:
    return tmp_path / "mirrors"


@pytest.fixture
def open_at(mirrors: Path) -> Callable[..., Snapshot]:
    """Return a function that opens a address with the settings given by name."""

    def open_address(
        address: str | Path, branch: str | None = None, subdir: str | None = None, **settings: object
    ) -> Snapshot:
        location = parse_location(str(address))
        chosen = load_settings(**settings)
        return open_source(location, branch=branch, subdir=subdir, mirrors_dir=mirrors, settings=chosen)

    return open_address


OpenAt = Callable[..., Snapshot]


def contents(snapshot: Snapshot) -> dict[str, bytes]:
    found = {}
    with snapshot:
        for entry, content in snapshot.read(snapshot.list_files()):
            assert isinstance(content, bytes)
            assert len(content) == entry.size
            found[entry.path] = content
    return found


def tree_state(root: Path) -> dict[str, tuple[int, int]]:
    """Return size and modification time of everything under a folder."""
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in sorted(root.rglob("*"))}


def test_a_clone_is_a_bare_shallow_mirror_of_one_commit(
    make_repository: MakeRepository, open_at: OpenAt, mirrors: Path
) -> None:
    origin = make_repository()
    origin.commit({"old.txt": "old"})
    commit = origin.commit({"a.txt": "alpha\n", "src/b.txt": "beta", "old.txt": None})
    snapshot = open_at(origin.url)
    assert (snapshot.kind, snapshot.commit, snapshot.committed_at) == ("git", commit, FIRST_COMMIT_AT + 3600)
    assert contents(snapshot) == {"a.txt": b"alpha\n", "src/b.txt": b"beta"}
    mirror = mirrors / source_id(parse_location(origin.url))
    git = Git(mirror, display="mirror")
    assert git.require("rev-parse", "--is-shallow-repository", "--is-bare-repository").split() == [b"true", b"true"]
    assert origin.url not in (mirror / "config").read_text()
    assert sorted(path.name for path in mirrors.iterdir()) == [mirror.name, f"{mirror.name}.lock"]


def test_updates_follow_new_commits_and_force_pushes(make_repository: MakeRepository, open_at: OpenAt) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "one"})
    assert contents(open_at(origin.url)) == {"a.txt": b"one"}
    origin.commit({"a.txt": "two", "b.txt": "new"})
    assert contents(open_at(origin.url)) == {"a.txt": b"two", "b.txt": b"new"}
    commit = origin.commit({"a.txt": "rewritten", "b.txt": None}, "--amend")
    snapshot = open_at(origin.url)
    assert snapshot.commit == commit
    assert contents(snapshot) == {"a.txt": b"rewritten"}


def test_nothing_is_transferred_when_the_remote_did_not_change(
    make_repository: MakeRepository, open_at: OpenAt, mirrors: Path
) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "one"})
    open_at(origin.url)
    mirror = mirrors / source_id(parse_location(origin.url))
    before = tree_state(mirror)
    assert contents(open_at(origin.url)) == {"a.txt": b"one"}
    assert tree_state(mirror) == before


def test_the_default_branch_may_change(make_repository: MakeRepository, open_at: OpenAt) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "one"})
    open_at(origin.url)
    origin.git("checkout", "--quiet", "-b", "trunk")
    commit = origin.commit({"a.txt": "trunk"})
    origin.git("branch", "--delete", "--force", "main")
    assert open_at(origin.url).commit == commit


def test_branches_and_tags(make_repository: MakeRepository, open_at: OpenAt) -> None:
    origin = make_repository()
    first = origin.commit({"a.txt": "one"})
    origin.git("tag", "-a", "v1", "-m", "first")
    origin.git("branch", "feature/x")
    second = origin.commit({"a.txt": "two"})
    for address in (origin.url, origin.path):
        assert open_at(address).commit == second
        assert open_at(address, "feature/x").commit == first
        assert open_at(address, "v1").commit == first
        assert open_at(address, "v1").commit == first  # again, from the mirror


def test_a_branch_that_went_away_is_a_clear_error(make_repository: MakeRepository, open_at: OpenAt) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "one"})
    for number in range(8):
        origin.git("branch", f"topic{number}")
    open_at(origin.url, "topic7")
    origin.git("branch", "--delete", "topic7")
    for address in (origin.url, origin.path):
        with pytest.raises(SourceError, match=r"no branch 'topic7' in .*; it has: topic\d") as caught:
            open_at(address, "topic7")
        assert caught.value.message.count("topic") == 6


def test_a_remote_without_its_default_branch_names_the_others(make_repository: MakeRepository, open_at: OpenAt) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "one"})
    origin.git("symbolic-ref", "HEAD", "refs/heads/gone")
    for address, branch in ((origin.url, None), (origin.path, HEAD)):
        with pytest.raises(SourceError, match=r"name a branch, such as: main"):
            open_at(address, branch)


def test_an_empty_repository_is_a_clear_error(make_repository: MakeRepository, open_at: OpenAt) -> None:
    origin = make_repository()
    for address, branch in ((origin.url, None), (origin.url, "main"), (origin.path, HEAD), (origin.path, "main")):
        with pytest.raises(SourceError, match="empty: it has no commits yet"):
            open_at(address, branch)


def test_a_missing_repository_is_a_clear_error(tmp_path: Path, open_at: OpenAt, mirrors: Path) -> None:
    with pytest.raises(SourceError, match="no git repository at file://"):
        open_at(f"file://{tmp_path}/nothing")
    assert [path.suffix for path in mirrors.iterdir()] == [".lock"]


def test_a_sub_folder_keeps_paths_from_the_root(
    make_repository: MakeRepository, open_at: OpenAt, tmp_path: Path
) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "a", "lib/b.txt": "b", "lib/deep/c.txt": "c", "library/d.txt": "d"})
    plain = tmp_path / "plain"
    for name in ("a.txt", "lib/b.txt", "lib/deep/c.txt", "library/d.txt"):
        (plain / name).parent.mkdir(parents=True, exist_ok=True)
        (plain / name).write_text(name)
    for address in (origin.url, origin.path, plain):
        with open_at(address, None, "lib/") as snapshot:
            assert [entry.path for entry in snapshot.list_files()] == ["lib/b.txt", "lib/deep/c.txt"]
            assert set(snapshot.modified_times()) == {"lib/b.txt", "lib/deep/c.txt"}
        for missing in ("nowhere", "a.txt"):
            with pytest.raises(SourceError, match="no folder"):
                open_at(address, None, missing)
        with pytest.raises(SourceError, match="not a sub-folder"):
            open_at(address, None, "lib/../..")


def test_a_local_repository_may_be_read_at_its_commit_and_is_left_untouched(
    make_repository: MakeRepository, open_at: OpenAt, mirrors: Path
) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "committed"})
    (origin.path / "a.txt").write_text("dirty")
    (origin.path / "untracked.txt").write_text("untracked")
    before = tree_state(origin.path)
    with open_at(origin.path, HEAD) as snapshot:
        assert contents(snapshot) == {"a.txt": b"committed"}
        snapshot.modified_times()
    assert tree_state(origin.path) == before
    assert not mirrors.exists()


def test_bare_repositories_and_linked_work_trees(
    make_repository: MakeRepository, open_at: OpenAt, tmp_path: Path
) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "one"})
    origin.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    origin.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    for name in ("bare.git", "linked", "origin/.git"):
        assert contents(open_at(tmp_path / name)) == {"a.txt": b"one"}


def test_sha256_repositories(make_repository: MakeRepository, open_at: OpenAt) -> None:
    origin = make_repository(object_format="sha256")
    commit = origin.commit({"a.txt": "one"})
    assert len(commit) == 64
    assert open_at(origin.url).commit == commit
    assert contents(open_at(origin.url)) == {"a.txt": b"one"}


def test_many_updates_leave_few_packs(make_repository: MakeRepository, open_at: OpenAt, mirrors: Path) -> None:
    origin = make_repository()
    for number in range(PACKS_BEFORE_COMPACTION + 5):
        origin.commit({"a.txt": f"{number}\n" * 50})
        assert contents(open_at(origin.url)) == {"a.txt": f"{number}\n".encode() * 50}
    mirror = mirrors / source_id(parse_location(origin.url))
    assert len(list(mirror.glob("objects/pack/*.pack"))) <= PACKS_BEFORE_COMPACTION
    assert not list(mirror.glob("objects/??/*"))


# ---------------------------------------------------------------------------------------------------- killed runs


def test_leftovers_of_a_killed_clone_do_not_matter(
    make_repository: MakeRepository, open_at: OpenAt, mirrors: Path
) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "one"})
    mirror = mirrors / source_id(parse_location(origin.url))
    unfinished = mirror.with_name(f"{mirror.name}.new-4711")
    (unfinished / "objects/pack").mkdir(parents=True)
    (unfinished / "objects/pack/tmp_pack_x").write_bytes(b"PACK")
    assert contents(open_at(origin.url)) == {"a.txt": b"one"}
    assert not unfinished.exists()


def test_stale_locks_of_a_killed_fetch_are_removed(
    make_repository: MakeRepository, open_at: OpenAt, mirrors: Path
) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "one"})
    open_at(origin.url)
    mirror = mirrors / source_id(parse_location(origin.url))
    for name in ("shallow.lock", "index.lock", "packed-refs.lock", "refs/codesearch/head.lock"):
        (mirror / name).touch()
    identity = mirror.stat().st_ino
    origin.commit({"a.txt": "two"})
    assert contents(open_at(origin.url)) == {"a.txt": b"two"}
    assert mirror.stat().st_ino == identity, "the mirror was updated, not built anew"


@pytest.mark.parametrize("damage", ["packs", "head", "empty"])
def test_a_damaged_mirror_is_built_anew(
    damage: str, make_repository: MakeRepository, open_at: OpenAt, mirrors: Path
) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "one"})
    open_at(origin.url)
    mirror = mirrors / source_id(parse_location(origin.url))
    for path in list(mirror.rglob("*")):
        wanted = {"packs": path.suffix == ".pack", "head": path.name == "HEAD", "empty": True}[damage]
        if wanted and path.is_file():
            path.unlink()
    assert contents(open_at(origin.url)) == {"a.txt": b"one"}


def test_leaving_the_context_kills_git_and_its_children(make_repository: MakeRepository) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "one"})
    git = Git(origin.path / ".git", display="origin")
    with contextlib.suppress(KeyboardInterrupt), git.start("cat-file", "--batch", with_input=True) as running:
        assert running.process.poll() is None
        raise KeyboardInterrupt
    assert running.process.returncode is not None


def test_reading_may_stop_half_way(make_repository: MakeRepository, open_at: OpenAt) -> None:
    origin = make_repository()
    origin.commit({f"{number:03}.txt": f"{number}" * 20_000 for number in range(200)})
    with open_at(origin.path) as snapshot:
        reading = snapshot.read(snapshot.list_files())
        entry, content = next(reading)
        reading.close()  # type: ignore[attr-defined]
    assert (entry.path, content) == ("000.txt", b"0" * 20_000)


def test_a_silent_server_is_given_up(open_at: OpenAt) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        started = time.monotonic()
        with pytest.raises(SourceError, match=r"no progress .* CODESEARCH_GIT_TIMEOUT_SECONDS"):
            open_at(f"git://127.0.0.1:{silent.getsockname()[1]}/x", git_timeout_seconds=1)
    assert time.monotonic() - started < 10


# -------------------------------------------------------------------------------------------------------- logins


def test_a_login_in_the_url_is_used_and_stored_nowhere(
    make_repository: MakeRepository, open_at: OpenAt, mirrors: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    origin = make_repository("served/project")
    origin.commit({"a.txt": "private"})
    with serve(tmp_path / "served", ("bob", TOKEN)) as server:
        quoted = TOKEN.replace("/", "%2F")
        assert contents(open_at(f"http://bob:{quoted}@{server.address}/project/.git")) == {"a.txt": b"private"}
    stored = b"".join(path.read_bytes() for path in mirrors.rglob("*") if path.is_file())
    for spelling in (TOKEN, quoted):
        assert spelling.encode() not in stored
        assert spelling not in caplog.text


def test_the_token_logs_in_and_appears_in_no_argument(
    make_repository: MakeRepository, open_at: OpenAt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = make_repository("served/project")
    origin.commit({"a.txt": "private"})
    spy = tmp_path / "spy" / "git"
    spy.parent.mkdir()
    real = next(Path(folder) / "git" for folder in os.environ["PATH"].split(":") if (Path(folder) / "git").exists())
    spy.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\nexec {real} "$@"\n')
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{spy.parent}:{os.environ['PATH']}")
    with serve(tmp_path / "served", ("x-access-token", TOKEN)) as server:
        assert contents(
            open_at(f"http://{server.address}/project/.git", git_token=TOKEN, git_token_host=server.address)
        ) == {"a.txt": b"private"}
    arguments = (tmp_path / "arguments").read_text()
    assert "ls-remote" in arguments
    assert TOKEN not in arguments


def test_public_repositories_never_see_the_token(
    make_repository: MakeRepository, open_at: OpenAt, tmp_path: Path
) -> None:
    make_repository("served/project").commit({"a.txt": "public"})
    with serve(tmp_path / "served", None) as server:
        assert contents(
            open_at(f"http://{server.address}/project/.git", git_token=TOKEN, git_token_host=server.address)
        ) == {"a.txt": b"public"}
        assert set(server.seen) == {None}


@pytest.mark.parametrize("host", [None, "127.0.0.1:1", "example.org"])
def test_another_host_is_not_offered_the_token(
    host: str | None, make_repository: MakeRepository, open_at: OpenAt, tmp_path: Path
) -> None:
    make_repository("served/project").commit({"a.txt": "private"})
    with serve(tmp_path / "served", ("x-access-token", TOKEN)) as server:
        settings = {"git_token_host": host} if host else {}
        with pytest.raises(SourceError, match="CODESEARCH_GIT_TOKEN_HOST"):
            open_at(f"http://{server.address}/project/.git", git_token=TOKEN, **settings)
        assert set(server.seen) == {None}


def test_each_of_several_hosts_is_offered_its_own_token(
    make_repository: MakeRepository, open_at: OpenAt, tmp_path: Path
) -> None:
    make_repository("served/project").commit({"a.txt": "private"})
    login = "x-access-token"
    with serve(tmp_path / "served", (login, "one")) as first, serve(tmp_path / "served", (login, "two")) as second:
        tokens = [f"{first.address}=one", f"{second.address}=two"]
        for server, token in ((first, "one"), (second, "two")):
            opened = open_at(f"http://{server.address}/project/.git", git_tokens=tokens, git_token="three")
            assert contents(opened) == {"a.txt": b"private"}
            offered = "Basic " + base64.b64encode(f"{login}:{token}".encode()).decode()
            assert set(server.seen) == {None, offered}


def test_a_refused_login_is_explained_without_it(
    make_repository: MakeRepository, open_at: OpenAt, tmp_path: Path
) -> None:
    make_repository("served/project").commit({"a.txt": "private"})
    with serve(tmp_path / "served", ("bob", "right")) as server:
        for address, settings in (
            (f"http://{server.address}/project/.git", {}),
            (f"http://{server.address}/project/.git", {"git_token": TOKEN, "git_token_host": server.address}),
            (f"http://bob:{TOKEN.replace('/', '%2F')}@{server.address}/project/.git", {}),
        ):
            with pytest.raises(SourceError, match="CODESEARCH_GIT_TOKEN") as caught:
                open_at(address, **settings)
            printed = "".join(traceback.format_exception(caught.value))
            assert "tok3n" not in printed
            assert "\n" not in caught.value.message


def test_a_redirect_does_not_carry_the_token_to_another_host(
    make_repository: MakeRepository, open_at: OpenAt, tmp_path: Path
) -> None:
    make_repository("served/project").commit({"a.txt": "private"})
    with (
        serve(tmp_path / "served", ("x-access-token", TOKEN)) as other,
        serve(tmp_path, None, redirect_to=f"http://{other.address}") as first,
    ):
        with pytest.raises(SourceError):
            open_at(f"http://{first.address}/project/.git", git_token=TOKEN, git_token_host=first.address)
        assert other.seen, "the redirect was followed"
        assert set(other.seen) == {None}


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_over_tls_an_authority_has_to_be_trusted_and_the_token_logs_in(
    make_repository: MakeRepository, open_at: OpenAt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_repository("served/project").commit({"a.txt": "private"})
    make_certificate(tmp_path / "server.pem")
    with serve(tmp_path / "served", ("x-access-token", TOKEN), certificate=tmp_path / "server.pem") as server:
        address, settings = f"https://{server.address}/project/.git", {"git_token_host": server.address}
        with pytest.raises(SourceError, match=r"is not trusted; add its authority to git \(http\.sslCAInfo\)"):
            open_at(address, git_token=TOKEN, **settings)
        assert server.seen == []
        (tmp_path / "gitconfig").write_text(f"[http]\n\tsslCAInfo = {tmp_path / 'server.crt'}\n")
        monkeypatch.delenv("GIT_SSL_CAINFO", raising=False)  # it goes before the configuration
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
        assert contents(open_at(address, git_token=TOKEN, **settings)) == {"a.txt": b"private"}
        with pytest.raises(SourceError, match="CODESEARCH_GIT_TOKEN"):
            open_at(address)


def test_the_token_is_not_stored_by_the_persons_credential_helper(
    make_repository: MakeRepository, open_at: OpenAt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_repository("served/project").commit({"a.txt": "private"})
    store = tmp_path / "credentials"
    configuration = tmp_path / "gitconfig"
    configuration.write_text(f"[credential]\n\thelper = store --file={store}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    with serve(tmp_path / "served", ("x-access-token", TOKEN)) as server:
        address = f"http://{server.address}/project/.git"
        assert contents(open_at(address, git_token=TOKEN, git_token_host=server.address)) == {"a.txt": b"private"}
        assert not store.exists()
        store.write_text(f"http://x-access-token:{TOKEN.replace('/', '%2F')}@{server.address}\n")
        assert contents(open_at(address)) == {"a.txt": b"private"}, "git's own helper serves when no token is set"


def test_ssh_uses_the_key_and_never_asks(open_at: OpenAt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/ssh-arguments\necho "Permission denied (publickey)." >&2\nexit 255\n'
    )
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    key = tmp_path / "my key"
    key.touch()
    with pytest.raises(SourceError, match="CODESEARCH_GIT_SSH_KEY"):
        open_at("git@h.example.org:team/project", git_ssh_key=key)
    called = (tmp_path / "ssh-arguments").read_text()
    assert f"-i {key} -o IdentitiesOnly=yes -o BatchMode=yes" in called


# --------------------------------------------------------------------------------------------- hostile repositories


def test_a_partial_clone_fetches_nothing_behind_our_back(
    make_repository: MakeRepository, open_at: OpenAt, tmp_path: Path
) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "one"})
    origin.git("config", "uploadpack.allowFilter", "true")
    origin.git("clone", "--quiet", "--bare", "--filter=blob:none", origin.url, str(tmp_path / "partial.git"))
    before = tree_state(tmp_path / "partial.git")
    with pytest.raises(SourceError, match="partial clone"), open_at(tmp_path / "partial.git") as snapshot:
        snapshot.list_files()
    assert tree_state(tmp_path / "partial.git") == before


def test_lost_objects_are_counted_and_the_rest_is_read(make_repository: MakeRepository, open_at: OpenAt) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "one", "b.txt": "two"})
    blob = origin.git("rev-parse", "HEAD:a.txt")
    with open_at(origin.path, "main") as snapshot:
        entries = snapshot.list_files()
        (origin.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
        read = dict(snapshot.read(entries))
    assert [content.detail if isinstance(content, Skipped) else content for content in read.values()] == [
        LOST_OBJECT,
        b"two",
    ]
    skipped = open_at(origin.path, "main").listing().skipped
    assert [(item.path, item.detail) for item in skipped] == [("a.txt", LOST_OBJECT)]


def test_links_and_submodules_are_counted_never_followed(
    make_repository: MakeRepository, open_at: OpenAt, tmp_path: Path
) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    other = make_repository("other")
    other.commit({"x.txt": "x"})
    origin = make_repository()
    (origin.path / "leak.txt").symlink_to(tmp_path / "secret.txt")
    (origin.path / "up").symlink_to("..")
    origin.git("submodule", "--quiet", "add", other.url, "sub")
    origin.commit({"a.txt": "one"})
    for address in (origin.path, origin.url):
        listing = open_at(address).listing()
        assert [entry.path for entry in listing.files] == [".gitmodules", "a.txt"]
        assert {(item.path, item.reason.value) for item in listing.skipped} == {
            ("leak.txt", "link"),
            ("up", "link"),
            ("sub", "submodule"),
        }


ODD_NAMES = {
    b"new\nline.txt": "new\\nline.txt",
    b"not-utf8-\xff.txt": "not-utf8-\\xff.txt",
    b"escape-\x1b[31m.txt": "escape-\\x1b[31m.txt",
}
GOOD_NAMES = [
    "  spaces .txt",
    "-option.txt",
    ":(glob)*.txt",
    'quo"te.txt',
    "tab\u3000.txt",
    "ünï/çødé 公共.txt",
    "🎉.txt",
]


def test_odd_names_work_or_are_counted(make_repository: MakeRepository, open_at: OpenAt, tmp_path: Path) -> None:
    origin = make_repository()
    plain = tmp_path / "plain"
    for root in (origin.path, plain):
        for name in [*map(os.fsdecode, ODD_NAMES), *GOOD_NAMES]:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(name.encode("utf-8", "replace").decode())
    origin.commit({})
    for address in (origin.path, origin.url, plain):
        with open_at(address) as snapshot:
            listing = snapshot.listing()
            assert contents(snapshot) == {name: name.encode() for name in sorted(GOOD_NAMES)}
            assert {item.path for item in listing.skipped} == set(ODD_NAMES.values())
            assert {item.reason.value for item in listing.skipped} == {"unreadable"}
            assert set(snapshot.modified_times()) == set(GOOD_NAMES)


# --------------------------------------------------------------------------------------------------------- times


def test_modified_times_come_from_the_last_commit_that_touched_a_path(
    make_repository: MakeRepository, open_at: OpenAt
) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "a", "dir/b.txt": "b", "dir/1700000000": "a name like a time"})
    origin.commit({"dir/b.txt": "b2"})
    origin.commit({"c.txt": "c"})
    with open_at(origin.path) as snapshot:
        hours = {path: (at - FIRST_COMMIT_AT) // 3600 for path, at in snapshot.modified_times().items()}
        assert hours == {"a.txt": 0, "dir/b.txt": 1, "dir/1700000000": 0, "c.txt": 2}
        assert snapshot.modified_times(["c.txt"]) == {"c.txt": FIRST_COMMIT_AT + 7200}
        assert snapshot.modified_times([]) == {}
    with open_at(origin.path, None, "dir") as snapshot:
        assert snapshot.modified_times()["dir/b.txt"] == FIRST_COMMIT_AT + 3600


def test_a_shallow_clone_knows_only_its_commits_time(make_repository: MakeRepository, open_at: OpenAt) -> None:
    origin = make_repository()
    origin.commit({"a.txt": "a"})
    origin.commit({"b.txt": "b"})
    with open_at(origin.url) as snapshot:
        assert set(snapshot.modified_times().values()) == {FIRST_COMMIT_AT + 3600}


def test_history_is_walked_for_a_bounded_time(make_repository: MakeRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = make_repository()
    for name in "abc":
        origin.commit({name: name})
    monkeypatch.setattr("indexer.source.git_snapshot.HISTORY_SECONDS", -1.0)
    snapshot = GitSnapshot(Git(origin.path / ".git", display="origin"), "HEAD")
    assert set(snapshot.modified_times().values()) == {FIRST_COMMIT_AT + 7200}


# -------------------------------------------------------------------------------------------------------- folders


def test_a_plain_folder(tmp_path: Path, open_at: OpenAt) -> None:
    plain = tmp_path / "plain"
    (plain / "src").mkdir(parents=True)
    (plain / "b.txt").write_text("b")
    (plain / "src/a.txt").write_text("a")
    os.utime(plain / "b.txt", (1, 1_600_000_000))
    with open_at(plain) as snapshot:
        assert (snapshot.kind, snapshot.commit, snapshot.committed_at) == ("folder", None, None)
        assert [(entry.path, entry.size, entry.content_id) for entry in snapshot.list_files()] == [
            ("b.txt", 1, None),
            ("src/a.txt", 1, None),
        ]
        assert contents(snapshot) == {"b.txt": b"b", "src/a.txt": b"a"}
        assert snapshot.modified_times()["b.txt"] == 1_600_000_000
    with pytest.raises(SourceError, match="without branches"):
        open_at(plain, "main")


@pytest.mark.parametrize("seconds", [-5, 1 << 40])
def test_a_folders_times_that_no_calendar_has_are_left_out(seconds: int, tmp_path: Path, open_at: OpenAt) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    for name in ("a.txt", "b.txt"):
        (plain / name).write_text("x")
    os.utime(plain / "a.txt", (0, seconds))
    os.utime(plain / "b.txt", (0, FIRST_COMMIT_AT))
    if (plain / "a.txt").stat().st_mtime != seconds:
        pytest.skip("this file system has no such times")
    with open_at(plain) as snapshot:
        assert snapshot.modified_times() == {"b.txt": FIRST_COMMIT_AT}
        assert snapshot.modified_times(["a.txt", "b.txt"]) == {"b.txt": FIRST_COMMIT_AT}


def test_a_folders_links_and_special_files_are_never_opened(tmp_path: Path, open_at: OpenAt) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (plain / "leak.txt").symlink_to("../secret.txt")
    (plain / "loop").symlink_to(".")
    (plain / "broken").symlink_to("nowhere")
    os.mkfifo(plain / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(plain / "socket"))
        (plain / "later-a-link.txt").write_text("x")
        (plain / "later-a-pipe.txt").write_text("x")
        (plain / "later-gone.txt").write_text("x")
        snapshot = open_at(plain)
        entries = snapshot.list_files()
        for name in ("link", "pipe"):
            (plain / f"later-a-{name}.txt").unlink()
        (plain / "later-gone.txt").unlink()
        (plain / "later-a-link.txt").symlink_to("../secret.txt")
        os.mkfifo(plain / "later-a-pipe.txt")
        read = dict(snapshot.read(entries))
    assert {(item.path, item.reason.value) for item in snapshot.listing().skipped} == {
        ("leak.txt", "link"),
        ("loop", "link"),
        ("broken", "link"),
        ("pipe", "special"),
        ("socket", "special"),
    }
    assert len(read) == 3
    assert {content.reason.value for content in read.values() if isinstance(content, Skipped)} == {"unreadable"}


def test_a_folders_sub_folder_may_not_be_a_link(tmp_path: Path, open_at: OpenAt) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain/inside").symlink_to("../outside")
    with pytest.raises(SourceError, match="symbolic link"):
        open_at(tmp_path / "plain", None, "inside")


def test_unreadable_files_are_counted(tmp_path: Path, open_at: OpenAt) -> None:
    plain = tmp_path / "plain"
    (plain / "closed").mkdir(parents=True)
    (plain / "closed.txt").write_text("x")
    (plain / "closed.txt").chmod(0)
    (plain / "closed").chmod(0)
    try:
        if os.access(plain / "closed.txt", os.R_OK):
            pytest.skip("this user may read everything")
        snapshot = open_at(plain)
        assert [item.path for item in snapshot.listing().skipped] == ["closed/"]
        assert [isinstance(content, Skipped) for _, content in snapshot.read(snapshot.list_files())] == [True]
    finally:
        (plain / "closed").chmod(stat.S_IRWXU)


def test_a_folder_that_went_away_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    location = parse_location(str(tmp_path / "plain"))
    (tmp_path / "plain").rmdir()
    with pytest.raises(SourceError, match=r"no folder .* any more"):
        open_source(location, branch=None, subdir=None, mirrors_dir=tmp_path, settings=load_settings())


def test_two_runs_at_once_share_a_mirror(make_repository: MakeRepository, open_at: OpenAt) -> None:
    origin = make_repository()
    commit = origin.commit({f"{number}.txt": str(number) for number in range(50)})
    commits: list[str | None] = []
    threads = [threading.Thread(target=lambda: commits.append(open_at(origin.url).commit)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert commits == [commit] * 4
