"""Folders of other people's code, by the traces of package managers, manifests and licences; own ones stay."""

from __future__ import annotations

import pytest

from indexer.source.snapshot import Entry
from indexer.source.vendoring import VendoredFolders


def split(paths: str) -> tuple[set[str], set[str]]:
    """Return which of the paths are the repository's own and which are not."""
    names = paths.split()
    folders = VendoredFolders(tuple(Entry(name, 1, None, 0o100644) for name in names), None)
    foreign = {name for name in names if folders.find(name)}
    return set(names) - foreign, foreign


@pytest.mark.parametrize(
    "paths",
    [
        "go.mod vendor/modules.txt vendor/example.org/tool/a.go",
        "composer.json vendor/autoload.php vendor/acme/a.php vendor/composer/installed.json",
        "Gemfile vendor/bundle/ruby/3.0/gems/a/a.rb",
        "Cargo.toml vendor/serde/.cargo-checksum.json vendor/serde/src/lib.rs",
        "a.c third_party/zlib/LICENSE third_party/zlib/inflate.c",
        "a.c src/3rdparty/json/COPYING.txt src/3rdparty/json/json.hpp",
        "a.go vendor/example.org/owner/tool/LICENSE vendor/example.org/owner/tool/a.go",
        "a.py thirdparty/tool/setup.py thirdparty/tool/tool/core.py",
        "a.js vendor/widget/package.json vendor/widget/index.js",
        "a.c third-party/lib/LICENCE-MIT third-party/lib/a.c third-party/README.md third-party/CMakeLists.txt",
        "a.py x/_vendor/vendor.txt x/_vendor/six.py",
        "a.rb vendor/tool/tool.gemspec vendor/tool/lib/tool.rb",
        "a.c third_party/LICENSE third_party/a.c",
    ],
)
def test_foreign_folders(paths: str) -> None:
    own, foreign = split(paths)
    assert own == {paths.split()[0]}
    assert foreign


@pytest.mark.parametrize(
    "paths",
    [
        "pyproject.toml vendor/__init__.py vendor/models.py vendor/payouts.py",
        "go.mod internal/vendor/vendor.go internal/vendor/store.go",
        "pom.xml src/main/java/shop/vendor/Vendor.java",
        "package.json src/vendor/vendor.service.ts src/vendor/README.md",
        "services/orders/package.json services/vendor/package.json services/vendor/index.js",
        "CMakeLists.txt third_party/glue.c third_party/glue.h third_party/CMakeLists.txt",
        "a.py lib/vendors/a.py vendoring/b.py",
    ],
)
def test_own_folders(paths: str) -> None:
    assert split(paths)[1] == set()


def test_of_a_mixed_folder_only_the_foreign_part_is_left_out() -> None:
    own, foreign = split("a.py vendor/models.py vendor/payouts/pay.py vendor/acme/LICENSE vendor/acme/acme.py")
    assert foreign == {"vendor/acme/LICENSE", "vendor/acme/acme.py"}
    assert own == {"a.py", "vendor/models.py", "vendor/payouts/pay.py"}


def test_the_detail_names_what_gave_it_away() -> None:
    names = ("third_party/zlib/LICENSE", "third_party/zlib/a.c", "vendor/modules.txt", "vendor/x/a.go")
    folders = VendoredFolders(tuple(Entry(name, 1, None, 0o100644) for name in names), None)
    assert folders.find("third_party/zlib/a.c") == "third_party/zlib/ has its own LICENSE, as most in third_party/"
    assert folders.find("vendor/x/a.go") == "vendor/ is filled by a package manager: it holds modules.txt"
