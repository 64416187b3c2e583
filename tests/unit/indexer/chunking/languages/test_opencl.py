"""The table of OpenCL."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

OPENCL = """\
#define W 3
// Fades.
__kernel void fade_rows(__global const float *in, __global float *out)
{
    out[get_global_id(0)] = in[0];
}
inline float half_of(__private float x) { return x / 2; }
kernel __attribute__((reqd_work_group_size(8, 8, 1))) void light(read_only image2d_t image) {
}
typedef struct { int a; } pair_t;
"""


def test_finds_kernels_and_functions() -> None:
    expected: Found = [
        ("W", "macro", 1, 1),
        ("fade_rows", "function", 2, 6),
        ("half_of", "function", 7, 7),
        ("light", "function", 8, 9),
        ("pair_t", "struct", 10, 10),
    ]
    assert found_in("fade.cl", OPENCL) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("fade.cl", OPENCL, "fade_rows") == "// Fades."
