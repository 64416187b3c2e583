"""The table of TypeScript."""

from __future__ import annotations

from indexer.chunking.languages.table import language_name_of
from tests.unit.indexer.chunking.definition_finding import kinds_in

TYPESCRIPT = """
export function f(a: string): void;
export function f(a: number): void;
export interface Api { send(a: string): void; size: number }
export type Id = string;
export const enum Color { Red }
abstract class Base { abstract run(): void; private x = 1; }
namespace Inner.Deep { export const helper = () => 1; }
declare module "lib" { export function g(): void; }
"""


def test_finds_every_definition() -> None:
    expected = {
        ("function", "f"),
        ("interface", "Api"),
        ("method", "Api.send"),
        ("field", "Api.size"),
        ("type", "Id"),
        ("enum", "Color"),
        ("class", "Base"),
        ("method", "Base.run"),
        ("field", "Base.x"),
        ("namespace", "Inner.Deep"),
        ("function", "Inner.Deep.helper"),
        ("module", "lib"),
        ("function", "lib.g"),
    }
    assert language_name_of("a.ts", TYPESCRIPT) == "typescript"
    assert kinds_in("a.ts", TYPESCRIPT) == expected
