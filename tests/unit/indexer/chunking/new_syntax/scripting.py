"""Python, Ruby, PHP, Perl, Lua, shells and what else is mostly run from its text."""

from __future__ import annotations

from tests.unit.indexer.chunking.new_syntax import Sample

SAMPLES = (
    Sample(
        "3.14 template strings",
        "a.py",
        ("function render", "function after"),
        """
def render(name):
    return page(t"<b>{name!r:>10}</b>")


def after():
    return 1
""",
    ),
    Sample(
        "3.14 except without parentheses",
        "a.py",
        ("function load", "function after"),
        """
def load(path):
    try:
        return open(path)
    except OSError, ValueError:
        return None


def after():
    return 1
""",
    ),
    Sample(
        "3.13 defaults of type parameters, 3.12 type statements",
        "a.py",
        ("type Pair", "class Box", "method Box.get", "function first"),
        """
type Pair[T = int] = tuple[T, T]


class Box[T: (str, bytes) = str]:
    def get(self) -> T:
        return self.value


def first[*Ts, **P](call: Callable[P, int], *args: *Ts) -> int:
    return call()
""",
    ),
    Sample(
        "3.12 nested quotes in f-strings, 3.11 except*",
        "a.py",
        ("function report", "function after"),
        """
def report(rows):
    try:
        print(f"{', '.join(f"{row["name"]}" for row in rows)}")
    except* ValueError as group:
        raise


async def after():
    match await rows():
        case {"kind": "a" | "b", **rest} if rest:
            return rest
""",
    ),
    Sample(
        "3.4 it, endless methods",
        "a.rb",
        ("class Basket", "method Basket.prices", "method Basket.total", "method Basket.each"),
        """
class Basket
  def prices = @items.map { it.price * 2 }

  def total(tax:, **) = prices.sum.then { _1 + tax }.tap { log(tax:, **) }

  def each(&) = @items.each(&)
end
""",
    ),
    Sample(
        "4.0 leading logical operators",
        "a.rb",
        ("method ready?", "method after"),
        """
def ready?(job)
  job.queued?
    && job.worker
    || job.forced?
end

def after
  1
end
""",
    ),
    Sample(
        "3.1 pattern matching with pins, hash shorthand",
        "a.rb",
        ("class Pair", "method Pair.swap", "class Point", "method Point.near?"),
        """
Pair = Data.define(:left, :right) do
  def swap = with(left: right, right: left)
end

class Point
  def near?(other)
    case other
    in {x: Integer => x, y: ^(@y)} if x.positive?
      true
    in [_, *, {name: String | Symbol}]
      draw(x:, y:)
    end
  end
end
""",
    ),
    Sample(
        "8.5 pipe operator",
        "a.php",
        ("function slug", "function after"),
        """<?php
function slug(string $title): string
{
    return $title |> trim(...) |> strtolower(...) |> (fn($text) => str_replace(' ', '-', $text));
}

function after(): void {}
""",
    ),
    Sample(
        "8.4 property hooks and asymmetric visibility",
        "a.php",
        ("class Account", "method Account.after"),
        """<?php
class Account
{
    public private(set) int $balance = 0;

    public string $name {
        get => ucfirst($this->name);
        set(string $value) {
            $this->name = trim($value);
        }
    }

    public function after(): void
    {
    }
}
""",
    ),
    Sample(
        "8.5 clone with, 8.4 new without parentheses, 8.3 typed constants",
        "a.php",
        ("class Point", "constant Point.ORIGIN", "method Point.moved", "function after"),
        """<?php
final readonly class Point
{
    public const int ORIGIN = 0;

    public function __construct(public int $x) {}

    #[\\NoDiscard]
    public function moved(int $by): static
    {
        new Log()->write('moved');
        return clone($this, ['x' => $this->x + $by]);
    }
}

function after(): never { throw new Stop(); }
""",
    ),
    Sample(
        "8.1 enums with methods, first class callables, never",
        "a.php",
        ("enum Suit", "method Suit.label", "function after"),
        """<?php
enum Suit: string implements HasLabel
{
    case Hearts = 'H';
    case Spades = 'S';

    public function label(): string
    {
        return match (true) { $this === self::Hearts => 'red', default => strlen(...)('black') };
    }
}

function after(int|(A&B)|null $value = new Thing(1)): true {}
""",
    ),
    Sample(
        "5.42 field attributes and lexical methods",
        "a.pl",
        ("class Point", "method Point.sum", "function after"),
        """use v5.42;
use experimental 'class';

class Point {
    field $x :param :reader = 0;
    field @history;

    method sum($by = 1) {
        return $x + $by;
    }
}

sub after($self, %options) {
    try { run() } catch ($error) { warn $error }
    return any { $_ > 1 } 1, 2;
}
""",
    ),
    Sample(
        "5.38 defer, chained comparisons, signatures",
        "a.pl",
        ("function between", "function after"),
        """use v5.38;

sub between($low, $value, $high //= 9) {
    defer { done() }
    return $low <= $value < $high;
}

sub after { 1 }
""",
    ),
    Sample(
        "5.5 global declarations",
        "a.lua",
        ("function start", "function after"),
        """
global <const> print, string

global function start(name)
  return name
end

local function after() return 1 end
""",
    ),
    Sample(
        "5.4 attributes, integer division, goto",
        "a.lua",
        ("function M.open", "function after"),
        """
local M <const> = {}

function M.open(path)
  local file <close> = assert(io.open(path))
  for i = 1, 10 // 3 do
    if i & 1 == 0 then goto continue end
    ::continue::
  end
end

local function after() return 1 end
""",
    ),
    Sample(
        "type functions, generics, string interpolation",
        "a.luau",
        ("type Pair", "function swap", "function after"),
        """
export type Pair<T, U = string> = { first: T, read second: U }

local function swap<T, U>(pair: Pair<T, U>): Pair<U, T>
  local kind = if pair.first then `is {pair.first}` else "none"
  count += 1
  return { first = pair.second, second = pair.first }
end

@native
local function after(...: number): () end
""",
    ),
    Sample(
        "user-defined type functions",
        "a.luau",
        ("function before", "function after"),
        """
local function before() end

type function partial(subject)
  return subject
end

local function after() end
""",
    ),
    Sample(
        "5.3 command substitution in the current shell",
        "a.sh",
        ("function report", "function after"),
        """
report() {
  local lines=${ wc -l < "$1"; }
  printf '%s\\n' "${lines@Q}" "${name^^}" "${|REPLY=1;}"
}

after() { echo done; }
""",
    ),
    Sample(
        "case fall-through, coproc, here strings",
        "a.sh",
        ("function choose", "function after"),
        """
function choose {
  case $1 in
    a) one ;;&
    b | c) two ;&
    *) three ;;
  esac <<< "${1:-none}"
  mapfile -t lines < <(sort -u -- "$1")
  declare -n reference=$1
}

after() { echo done; }
""",
    ),
    Sample(
        "7 ternary, pipeline chains, null coalescing",
        "a.ps1",
        ("function Get-Kind", "class Job", "method Job.Run", "function After"),
        """
function Get-Kind([string] $Name) {
    $kind = $Name ? 'named' : 'none'
    $kind ??= 'unknown'
    Test-Path $Name && Write-Output $kind || throw 'none'
    return ${Name}?.Length
}

class Job : IDisposable {
    [int] $Count = 0
    [void] Run([int] $times) { $this.Count += $times }
}

function After { 1 }
""",
    ),
    Sample(
        "typed strings, lambdas in defaults, hash of calls",
        "a.pp",
        ("class web", "type web.site", "function web.port", "node a.example"),
        """
class web (
  Optional[Variant[String[1], Sensitive[String]]] $secret = undef,
  Hash[String, Struct[{ 'port' => Integer[1, 65535], Optional['name'] => String }]] $sites = {},
) inherits web::params {
  $sites.each |String $name, $options| {
    web::site { $name: * => $options }
  }
}

define web::site(Integer $port = 80) {
  file { "/etc/${name}.conf": ensure => file, content => epp('web/site.epp') }
}

function web::port(Integer $base) >> Integer {
  $base + 1
}

node 'a.example' { include web }
""",
    ),
    Sample(
        "4.1 pipes, lambdas, raw strings",
        "a.r",
        ("function top", "function after"),
        """
top <- function(rows, n = 3L) {
  rows |> subset(score > 1) |> transform(rank = sapply(score, \\(x) x + 1)) |> lm(score ~ rank, data = _)
}

pattern <- r"(\\d+)"

after = \\(x) x |> names()
""",
    ),
    Sample(
        "arguments blocks, class properties with validation",
        "a.m",
        ("class Filter", "property Filter.Order", "method Filter.apply", "function after"),
        """classdef Filter < handle
    properties (SetAccess = private)
        Order (1,1) double {mustBePositive} = 2
    end
    methods
        function y = apply(obj, x, options)
            arguments
                obj
                x (:,1) double {mustBeFinite}
                options.Mode string = "same"
            end
            y = x.^obj.Order;
        end
    end
end

function z = after(varargin)
    z = "a" + 1;
end
""",
    ),
    Sample(
        "lambdas, typed arrays, static functions, annotations",
        "a.gd",
        ("class Player", "function heal", "function after", "event hurt"),
        """@tool
class_name Player extends Node2D

signal hurt(amount: int)

@export_range(0, 100) var health: int = 100:
	set(value):
		health = clampi(value, 0, 100)

static func heal(targets: Array[Node]) -> void:
	var each := func(target): target.health += 1
	targets.map(each)
	await hurt

func after(options: Dictionary[String, int] = {}) -> bool:
	match options:
		{"kind": var kind, ..} when kind > 1:
			return true
	return false
""",
    ),
    Sample(
        "4.5 abstract classes, variadic functions",
        "a.gd",
        ("function before", "function after"),
        """@abstract class_name Shape extends RefCounted

func before(): pass

@abstract func area() -> float

func after(first: int, ...rest: Array) -> void: pass
""",
    ),
)
