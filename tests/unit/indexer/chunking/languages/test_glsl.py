"""The table of GLSL."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, found_in

GLSL = """\
#version 450 core
layout(location = 0) in vec3 pos;
uniform mat4 mvp;
layout(std140, binding = 0) uniform Camera {
  mat4 view;
} camera;
struct Light { vec3 pos; };
const float PI = 3.14;
// fog
float mistDepth(in float d, out float e) {
  return exp(-d);
}
highp vec4 tint(vec4 c) { return c; }
void main() {
  gl_Position = mvp * vec4(pos, 1.0);
}
"""


def test_finds_functions_blocks_and_variables() -> None:
    expected: Found = [
        ("pos", "variable", 2, 2),
        ("mvp", "variable", 3, 3),
        ("Camera", "struct", 4, 6),
        ("Light", "struct", 7, 7),
        ("PI", "constant", 8, 8),
        ("mistDepth", "function", 9, 12),
        ("tint", "function", 13, 13),
        ("main", "function", 14, 16),
    ]
    assert found_in("fog.glsl", GLSL) == expected
