"""The table of Verilog."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, found_in

VERILOG = """\
`define WIDTH 8
module old(a, b);
  input a; output b;
  function [3:0] inc;
    input [3:0] x;
    inc = x + 1;
  endfunction
  task show;
    input [3:0] x;
    begin $display(x); end
  endtask
endmodule
primitive mux(o, a, b);
output o; input a, b;
table
0 1 : 1;
endtable
endprimitive
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("WIDTH", "macro", 1, 1),
        ("old", "module", 2, 12),
        ("old.inc", "function", 4, 7),
        ("old.show", "function", 8, 11),
        ("mux", "module", 13, 18),
    ]
    assert found_in("old.v", VERILOG) == expected


def test_words_in_comments_strings_and_macros_are_no_heads() -> None:
    text = (
        '/* module a; endmodule */\nmodule lamp (\n  input a\n);\n  // endmodule\n  initial $display("endmodule");\n'
        "`define OPEN(x) \\\n  module x; \\\n  endmodule\nendmodule\n"
    )
    assert found_in("a.v", text) == [("lamp", "module", 1, 10), ("lamp.OPEN", "macro", 7, 9)]
