"""The table of HLSL."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, found_in

HLSL = """\
cbuffer PerFrame : register(b0) { float4x4 view; };
Texture2D tex : register(t0);
struct VSOut { float4 pos : SV_POSITION; };
VSOut vs_main(float3 p : POSITION) {
  VSOut o; o.pos = mul(view, float4(p, 1)); return o;
}
[numthreads(8,8,1)]
void cs_main(uint3 id : SV_DispatchThreadID) { }
float4 ps_main(VSOut i) : SV_Target { return 1; }
"""


def test_finds_entry_points_and_buffers() -> None:
    expected: Found = [
        ("PerFrame", "struct", 1, 1),
        ("PerFrame.view", "field", 1, 1),
        ("tex", "variable", 2, 2),
        ("VSOut", "struct", 3, 3),
        ("VSOut.pos", "field", 3, 3),
        ("vs_main", "function", 4, 6),
        ("cs_main", "function", 7, 8),
        ("ps_main", "function", 9, 9),
    ]
    assert found_in("frame.hlsl", HLSL) == expected
