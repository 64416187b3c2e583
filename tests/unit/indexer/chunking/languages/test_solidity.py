"""The table of Solidity."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, found_in

SOLIDITY = """\
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.0;

uint constant MAX = 3;

/// @title Client
contract Client is Base, IClient {
    uint256 public count;
    uint constant LIMIT = 4;
    struct Order { uint id; }
    enum Color { Red, Green }
    event Sent(address who);
    error Failed(uint code);
    modifier onlyOwner() { _; }

    constructor(string memory url) { count = 1; }

    /// Retries.
    function retry(uint times) public onlyOwner returns (uint) {
        return times;
    }
    receive() external payable {}
    fallback() external {}
}

interface IClient { function retry(uint times) external returns (uint); }
library Math { function add(uint a, uint b) internal pure returns (uint) { return a + b; } }
function free(uint x) pure returns (uint) { return x; }
type Id is uint256;
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("MAX", "constant", 4, 4),
        ("Client", "class", 6, 24),
        ("Client.count", "field", 8, 8),
        ("Client.LIMIT", "field", 9, 9),
        ("Client.Order", "struct", 10, 10),
        ("Client.Color", "enum", 11, 11),
        ("Client.Sent", "event", 12, 12),
        ("Client.Failed", "type", 13, 13),
        ("Client.onlyOwner", "method", 14, 14),
        ("Client.constructor", "constructor", 16, 16),
        ("Client.retry", "method", 18, 21),
        ("Client.receive", "method", 22, 22),
        ("Client.fallback", "method", 23, 23),
        ("IClient", "interface", 26, 26),
        ("IClient.retry", "method", 26, 26),
        ("Math", "module", 27, 27),
        ("Math.add", "method", 27, 27),
        ("free", "function", 28, 28),
        ("Id", "type", 29, 29),
    ]
    assert found_in("Client.sol", SOLIDITY) == expected
