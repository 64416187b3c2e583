"""Why files are skipped: by their path, by the comment at their head, by their lines, by their bytes."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.source import skipping
from indexer.source.generated import find_generated_marker
from indexer.source.minified import find_minified_line
from indexer.source.skipping import SkipReason, judge_name, name_problem, printable_path, vendored_folder
from tests.unit.indexer.source.decoded import decode_text


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("package-lock.json", SkipReason.VENDORED),
        ("crates/x/Cargo.lock", SkipReason.VENDORED),
        ("Gemfile.lock", SkipReason.VENDORED),
        ("go.sum", SkipReason.VENDORED),
        ("uv.lock", SkipReason.VENDORED),
        ("js/app.min.js", SkipReason.MINIFIED),
        ("css/site.MIN.css", SkipReason.MINIFIED),
        ("lib/jquery-min.js", SkipReason.MINIFIED),
        ("js/app.js.map", SkipReason.GENERATED),
        ("api/v1/service.pb.go", SkipReason.GENERATED),
        ("api/service_pb2.py", SkipReason.GENERATED),
        ("api/service_pb2_grpc.py", SkipReason.GENERATED),
        ("lib/model.g.dart", SkipReason.GENERATED),
        ("lib/model.freezed.dart", SkipReason.GENERATED),
        ("Forms/Main.Designer.cs", SkipReason.GENERATED),
        ("ui/__snapshots__/button.txt", SkipReason.GENERATED),
        ("ui/button.test.tsx.snap", SkipReason.GENERATED),
        ("api/zz_generated.deepcopy.go", SkipReason.GENERATED),
        ("logo.PNG", SkipReason.BINARY),
        ("lib/tool.jar", SkipReason.BINARY),
        ("icon.svg", None),
        ("data.csv", None),
        ("src/map.js", None),
        ("src/locks.py", None),
        ("src/admin.js", None),
        ("src/snap", None),
        ("Makefile", None),
        ("src/pb2.py", None),
        ("design/designer.cs", None),
        ("a/png", None),
    ],
)
def test_names(path: str, reason: SkipReason | None) -> None:
    verdict = judge_name(path)
    assert (verdict and verdict[0]) == reason


@pytest.mark.parametrize(
    ("folder", "files", "vendored"),
    [
        ("node_modules", [], True),
        ("packages/a/node_modules", [], True),
        ("src/third_party", [], False),
        (".venv", [], True),
        ("vendor", ["go.mod"], False),
        ("app/assets/vendor", [], True),
        ("src/com/shop/vendor", [], False),
        ("src/vendors", [], False),
        ("dist", [], True),
        ("packages/a/dist", ["packages/a/package.json"], True),
        ("src/probability/dist", [], False),
        ("build", [], False),
        ("go/build", ["go.mod"], False),
        ("app/build", ["app/build.gradle.kts"], True),
        ("target", ["Cargo.toml"], True),
        ("service/target", ["service/pom.xml"], True),
        ("game/target", ["Cargo.toml"], False),
        ("Pods", [], True),
        ("app/Pods", ["app/Podfile"], True),
        ("app/Pods", ["app/Cartfile"], False),
        ("app/Carthage", ["app/Cartfile"], True),
        ("app/Carthage", ["app/Podfile"], False),
        ("deps", [], False),
        ("deps", ["mix.exs"], True),
        ("bin", [], False),
    ],
)
def test_folders(folder: str, files: list[str], vendored: bool) -> None:
    parent, _, name = folder.rpartition("/")
    found = vendored_folder(f"{parent}/" if parent else "", name, files.__contains__)
    assert bool(found) is vendored


@pytest.mark.parametrize(
    ("extension", "text", "minified"),
    [
        ("js", "var a=1;" * 1000, True),
        ("js", ("var a=1;" * 50 + "\n") * 20, True),
        ("css", "a{b:c}" * 2000 + "\n", True),
        ("json", '{"a": 1, ' * 4000, True),
        ("html", "<b>x</b>" * 4000, True),
        ("js", "var a = 1;\n" * 1000, False),
        ("js", "var a = 1;\n" * 3000 + "x" * 6000, False),
        ("js", "var a=1;" * 100, False),
        ("json", '{"a": 1, ' * 1000, False),
        ("csv", "1,2,3," * 10_000, False),
        ("md", "long prose " * 5000, False),
        ("svg", "<path/>" * 9000, False),
        ("py", "x = [" + "1, " * 20_000 + "]", False),
        ("js", "const t = [" + "1," * 9000 + "]\n\nexport function at(i) {\n  return t[i]\n}\n", False),
        ("js", "/*!\n * lib\n * licence\n */\n" + "x();" * 9000 + "\n//# sourceMappingURL=x\n", True),
        ("js", "/* lib */\n" + "x();" * 9000 + "\ny()\n", True),
    ],
)
def test_minified_files(extension: str, text: str, minified: bool) -> None:
    assert bool(find_minified_line(text, extension)) is minified


TEXT = "naïve café\r\nsecond line\n\ttabbed – 公共\f\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
        codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
    ],
)
def test_unicode_encodings_keep_line_ends_and_lose_the_mark(content: bytes) -> None:
    assert decode_text(content) == TEXT


def test_western_text() -> None:
    text = "# Größe des Cafés: naïve Zeichen\nsize = 1\n"
    assert decode_text(text.encode("latin-1")) == text
    assert decode_text("price = “5 €”\n".encode("cp1252")) == "price = “5 €”\n"
    assert decode_text(b"caf\xe9 \x81\n" + b"x = 1\n" * 50) == "café \x81\n" + "x = 1\n" * 50


def test_damaged_utf8_keeps_what_is_good() -> None:
    text = "Grüße, größer, Öfen, Übung, Ärger, weiß\n"
    damaged = text.encode() + b"broken: \xc3\n"
    assert decode_text(damaged) == text + "broken: \ufffd\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x7fELF\0\0\0", SkipReason.BINARY),
        (b"text with a \0 in it", SkipReason.BINARY),
        ("no mark".encode("utf-16-le"), SkipReason.BINARY),
        (codecs.BOM_UTF16_LE + "a\0b".encode("utf-16-le"), SkipReason.BINARY),
        (bytes(range(1, 32)) * 20, SkipReason.BINARY),
        (b"%PDF-1.4\n", SkipReason.BINARY),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", SkipReason.LFS_POINTER),
        (codecs.BOM_UTF16_LE + b"a", SkipReason.UNDECODABLE),
        ("x = 'Я'\n".encode("cp1251"), SkipReason.UNDECODABLE),
        (b"\x80\x81\xfe\xff" * 50, SkipReason.UNDECODABLE),
    ],
)
def test_what_is_no_text(content: bytes, reason: SkipReason) -> None:
    verdict = decode_text(content)
    assert isinstance(verdict, tuple)
    assert verdict[0] is reason


@given(st.binary(max_size=300))
def test_any_bytes_are_text_without_nul_or_a_reason(content: bytes) -> None:
    verdict = decode_text(content)
    if isinstance(verdict, str):
        assert "\0" not in verdict
        verdict.encode("utf-8")
    else:
        assert isinstance(verdict[0], SkipReason)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"))))
def test_utf8_text_comes_back_as_it_is(text: str) -> None:
    assert decode_text(text.encode()) == text.removeprefix("\ufeff")


@given(st.text(max_size=400), st.sampled_from(["py", "js", "md", "json", ""]))
def test_any_text_can_be_judged(text: str, extension: str) -> None:
    marker = find_generated_marker(text, extension)
    assert marker is None or marker.strip()
    assert find_minified_line(text, extension) is None


@pytest.mark.parametrize(
    ("path", "fine"),
    [
        ("a/ü b.py", True),
        ("a\nb", False),
        ("a\udcffb", False),
        ("a/../b", False),
        ("x/.git/config", False),
        ("/a", False),
    ],
)
def test_paths_that_cannot_be_stored(path: str, fine: bool) -> None:
    assert (name_problem(path) is None) is fine
    printable_path(path).encode("utf-8")
    assert printable_path(path).isprintable()


PIECES = [
    *".:-:_:min:js:mjs:css:html:map:snap:pb:pb2:grpc:go:gw:py:pyi:rb:ts:d:dart:g:i:freezed:cs:vb:designer".split(":"),
    *"generated:zz_generated:tsbuildinfo:a:x1".split(":"),
]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join))
def test_what_is_looked_at_quickly_is_what_the_expressions_find(name: str) -> None:
    judged = judge_name(f"src.min/{name}")
    expected = (
        SkipReason.MINIFIED
        if skipping._MINIFIED_NAME.search(name)
        else SkipReason.GENERATED
        if skipping._GENERATED_NAME.search(name)
        else None
    )
    assert (judged[0] if judged is not None else None) == expected
