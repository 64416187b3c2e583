"""JavaScript, TypeScript, and what configures and builds."""

from __future__ import annotations

from tests.unit.indexer.chunking.new_syntax import Sample

SAMPLES = (
    Sample(
        "2025 import attributes, using, iterator helpers",
        "a.js",
        ("function read", "class Store", "method Store.#load", "function after"),
        """
import data from "./data.json" with { type: "json" };

async function read(path) {
  await using file = await open(path);
  using lock = take();
  return /[\\p{L}--[a-z]]/v.test(file.text ?? "") ? file : null;
}

class Store {
  static #count = 0;
  static { Store.#count ??= 1; }
  accessor name = "x";
  async *#load() { yield* this.items.values().take(2); }
  has(it) { return #count in it; }
}

function after() { return 1_000n; }
""",
    ),
    Sample(
        "decorators, top-level await, logical assignment",
        "a.js",
        ("class Page", "method Page.show", "function after"),
        """
const { default: config } = await import("./config.js");

@customElement("a-page")
export class Page extends Base {
  @property({ type: String }) name = "";
  @logged() show(...rest) { this.name ||= rest.at(-1)?.[0] ?? ""; }
}

export const after = async ({ a = 1, ...rest }) => a ** 2;
export * as all from "./all.js";
""",
    ),
    Sample(
        "5.9 deferred imports, 5.2 using",
        "a.ts",
        ("function load", "function after"),
        """
import defer * as heavy from "./heavy.js";
import type { A } from "./a" with { "resolution-mode": "import" };

export async function load(path: string) {
  using file = open(path);
  await using lock = await take();
  return heavy.parse(file);
}

export function after(): void {}
""",
    ),
    Sample(
        "5.x const type parameters, satisfies, accessors, variance",
        "a.ts",
        ("interface Box", "class Store", "method Store.get", "type Keys", "function after"),
        """
export interface Box<in out T extends unknown[] = []> { readonly value: T; new <U>(it: U): Box<[U]>; }

export abstract class Store<const T extends readonly string[]> implements Iterable<T> {
  declare readonly name: string;
  accessor size = 1 satisfies number;
  override get(this: Store<T>, key: keyof T & string): asserts key is "a" { }
}

export type Keys<T> = { -readonly [K in keyof T as `a${Capitalize<K & A>}`]?: T[K] extends infer U extends A ? U : B }

export function after<const T>(it: T, ...rest: [first: string, second?: number]): it is NonNullable<T> { return it!; }
""",
    ),
    Sample(
        "5.x enums, namespaces, overloads, unique symbols",
        "a.ts",
        ("enum Color", "namespace Shapes", "function Shapes.area", "function pick"),
        """
export const enum Color { Red = 1 << 0, Both = Red | 2 }

declare module "a" { export const unique: unique symbol; }

export namespace Shapes {
  export function area(side: number): number { return side ** 2; }
}

export function pick(it: string): string;
export function pick(it: unknown): asserts it { }
let value = <const>["a"]; let other = value as typeof value[number] | undefined;
""",
    ),
    Sample(
        "generic components, satisfies, namespaced attributes",
        "a.tsx",
        ("function List", "function after"),
        """
export function List<T extends object,>({ items, ...rest }: { items: T[] } & Rest) {
  return <ul {...rest} data-a:b="x">{items.map((it) => <Row<T> key={it.id} it={it} />)}<></></ul>;
}

export const after = <T,>(it: T) => <b>{String(it satisfies unknown)} &amp; more</b>;
""",
    ),
    Sample(
        "1.8 checks, moved blocks, provider functions, ephemeral",
        "a.tf",
        ("resource aws_instance.web", "variable size", "output after"),
        """
variable "size" {
  type      = object({ count = optional(number, 1), names = set(string) })
  ephemeral = true
  validation {
    condition     = var.size.count > 0
    error_message = "No ${var.size.count} %{if true}x%{endif}."
  }
}

resource "aws_instance" "web" {
  for_each = { for name in var.size.names : name => upper(name) if name != "" }
  tags     = merge(local.tags, { (each.key) = provider::core::tag(each.value)... })
  lifecycle { precondition { condition = true } }
}

check "health" { data "http" "x" { url = "https://a.example" } }
import { to = aws_instance.web["a"], id = "i-1" }

output "after" { value = [for i in aws_instance.web : i.id][*] }
""",
    ),
    Sample(
        "4 presets, file sets, generator expressions, bracket arguments",
        "a.cmake",
        ("function add_tool", "macro once", "target core"),
        """
function(add_tool name)
  cmake_parse_arguments(PARSE_ARGV 1 ARG "" "OUTPUT" "SOURCES")
  cmake_language(DEFER CALL message [=[done ]] here]=])
  return(PROPAGATE name)
endfunction()

macro(once)
  block(SCOPE_FOR VARIABLES)
    set(x $ENV{HOME} $<$<CONFIG:Debug>:a>)
  endblock()
endmacro()

add_library(core)
target_sources(core PUBLIC FILE_SET CXX_MODULES FILES a.cppm)
""",
    ),
    Sample(
        "macros, keyword-only arguments, f-less strings",
        "a.bzl",
        ("function _impl", "function after"),
        """load("@rules_cc//cc:defs.bzl", my_cc = "cc_library")

def _impl(name, visibility, *, deps = [], **kwargs):
    [my_cc(name = "%s_%d" % (name, i), deps = deps + select({"//a:b": []})) for i in range(2) if i]

tool = macro(implementation = _impl, attrs = {"deps": attr.label_list(configurable = False)})

def after(ctx):
    return [DefaultInfo(files = depset(transitive = [d.files for d in ctx.attr.deps]))]
""",
    ),
)
