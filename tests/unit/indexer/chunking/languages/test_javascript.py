"""The table of JavaScript."""

from __future__ import annotations

from indexer.chunking.languages.table import language_name_of
from tests.unit.indexer.chunking.definition_finding import kinds_in

JAVASCRIPT = """
const LIMIT = 3;
const add = (a, b) => a + b;
exports.open = function () {};
Client.prototype.retry = function () {};
module.exports = { close() {}, stop: function () {} };
async function* stream() {}
class Client { #x = 1; run = () => 1; static of() {} get size() { return 1; } }
describe("client", () => { it("retries", () => {}); });
"""


def test_finds_every_definition() -> None:
    expected = {
        ("constant", "LIMIT"),
        ("function", "add"),
        ("function", "open"),
        ("function", "Client.retry"),
        ("method", "close"),
        ("function", "stop"),
        ("function", "stream"),
        ("class", "Client"),
        ("field", "Client.#x"),
        ("method", "Client.run"),
        ("method", "Client.of"),
        ("method", "Client.size"),
        ("test", "client"),
        ("test", "client.retries"),
    }
    assert language_name_of("a.js", JAVASCRIPT) == "javascript"
    assert kinds_in("a.js", JAVASCRIPT) == expected
