"""The tables of Lua, Bash, R, Julia, Perl, SQL, Zig, Nim, Solidity and PowerShell, each on a snippet."""

from __future__ import annotations

from indexer.chunking.languages.table import language_of
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
BASH = """\
#!/usr/bin/env bash
# Clients.
set -e
readonly MAX_RETRIES=3
export URL="x"
counter=0
declare -A MAP
alias ll='ls -l'

# Retries.
# Twice.
retry() {
  local x=1
  inner() {
    echo 1
  }
  for i in 1 2; do echo $i; done
}

function helper {
  y=2
}

function both() { echo; }
sub() (
  echo 1
)
if [ -n "$X" ]; then
  conditional() {
    echo
  }
fi
{
  inbrace() { :; }
}
nvm_has() {
  type "$1" > /dev/null 2>&1
}
redirected() { echo; } >&2
main "$@"
"""
R = r"""# Clients.
library(httr)
MAX_RETRIES <- 3

#' Retries.
#' @param times how often
retry <- function(client, times = 3) {
  inner <- function(x) x
  y <- 1
  inner(times)
}

helper = function(x) {
  x
}
lam <- \(x) x + 1
`%+%` <- function(a, b) paste0(a, b)
print.client <- function(x, ...) {
  cat("x")
}
setClass("Client", representation(url = "character"))
setGeneric("send", function(object, ...) standardGeneric("send"))
setMethod("send", "Client", function(object, ...) {
  1
})
Stack <- R6Class("Stack",
  public = list(
    items = NULL,
    push = function(x) {
      self$items <- c(self$items, x)
    },
    pop = function() 1
  ),
  private = list(
    secret = function() 2
  )
)
Person <- setRefClass("Person", fields = list(name = "character"),
  methods = list(
    greet = function() {
      1
    }))
test_that("retry works", {
  expect_equal(1, 1)
})
if (TRUE) {
  cond <- function() 1
}
config$handler <- function() 1
"quoted" <- function() 1
"""
JULIA = '''\
"""
Clients.
"""
module Shop

using HTTP
export retry

const MAX_RETRIES = 3
counter = 0

"Talks."
struct Client <: Base
    url::String
    retries::Int
    Client(url) = new(url, 3)
    function Client(url, n)
        new(url, n)
    end
end

mutable struct Session{T}
    id::T
end

abstract type Shape end
primitive type Byte8 8 end

"""
    retry(c, n)

Retries.
"""
function retry(c::Client, n::Int=3; token=nothing)::Int
    inner(x) = x + 1
    y = 1
    return inner(n)
end

# short
area(s::Shape) = 1.0
Base.show(io::IO, c::Client) = print(io, "x")
function Base.length(c::Client) where T
    1
end
function (c::Client)(x)
    x
end
macro retrying(ex)
    esc(ex)
end
@enum Color red green blue
Base.@kwdef struct Options
    a::Int = 1
end
@inline fast(x) = x
@inline function faster(x)
    x
end
const Handler = Function
f(x::T) where {T} = x
increment = x -> x + 1
function forward end
@testset "retry" begin
    @test 1 == 1
end
baremodule Inner
h() = 1
end
if true
    cond() = 1
end
end
'''
PERL = """\
#!/usr/bin/perl
# Clients.
package Shop::Client;
use strict;
use warnings;
use constant MAX_RETRIES => 3;
use constant { A => 1, B => 2 };
our $VERSION = '1.0';
my %cache;

=head2 retry

Retries.

=cut

sub retry {
    my ($self, $times) = @_;
    my $f = sub { 1 };
    return $self->send($times);
}

# Makes.
sub new {
    my $class = shift;
    return bless {}, $class;
}

sub with_proto($$) { return 1; }

package Shop::Session;

sub id { 1 }

package Shop::Block {
    sub inner { 2 }
}

BEGIN {
    sub in_begin { 1 }
}

1;
"""
SQL = """\
-- Clients.
CREATE TABLE IF NOT EXISTS shop.clients (
    id SERIAL PRIMARY KEY,
    url TEXT NOT NULL
);

/* Orders. */
create table "orders" (id int);

CREATE INDEX idx_clients ON clients (url);
CREATE UNIQUE INDEX IF NOT EXISTS idx2 ON clients (id);

CREATE OR REPLACE VIEW active AS
SELECT * FROM clients;

CREATE MATERIALIZED VIEW mv AS SELECT 1;

-- Retries.
CREATE OR REPLACE FUNCTION retry(times integer)
RETURNS integer AS $$
BEGIN
    RETURN times + 1;
END;
$$ LANGUAGE plpgsql;

CREATE PROCEDURE do_it(IN a INT)
BEGIN
    SELECT 1;
END;

CREATE TRIGGER trg BEFORE INSERT ON clients
FOR EACH ROW EXECUTE FUNCTION retry();

CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE SCHEMA shop;
CREATE SEQUENCE seq1;
CREATE DATABASE db1;
CREATE ROLE bob;
CREATE EXTENSION hstore;
ALTER TABLE clients ADD COLUMN x int;
INSERT INTO clients VALUES (1, 'x');
SELECT 1;
CREATE TABLE after_all (id int);
"""
ZIG = """\
//! Clients.
const std = @import("std");

/// Longest wait.
pub const max_wait: u32 = 30;
var counter: usize = 0;
const Handler = *const fn (u8) void;
pub const Error = error{ Busy, Gone };

/// Talks.
pub const Client = struct {
    url: []const u8,
    retries: u32 = 3,

    const Self = @This();
    pub const version = "1";

    /// Retries.
    pub fn retry(self: *Self, times: u32) !void {
        const local = 1;
        const Inner = struct {
            fn go() void {}
        };
        _ = local;
    }

    const Session = struct { id: u32 };

    test "nested" {}
};

const Color = enum(u8) { red, green,
    fn hex(self: Color) u8 { return 1; }
};
const Shape = union(enum) { circle: f32, square };
pub fn List(comptime T: type) type {
    return struct {
        items: []T,
        pub fn append(self: *@This(), item: T) void {}
    };
}
pub extern "c" fn c_sin(x: f64) f64;
export fn exported() void {}
inline fn inl() void {}
test "retry works" {
    try std.testing.expect(true);
}
test retry {}
test {
    _ = Client;
}
comptime {
    _ = 1;
}
const Op = opaque {};
usingnamespace @import("x");
"""
NIM = """\
## Clients.
import std/strutils

const MaxWait* = 30
var counter = 0

type
  Client* = ref object of RootObj
    url*: string
  Color = enum
    red, green

proc retry*(c: Client, times: int): int =
  ## Retries.
  proc inner(x: int): int = x
  result = inner(times)

func area(r: float): float = r
method speak(c: Client) {.base.} = discard
iterator items(c: Client): int =
  yield 1
template unless(x: bool, body: untyped) =
  if not x: body
macro mk(x: untyped): untyped = x
converter toInt(c: Client): int = 1
"""
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
POWERSHELL = """\
# Clients.
param([string]$Url)
$MaxWait = 30

<#
.SYNOPSIS
Retries.
#>
function Invoke-Retry {
    [CmdletBinding()]
    param([int]$Times)
    function Inner { 1 }
    return $Times
}

filter Get-Even { if ($_ % 2 -eq 0) { $_ } }

class Client : Base {
    [string]$Url
    Client([string]$url) { $this.Url = $url }
    [int] Retry([int]$times) {
        return $times
    }
    static [Client] Create() { return [Client]::new('x') }
}
enum Color { Red; Green }
"""


