"""OCaml's interface files: the same language and rules, and a grammar of their own."""

from __future__ import annotations

from dataclasses import replace

from indexer.chunking.languages import ocaml

LANGUAGE = replace(ocaml.LANGUAGE, grammar="ocaml_interface", extensions=(".mli", ".eliomi"), interpreters=())
