"""The table of Luau."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

LUAU = """\
--!strict
local Gate = {}
Gate.__index = Gate
export type Gate = {
	open: boolean,
}
type Fn<T> = (T) -> T
local MAX = 3
-- moves
local function slideTo(part: Part, goal: CFrame): Tween
	return 1
end
function Gate.new(): Gate
	return setmetatable({}, Gate)
end
function Gate:open(): ()
	self.opened = true
end
Gate.close = function(self: Gate)
end
return Gate
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("Gate", "type", 4, 6),
        ("Fn", "type", 7, 7),
        ("MAX", "constant", 8, 8),
        ("slideTo", "function", 9, 12),
        ("Gate.new", "function", 13, 15),
        ("Gate.open", "function", 16, 18),
        ("Gate.close", "function", 19, 20),
    ]
    assert found_in("Door.luau", LUAU) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("Door.luau", LUAU, "slideTo") == "-- moves"


def test_functions_on_types_are_functions() -> None:
    text = "local function before() end\n\nexport type function part(it)\n  return 1\nend\n\nfunction after() end\n"
    expected: Found = [("before", "function", 1, 1), ("part", "function", 3, 5), ("after", "function", 7, 7)]
    assert found_in("types.luau", text) == expected
