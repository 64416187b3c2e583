"""Which host is offered which token, and what is no list of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.config import load_settings
from codesearch.core.errors import ConfigurationError
from codesearch.core.git_tokens import find_token, parse_tokens

TOKENS = "GitHub.com=one, git.example.org=two\ngit.example.org:8443=three,127.0.0.1=four=4,[::1]:80=five"


@pytest.mark.parametrize(
    ("address", "token"),
    [
        ("https://github.com/acme/shop", "one"),
        ("https://GITHUB.com:443/acme/shop", "one"),
        ("https://somebody@github.com/acme/shop", "one"),
        ("https://git.example.org/acme", "two"),
        ("https://git.example.org:8443/acme", "three"),
        ("http://127.0.0.1:3000/acme", "four=4"),
        ("http://[::1]:80/acme", "five"),
        ("https://old.example.org/acme", "old"),
        # Others, and a network in the clear, get none.
        ("http://git.example.org/acme", None),
        ("https://github.com.evil.example/acme", None),
        ("https://evil.example/github.com", None),
        ("https://github.com@evil.example/acme", None),
        ("https://sub.github.com/acme", None),
        ("ssh://git@github.com/acme/shop", None),
        ("git@github.com:acme/shop", None),
        ("file:///github.com", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_each_host_gets_its_own_token_alone(monkeypatch: pytest.MonkeyPatch, address: str, token: str | None) -> None:
    monkeypatch.setenv("CODESEARCH_GIT_TOKENS", TOKENS)
    settings = load_settings(git_token="old", git_token_host="old.example.org")
    assert find_token(address, settings) == token
    assert "four" not in repr(settings)


def test_the_one_token_is_for_its_host_unless_that_has_another() -> None:
    settings = load_settings(git_token=" old ", git_tokens=["git.example.org=new"])
    assert find_token("https://github.com/a/b", settings) == "old"
    assert find_token("https://git.example.org/a/b", settings) == "new"
    settings = load_settings(git_token="old", git_tokens=["github.com=new"])
    assert find_token("https://github.com/a/b", settings) == "new"
    assert find_token("https://github.com/a/b", load_settings()) is None


def test_a_file_has_them_as_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "codesearch" / "config.toml"
    file.parent.mkdir()
    file.write_text('[git_tokens]\n"github.com" = "one"\n"git.example.org:8443" = "two"\n')
    file.chmod(0o600)
    settings = load_settings()
    assert find_token("https://github.com/a", settings) == "one"
    assert find_token("https://git.example.org:8443/a", settings) == "two"


@pytest.mark.parametrize("wrong", ["sesame", "=sesame", "a b=sesame", "github.com=", "https://github.com=sesame"])
def test_what_is_no_list_of_tokens_is_said_without_them(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("CODESEARCH_GIT_TOKENS", f"git.example.org=open,{wrong}")
    with pytest.raises(ConfigurationError, match=r"CODESEARCH_GIT_TOKENS: .*number 2 is not HOST=TOKEN") as caught:
        load_settings()
    assert "sesame" not in caught.value.message
    assert "open" not in caught.value.message
    monkeypatch.setenv("CODESEARCH_GIT_TOKENS", "git.example.org=open,GIT.example.org=sesame")
    with pytest.raises(ConfigurationError, match="has a token already"):
        load_settings()


HOSTS = st.from_regex(r"[a-z0-9]{1,8}(\.[a-z0-9]{1,8}){0,2}", fullmatch=True)
# Whatever can be seen, but for the comma between two.
SECRETS = st.from_regex(r"[!-+\--~]{1,12}", fullmatch=True)


@given(st.dictionaries(HOSTS, SECRETS))
def test_what_is_written_is_read(tokens: dict[str, str]) -> None:
    text = ",".join(f"{host}={token}" for host, token in tokens.items())
    assert dict(parse_tokens(text)) == tokens == dict(parse_tokens(tokens))