def test_finds_every_definition_of_lua() -> None:
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


def test_finds_every_definition_of_bash() -> None:
    expected: Found = [
        ("MAX_RETRIES", "constant", 4, 4),
        ("URL", "variable", 5, 5),
        ("ll", "alias", 8, 8),
        ("retry", "function", 10, 18),
        ("retry.inner", "function", 14, 16),
        ("helper", "function", 20, 22),
        ("both", "function", 24, 24),
        ("sub", "function", 25, 27),
        ("conditional", "function", 29, 31),
        ("inbrace", "function", 34, 34),
        ("nvm_has", "function", 36, 38),
        ("redirected", "function", 39, 39),
    ]
    assert found_in("client.sh", BASH) == expected


def test_finds_every_definition_of_r() -> None:
    expected: Found = [
        ("MAX_RETRIES", "constant", 3, 3),
        ("retry", "function", 5, 11),
        ("retry.inner", "function", 8, 8),
        ("helper", "function", 13, 15),
        ("lam", "function", 16, 16),
        ("%+%", "function", 17, 17),
        ("print.client", "function", 18, 20),
        ("Client", "class", 21, 21),
        ("send", "function", 22, 22),
        ("Client.send", "method", 23, 25),
        ("Stack", "class", 26, 37),
        ("Stack.push", "method", 29, 31),
        ("Stack.pop", "method", 32, 32),
        ("Stack.secret", "method", 35, 35),
        ("Person", "class", 38, 42),
        ("Person.greet", "method", 40, 42),
        ("retry works", "test", 43, 45),
        ("cond", "function", 47, 47),
        ("config.handler", "function", 49, 49),
        ("quoted", "function", 50, 50),
    ]
    assert found_in("client.R", R) == expected


