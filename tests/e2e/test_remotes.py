"""A remote that changes under its data source: what is right is followed, what is wrong is said, all is served."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.e2e.service import run_cli
from tests.unit.indexer.conftest import Repository
from tests.unit.indexer.source.git_server import GitServer, serve


def index(data_dir: Path, *arguments: str) -> str:
    done = run_cli(data_dir, "index", *arguments, index_workers="1")
    assert done.status == 0, done.err
    return done.err


def fail(data_dir: Path, *arguments: str) -> str:
    failed = run_cli(data_dir, "index", *arguments, index_workers="1")
    assert failed.status == 1
    return failed.error


def finds(data_dir: Path, text: str) -> bool:
    """Say whether what is indexed has that text."""
    return bool(run_cli(data_dir, "grep", text, "shop", "--json").json["matches"])


def served_git(server: GitServer, origin: Repository, *arguments: str) -> str:
    return origin.git("--git-dir", str(server.root / "shop.git"), *arguments)


def test_what_its_owners_do_to_a_branch_is_followed(tmp_path: Path, origin: Repository, server: GitServer) -> None:
    data_dir, url = tmp_path / "data", f"http://{server.address}/shop.git"
    index(data_dir, url)

    # History is rewritten, and shares no commit with what was.
    origin.git("checkout", "--quiet", "--orphan", "anew")
    origin.commit({"cart.py": None, "basket.py": "def add_to_basket(item):\n    return [item]\n"})
    origin.git("push", "--quiet", "--force", "shop", "anew:main")
    index(data_dir, url)
    assert finds(data_dir, "add_to_basket")
    assert not finds(data_dir, "add_to_cart")

    # The default branch gets another name; the old one stays behind, or goes.
    origin.commit({"refund.py": "def refund_order(order):\n    return order\n"})
    origin.git("push", "--quiet", "shop", "anew:trunk")
    served_git(server, origin, "symbolic-ref", "HEAD", "refs/heads/trunk")
    index(data_dir, url)
    assert finds(data_dir, "refund_order")
    served_git(server, origin, "branch", "--delete", "--force", "main")
    index(data_dir, url)
    assert finds(data_dir, "refund_order")


def test_a_branch_that_is_deleted_is_said_and_goes_on_to_be_served(
    tmp_path: Path, origin: Repository, server: GitServer
) -> None:
    data_dir, url = tmp_path / "data", f"http://{server.address}/shop.git"
    origin.git("push", "--quiet", "shop", "main:next")
    index(data_dir, url, "--branch", "next", "--name", "shop")
    served_git(server, origin, "branch", "--delete", "--force", "next")
    said = fail(data_dir, url, "--branch", "next")
    assert "There is no branch 'next'" in said
    assert "main" in said
    assert finds(data_dir, "add_to_cart")


def test_a_remote_that_is_gone_private_or_empty_is_said_and_goes_on_to_be_served(
    tmp_path: Path, origin: Repository, server: GitServer
) -> None:
    data_dir, url = tmp_path / "data", f"http://{server.address}/shop.git"
    index(data_dir, url)
    server.accepted = "Basic nobody has it"
    assert "wants a login" in fail(data_dir, url)
    server.accepted = None

    kept = server.root / "shop.git"
    shutil.move(kept, tmp_path / "elsewhere.git")
    assert "There is no git repository at" in fail(data_dir, url)
    # What was indexed is served, its age is told, and that bringing it up to date fails.
    answered = run_cli(data_dir, "grep", "add_to_cart", "shop", "--json")
    assert answered.json["matches"]
    (freshness,) = answered.json["freshness"]
    assert freshness["indexed_at"]
    assert any("last run" in warning and "failed" in warning for warning in freshness["warnings"])
    assert "it is private" in run_cli(data_dir, "list").out

    origin.git("init", "--quiet", "--bare", str(kept))
    assert "is empty: it has no commits yet" in fail(data_dir, url)
    assert finds(data_dir, "add_to_cart")

    # It is back: nothing is left of the failures.
    shutil.rmtree(kept)
    shutil.move(tmp_path / "elsewhere.git", kept)
    index(data_dir, url)
    (listed,) = json.loads(run_cli(data_dir, "list", "--json").out)["sources"]
    assert "message" not in listed
    assert listed["state"] == "ready"


def test_a_remote_that_has_moved_is_followed_and_said(tmp_path: Path, origin: Repository, server: GitServer) -> None:
    data_dir = tmp_path / "data"
    with serve(tmp_path, None) as old:
        url = f"http://{old.address}/served/shop.git"
        index(data_dir, url)
        shutil.copytree(server.root, server.root / "served")
        old.redirect_to = f"http://{server.address}"
        origin.commit({"refund.py": "def refund_order(order):\n    return order\n"})
        origin.git("push", "--quiet", str(server.root / "served" / "shop.git"), "main")
        said = index(data_dir, url)
        assert f"has moved to http://{server.address}/served/shop.git" in " ".join(said.split())
        assert finds(data_dir, "refund_order")


def test_a_submodule_is_counted_and_never_followed(tmp_path: Path, origin: Repository, server: GitServer) -> None:
    data_dir, url = tmp_path / "data", f"http://{server.address}/shop.git"
    library = Repository(tmp_path / "library")
    library.commit({"library.py": "def lend_book(book):\n    return book\n"})
    origin.git("submodule", "--quiet", "add", str(library.path), "lib")
    origin.commit({})
    origin.git("push", "--quiet", "shop", "main")
    report = run_cli(data_dir, "index", url, "--json", index_workers="1").json
    assert report["skipped"].get("submodule") == 1, report["skipped"]
    assert finds(data_dir, "add_to_cart")
    assert not finds(data_dir, "lend_book")


def test_a_removed_source_leaves_nothing_of_its_history(tmp_path: Path, origin: Repository, server: GitServer) -> None:
    data_dir = tmp_path / "data"
    served_git(server, origin, "config", "uploadpack.allowFilter", "true")
    index(data_dir, f"http://{server.address}/shop.git")
    (history,) = [path for path in (data_dir / "histories").iterdir() if path.is_dir()]
    assert (history / "objects").is_dir()
    assert run_cli(data_dir, "remove", "shop").status == 0
    assert not history.exists()
    doctor = run_cli(data_dir, "doctor", "--json")
    assert history.name not in doctor.out
