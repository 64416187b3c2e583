"""Templates: the code between their delimiters has symbols, the text around it is cut into sections."""

from __future__ import annotations

import pytest

from tests.unit.indexer.chunking.test_chunker import chunk, described

_RAZOR = """@page "/stock"
@* @code { int Never() { return 0; } } *@
@{
    string Label(string name) {
        return "} " + name;
    }
}
<h1>Stock</h1>
<p>mail@code.example { }</p>
@code {
    [Parameter] public int Count { get; set; }

    /// <summary>Orders what is missing.</summary>
    private int Reorder(int wanted)
    {
        // }
        return wanted - Count;
    }
}
"""
_ERB = """<%# def never; end %>
<%- def row_class(order)
  order.late? ? "late" : "ok"
end -%>
<% orders.each do |order| %><li class="<%= row_class(order) %>"></li>
<% end %>
"""
_JSP = """<%@ page import="java.util.List" %>
<%-- <%! int never() { return 0; } %> --%>
<%!
  String label(int n) {
    return "n" + n;
  }
%>
<% for (int i = 0; i < 3; i++) { %>
<p><%= label(i) %></p>
<% } %>
"""
_EJS = "<% function card(item) { %>\n<b><%= item.name %></b>\n<% } %>\n<h1>Cards</h1>\n<% items.forEach(card) %>\n"
_BLADE = """{{-- @php function never() {} @endphp --}}
@php
function total($items) {
    return array_sum($items);
}
@endphp
<h1>Bill</h1>
@php($x = 1)
{{ total($x) }}
"""
_JINJA = """{# {% macro never() %}{% endmacro %} #}
{% raw %}{% macro never() %}{% endraw %}
{%- macro field(name,
      value='') -%}
  <input name="{{ name }}" value="{{ value }}">
{%- endmacro %}
{% block content %}{{ field("a") }}{% endblock %}
"""
_MDX = """import { Box } from './box'
export const meta = { title: 'Sales' }

export function Chart({ rows }) {
  const count = rows.length

  return <div>{count}</div>
}

# Sales

```js
export function never() {}
```
"""


@pytest.mark.parametrize(
    ("path", "language", "text", "symbol"),
    [
        ("Pages/Stock.razor", "razor", _RAZOR, (13, 18, "method", "Stock.Reorder")),
        ("Pages/Stock.cshtml", "razor", _RAZOR, (4, 6, "function", "Label")),
        ("orders.html.erb", "erb", _ERB, (2, 4, "method", "row_class")),
        ("list.jsp", "jsp", _JSP, (4, 6, "method", "label")),
        ("cards.ejs", "ejs", _EJS, (1, 3, "function", "card")),
        ("bill.blade.php", "blade", _BLADE, (3, 5, "function", "total")),
        ("form.html.j2", "jinja", _JINJA, (3, 6, "macro", "field")),
        ("form.twig", "twig", _JINJA, (3, 6, "macro", "field")),
        ("form.njk", "nunjucks", _JINJA, (3, 6, "macro", "field")),
        ("sales.mdx", "markdown", _MDX, (4, 8, "function", "Chart")),
    ],
)
def test_the_code_of_a_template_has_symbols(
    path: str, language: str, text: str, symbol: tuple[int, int, str, str]
) -> None:
    chunks = chunk(path, text)
    assert symbol in described(chunks)
    assert {found.language for found in chunks} == {language}
    assert not [found for found in chunks if "never" in (found.symbol or "")]


def test_the_text_of_a_template_keeps_its_headings() -> None:
    titles = [found.signature for found in chunk("cards.ejs", _EJS) if found.symbol is None]
    assert titles == ["Cards"]
    assert "Sales" in [found.signature for found in chunk("sales.mdx", _MDX)]


@pytest.mark.parametrize("path", ["a.razor", "a.erb", "a.jsp", "a.ejs", "a.blade.php", "a.j2", "a.mdx"])
@pytest.mark.parametrize("text", ["", "<%", "<%!", "@code {", "@*", "@php", "{{--", "{# ", "{% macro", "export ("])
def test_half_written_templates_are_read(path: str, text: str) -> None:
    chunk(path, text)
    chunk(path, text + "\n<h1>a</h1>\n")