def test_finds_every_definition_of_julia() -> None:
    expected: Found = [
        ("Shop", "module", 1, 73),
        ("Shop.MAX_RETRIES", "constant", 9, 9),
        ("Shop.Client", "struct", 12, 20),
        ("Shop.Client.Client", "constructor", 16, 16),
        ("Shop.Client.Client", "constructor", 17, 19),
        ("Shop.Session", "struct", 22, 24),
        ("Shop.Shape", "type", 26, 26),
        ("Shop.Byte8", "type", 27, 27),
        ("Shop.retry", "function", 29, 38),
        ("Shop.retry.inner", "function", 35, 35),
        ("Shop.area", "function", 40, 41),
        ("Shop.Base.show", "function", 42, 42),
        ("Shop.Base.length", "function", 43, 45),
        ("Shop.Client", "function", 46, 48),
        ("Shop.retrying", "macro", 49, 51),
        ("Shop.Color", "enum", 52, 52),
        ("Shop.Options", "struct", 53, 55),
        ("Shop.fast", "function", 56, 56),
        ("Shop.faster", "function", 57, 59),
        ("Shop.Handler", "constant", 60, 60),
        ("Shop.f", "function", 61, 61),
        ("Shop.increment", "function", 62, 62),
        ("Shop.forward", "function", 63, 63),
        ("Shop.retry", "test", 64, 66),
        ("Shop.Inner", "module", 67, 69),
        ("Shop.Inner.h", "function", 68, 68),
        ("Shop.cond", "function", 71, 71),
    ]
    assert found_in("client.jl", JULIA) == expected


def test_finds_every_definition_of_perl() -> None:
    expected: Found = [
        ("Shop.Client", "module", 1, 3),
        ("Shop.Client.MAX_RETRIES", "constant", 6, 6),
        ("Shop.Client.A", "constant", 7, 7),
        ("Shop.Client.B", "constant", 7, 7),
        ("Shop.Client.VERSION", "variable", 8, 8),
        ("Shop.Client.retry", "function", 17, 21),
        ("Shop.Client.new", "function", 23, 27),
        ("Shop.Client.with_proto", "function", 29, 29),
        ("Shop.Session", "module", 31, 31),
        ("Shop.Session.id", "function", 33, 33),
        ("Shop.Block", "module", 35, 37),
        ("Shop.Block.inner", "function", 36, 36),
        ("Shop.Session.in_begin", "function", 40, 40),
    ]
    assert found_in("Client.pm", PERL) == expected


def test_finds_every_definition_of_sql() -> None:
    expected: Found = [
        ("shop.clients", "table", 1, 5),
        ("orders", "table", 7, 8),
        ("idx_clients", "index", 10, 10),
        ("idx2", "index", 11, 11),
        ("active", "view", 13, 14),
        ("mv", "view", 16, 16),
        ("retry", "function", 18, 24),
        ("do_it", "procedure", 26, 29),
        ("trg", "trigger", 31, 32),
        ("mood", "type", 34, 34),
        ("shop", "schema", 35, 35),
        ("seq1", "sequence", 36, 36),
        ("db1", "database", 37, 37),
        ("after_all", "table", 43, 43),
    ]
    assert found_in("schema.sql", SQL) == expected


