"""The table of Nix."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

NIX = """\
{ pkgs ? import <nixpkgs> {} }:
let
  version = "1.0";
  # patches
  patched = drv: patches:
    drv.overrideAttrs (old: { inherit patches; });
  mk = { name, ... }: {
    services.${name} = 1;
  };
in rec {
  inherit version;
  makeUnit = name: cmd: {
    x = name;
  };
  pkg = pkgs.stdenv.mkDerivation {
    pname = "x";
    buildPhase = ''
      make
    '';
  };
  a.b.c = x: x;
}
"""


def test_finds_functions_and_longer_attributes() -> None:
    expected: Found = [
        ("patched", "function", 4, 6),
        ("mk", "function", 7, 9),
        ("makeUnit", "function", 12, 14),
        ("pkg", "attribute", 15, 20),
        ("pkg.buildPhase", "attribute", 17, 19),
        ("a.b.c", "function", 21, 21),
    ]
    assert found_in("lib.nix", NIX) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("lib.nix", NIX, "patched") == "# patches"
