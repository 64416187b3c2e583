"""Vue, Svelte and Astro components: scripts with symbols at the file's own lines, the rest as titled sections."""

from __future__ import annotations

import pytest

from tests.unit.indexer.chunking.test_chunker import chunk, described

_VUE = """<!-- <script>function never() {}</script> -->
<template>
  <h2>Deliveries</h2>
  <p v-if="open">{{ shorten(open) }}</p>
</template>

<script lang="ts">
export interface Parcel { id: string }
</script>

<script setup lang="ts">
import { ref } from 'vue'

// Cuts a code to its last signs.
function shorten(code: string): string {
  return code.slice(-4)
}
const weigh = async (parcel: Parcel) => {
  return parcel.id.length
}
</script>
<script type="application/json">{"never": "function never() {}"}</script>

<style scoped>
p { color: green; }
</style>
"""

_OPTIONS = """<script>
export default {
  name: 'Depot',
  data() {
    return { vans: [] }
  },
  methods: {
    async sendVan(van) {
      await this.load(van)
      this.vans.push(van)
    },
  },
}
</script>
"""

_SVELTE = """<script module>
  export function reset() {
    total = 0;
  }
</script>
<script lang='ts' generics="T extends Record<string, number>">
  export let rows: T[];
  const sum = (given: T[]): number => {
    return given.length;
  };
</script>
{#if rows}<p>{sum(rows)}</p>{/if}
"""

_ASTRO = """---
import Page from './Page.astro';
interface Props { title: string }
function shout(text: string): string {
  return text.toUpperCase();
}
---
<Page>{shout(Astro.props.title)}</Page>
<script>
  function follow(event: MouseEvent): void {
    console.log(event);
  }
</script>
"""


def symbols(path: str, text: str) -> list[tuple[int, int, str, str | None]]:
    return [found for found in described(chunk(path, text)) if found[3] is not None]


def test_a_vue_component_has_the_symbols_of_all_its_scripts() -> None:
    assert symbols("src/Parcel.vue", _VUE) == [
        (8, 8, "interface", "Parcel"),
        (14, 17, "function", "shorten"),
        (18, 20, "function", "weigh"),
    ]


def test_what_surrounds_the_scripts_is_cut_into_titled_sections() -> None:
    chunks = chunk("src/Parcel.vue", _VUE)
    assert {found.language for found in chunks} == {"vue"}
    titles = {found.start_line: found.signature for found in chunks if found.symbol is None}
    assert titles[1] == "template"
    assert "style" in (titles[21] or "")


def test_methods_in_an_options_object_are_symbols() -> None:
    assert (8, 13, "method", "sendVan") in symbols("Depot.vue", _OPTIONS)


def test_a_svelte_component_has_the_symbols_of_both_its_scripts() -> None:
    assert symbols("Total.svelte", _SVELTE) == [
        (2, 4, "function", "reset"),
        (7, 7, "variable", "rows"),
        (8, 10, "function", "sum"),
    ]


def test_an_astro_component_has_the_symbols_of_its_fences_and_its_scripts() -> None:
    assert symbols("pages/index.astro", _ASTRO) == [
        (3, 3, "interface", "Props"),
        (4, 6, "function", "shout"),
        (10, 12, "function", "follow"),
    ]


def test_tsx_in_a_vue_script_is_read_as_such() -> None:
    text = (
        '<script lang="tsx">\nconst Row = (p: { n: number }) => <li>{p.n}</li>\nfunction f<T,>(x: T) {\n}\n</script>\n'
    )
    assert symbols("Row.vue", text) == [(2, 2, "function", "Row"), (3, 4, "function", "f")]


@pytest.mark.parametrize(
    "text",
    [
        "<script>\nfunction half() {\n  return 1\n}\n",
        "<script lang=ts>\nfunction half() {\n  return 1\n}\n</SCRIPT\n>",
        "<script title='>'>\nfunction half() {\n  return 1\n}\n</script>",
        "<script title='>\nfunction half() {\n  return 1\n}\n</script>",
    ],
    ids=["never ends", "no quotes", "bracket in an attribute", "quote never ends"],
)
def test_a_careless_script_is_still_read(text: str) -> None:
    assert (2, 4, "function", "half") in symbols("a.vue", text)


@pytest.mark.parametrize(
    "text", ["", "---", "<script", "<script>", "<!--", "---\n---", "<script/><script src=x></script>"]
)
@pytest.mark.parametrize("path", ["a.vue", "a.svelte", "a.astro"])
def test_a_component_without_code_has_no_symbols(path: str, text: str) -> None:
    assert symbols(path, text) == []


def test_carriage_returns_stay_in_their_lines() -> None:
    assert symbols("a.vue", "<script>\r\nfunction one() {\r\n}\r\n</script>\r\n") == [(2, 3, "function", "one")]
