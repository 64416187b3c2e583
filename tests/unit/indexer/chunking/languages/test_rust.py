"""The table of Rust."""

from __future__ import annotations

from indexer.chunking.languages.table import language_name_of
from tests.unit.indexer.chunking.definition_finding import kinds_in

RUST = """
const LIMIT: u8 = 3;
static NAME: &str = "x";
type Id = u8;
macro_rules! say { () => {} }
#[derive(Debug)]
pub struct Client<T> { n: T }
pub enum Mode { A }
pub trait Shape { const SIDES: u8; fn draw(&self); fn twice(&self) {} }
impl<T> Shape for x::Client<T> { fn draw(&self) { fn inner() {} } }
mod deep { pub fn helper() {} }
extern "C" { fn puts(s: u8); }
"""


def test_finds_every_definition() -> None:
    expected = {
        ("constant", "LIMIT"),
        ("variable", "NAME"),
        ("type", "Id"),
        ("macro", "say"),
        ("struct", "Client"),
        ("enum", "Mode"),
        ("trait", "Shape"),
        ("constant", "Shape.SIDES"),
        ("method", "Shape.draw"),
        ("method", "Shape.twice"),
        ("impl", "Client"),
        ("method", "Client.draw"),
        ("function", "Client.draw.inner"),
        ("module", "deep"),
        ("function", "deep.helper"),
        ("function", "puts"),
    }
    assert language_name_of("a.rs", RUST) == "rust"
    assert kinds_in("a.rs", RUST) == expected
