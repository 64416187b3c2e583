"""The table of PHP."""

from __future__ import annotations

from indexer.chunking.languages.table import language_name_of
from tests.unit.indexer.chunking.definition_finding import kinds_in

PHP = """<?php
namespace App\\Http;
const LIMIT = 3;
interface Shape { public function draw(); }
trait Loud { function shout() {} }
enum Mode: int { case A = 1; const B = self::A; public static function of() {} }
#[Attr]
final class Client { use Loud; const X = 2; public $y = 1; abstract function run(); function __construct() {} }
function helper() {}
"""


def test_finds_every_definition() -> None:
    expected = {
        ("constant", "LIMIT"),
        ("interface", "Shape"),
        ("method", "Shape.draw"),
        ("trait", "Loud"),
        ("method", "Loud.shout"),
        ("enum", "Mode"),
        ("constant", "Mode.B"),
        ("method", "Mode.of"),
        ("class", "Client"),
        ("constant", "Client.X"),
        ("field", "Client.$y"),
        ("method", "Client.run"),
        ("method", "Client.__construct"),
        ("function", "helper"),
    }
    assert language_name_of("a.php", PHP) == "php"
    assert kinds_in("a.php", PHP) == expected
