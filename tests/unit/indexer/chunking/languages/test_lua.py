"""The table of Lua."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

LUA = """\
#!/usr/bin/env lua
-- Clients.
local M = {}
local MAX_RETRIES = 3
GLOBAL = 1
local Client, Other = {}, 2

--- Retries.
-- @param times how often
function M.retry(times)
  local function inner() return 1 end
  local x = function() end
  return inner()
end

function Client:send(a)
  self.x = a
end

local function helper(a)
  return a
end

M.config = {
  url = 'x',
  on_error = function(e)
    return e
  end,
}
M.create = function(url) return {} end
local later = function() end
Client.deep.nested = function() end
function plain() end
if jit then
  function M.only() end
end
H.default = vim.deepcopy(M.config)
return M
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("MAX_RETRIES", "constant", 4, 4),
        ("GLOBAL", "constant", 5, 5),
        ("M.retry", "function", 8, 14),
        ("M.retry.inner", "function", 11, 11),
        ("M.retry.x", "function", 12, 12),
        ("Client.send", "function", 16, 18),
        ("helper", "function", 20, 22),
        ("M.config", "constant", 24, 29),
        ("M.config.on_error", "function", 26, 28),
        ("M.create", "function", 30, 30),
        ("later", "function", 31, 31),
        ("Client.deep.nested", "function", 32, 32),
        ("plain", "function", 33, 33),
        ("M.only", "function", 35, 35),
    ]
    assert found_in("client.lua", LUA) == expected


def test_wrapped_lua_functions_are_functions() -> None:
    text = "H.update = vim.schedule_wrap(function(id)\n  return id\nend)\nH.notify = H.notify or function() end\n"
    assert found_in("h.lua", text) == [("H.update", "function", 1, 3), ("H.notify", "function", 4, 4)]


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("client.lua", LUA, "M.retry") == "--- Retries."
