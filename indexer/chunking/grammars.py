"""Which package each grammar comes from, and its loading, when it is first asked for: the only import of grammars.

One bundle for most, and the packages of single grammars that read more: docs/decisions/0026-grammars-that-move.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from tree_sitter import LANGUAGE_VERSION, MIN_COMPATIBLE_LANGUAGE_VERSION
from tree_sitter import Language as Grammar

from codesearch.core.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class GrammarPackage:
    """A package with grammars: its name on PyPI with what pyproject.toml asks for, the module, the function of it.

    The function of a bundle takes the grammar's name, that of a single grammar nothing.
    """

    name: str
    versions: str
    module: str
    function: str = "language"
    is_bundle: bool = False


BUNDLE = GrammarPackage(
    "tree-sitter-language-pack", ">=0.13,<1", "tree_sitter_language_pack", "get_binding", is_bundle=True
)

PACKAGES: Mapping[str, GrammarPackage] = {
    **dict.fromkeys(
        (
            "ada apex bash c clojure cmake commonlisp cpp cuda d elixir elm erlang gdscript glsl go groovy haskell hcl"
            " hlsl java javascript json julia kotlin luau matlab nim nix objc ocaml ocaml_interface pascal perl"
            " powershell puppet python r ruby rust solidity starlark tsx typescript vhdl zig"
        ).split(),
        BUNDLE,
    ),
    "csharp": GrammarPackage("tree-sitter-c-sharp", ">=0.23.5,<1", "tree_sitter_c_sharp"),
    "dart": GrammarPackage("tree-sitter-dart", ">=0.1,<1", "tree_sitter_dart"),
    "fsharp": GrammarPackage("tree-sitter-fsharp", ">=0.3.12,<1", "tree_sitter_fsharp"),
    "lua": GrammarPackage("tree-sitter-lua", ">=0.5,<1", "tree_sitter_lua"),
    "php": GrammarPackage("tree-sitter-php", ">=0.25.1,<1", "tree_sitter_php", "language_php"),
    "scala": GrammarPackage("tree-sitter-scala", ">=0.26.3,<1", "tree_sitter_scala"),
    "swift": GrammarPackage("tree-sitter-swift", ">=0.7.4,<1", "tree_sitter_swift"),
    "yaml": GrammarPackage("tree-sitter-yaml", ">=0.7.2,<1", "tree_sitter_yaml"),
}


@cache
def grammar_of(name: str) -> Grammar:
    """Load a grammar, once per process.

    Raises KeyError for one that is not in the table, ConfigurationError with the remedy where its package is missing,
    lacks it, or holds it in a format that tree-sitter does not read here.
    """
    package = PACKAGES[name]
    try:
        load = getattr(import_module(package.module), package.function)
        pointer = load(name) if package.is_bundle else load()
    except (ImportError, AttributeError, LookupError) as error:
        raise ConfigurationError(_missing(name, package)) from error
    grammar = Grammar(pointer)
    if not MIN_COMPATIBLE_LANGUAGE_VERSION <= grammar.abi_version <= LANGUAGE_VERSION:
        raise ConfigurationError(_unreadable(package))
    return grammar


def _missing(name: str, package: GrammarPackage) -> str:
    installed = _installed_version(package.name)
    found = f"{package.name} {installed} does not have it" if installed else f"{package.name} is not installed"
    remedy = f"pip install --force-reinstall --no-deps '{package.name}{package.versions}'"
    return f"no grammar for {name}: {found}; run: {remedy}"


def _unreadable(package: GrammarPackage) -> str:
    return (
        f"{package.name} {_installed_version(package.name)} does not fit tree-sitter"
        f" {_installed_version('tree-sitter')}, which reads grammars of format {MIN_COMPATIBLE_LANGUAGE_VERSION} to"
        f" {LANGUAGE_VERSION};"
        f" run: pip install --upgrade tree-sitter '{package.name}{package.versions}'"
    )


def _installed_version(name: str) -> str | None:
    # Half as long in loading as all of indexing's own modules, for a message that is rarely needed.
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None