def test_finds_every_definition_of_zig() -> None:
    expected: Found = [
        ("max_wait", "constant", 4, 5),
        ("counter", "variable", 6, 6),
        ("Handler", "type", 7, 7),
        ("Error", "type", 8, 8),
        ("Client", "struct", 10, 30),
        ("Client.url", "field", 12, 12),
        ("Client.retries", "field", 13, 13),
        ("Client.version", "constant", 16, 16),
        ("Client.retry", "method", 18, 25),
        ("Client.retry.go", "method", 22, 22),
        ("Client.Session", "struct", 27, 27),
        ("Client.Session.id", "field", 27, 27),
        ("Client.nested", "test", 29, 29),
        ("Color", "enum", 32, 34),
        ("Color.hex", "method", 33, 33),
        ("Shape", "union", 35, 35),
        ("Shape.circle", "field", 35, 35),
        ("List", "function", 36, 41),
        ("List.items", "field", 38, 38),
        ("List.append", "method", 39, 39),
        ("c_sin", "function", 42, 42),
        ("exported", "function", 43, 43),
        ("inl", "function", 44, 44),
        ("retry works", "test", 45, 47),
        ("retry", "test", 48, 48),
        ("Op", "struct", 55, 55),
    ]
    assert found_in("client.zig", ZIG) == expected


def test_finds_every_definition_of_nim() -> None:
    expected: Found = [
        ("MaxWait", "constant", 4, 4),
        ("Client", "type", 8, 9),
        ("Color", "type", 10, 11),
        ("retry", "function", 13, 16),
        ("retry.inner", "function", 15, 15),
        ("area", "function", 18, 18),
        ("speak", "method", 19, 19),
        ("items", "function", 20, 21),
        ("unless", "macro", 22, 23),
        ("mk", "macro", 24, 24),
        ("toInt", "function", 25, 25),
    ]
    assert found_in("client.nim", NIM) == expected


def test_finds_every_definition_of_solidity() -> None:
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


def test_finds_every_definition_of_powershell() -> None:
    expected: Found = [
        ("Invoke-Retry", "function", 5, 14),
        ("Invoke-Retry.Inner", "function", 12, 12),
        ("Get-Even", "function", 16, 16),
        ("Client", "class", 18, 25),
        ("Client.Client", "constructor", 20, 20),
        ("Client.Retry", "method", 21, 23),
        ("Client.Create", "method", 24, 24),
        ("Color", "enum", 26, 26),
    ]
    assert found_in("Client.ps1", POWERSHELL) == expected


def test_comments_and_docstrings_above_belong_to_the_definition() -> None:
    assert first_line_of("client.lua", LUA, "M.retry") == "--- Retries."
    assert first_line_of("client.sh", BASH, "retry") == "# Retries."
    assert first_line_of("client.R", R, "retry") == "#' Retries."
    assert first_line_of("client.jl", JULIA, "Shop.Client") == '"Talks."'
    assert first_line_of("client.jl", JULIA, "Shop.retry") == '"""'
    assert first_line_of("Client.pm", PERL, "Shop.Client.new") == "# Makes."
    assert first_line_of("schema.sql", SQL, "orders") == "/* Orders. */"
    assert first_line_of("client.zig", ZIG, "Client.retry") == "/// Retries."
    assert first_line_of("Client.ps1", POWERSHELL, "Invoke-Retry") == "<#"


def test_wrapped_lua_functions_are_functions() -> None:
    text = "H.update = vim.schedule_wrap(function(id)\n  return id\nend)\nH.notify = H.notify or function() end\n"
    assert found_in("h.lua", text) == [("H.update", "function", 1, 3), ("H.notify", "function", 4, 4)]


def test_sql_of_other_dialects_is_named_by_its_head() -> None:
    text = """\
CREATE OR ALTER PROCEDURE [sales].[Retry Order] @times INT AS
BEGIN
    SELECT 1;
END;
"""
    [(symbol, kind, start, _)] = found_in("retry.sql", text)
    assert (symbol, kind, start) == ("sales.Retry Order", "procedure", 1)


def test_interpreters_name_scripts_without_an_extension() -> None:
    expected = {"perl": "perl", "Rscript": "r", "bash": "bash", "luajit": "lua", "julia": "julia"}
    for interpreter, name in expected.items():
        language = language_of("bin/run", f"#!/usr/bin/env {interpreter}\n")
        assert language is not None
        assert language.name == name
