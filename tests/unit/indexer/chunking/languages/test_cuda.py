"""The table of CUDA."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, found_in

CUDA = """\
#include <cuda.h>
#define N 3
__global__ void add(const float *a, float *b, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  b[i] = a[i];
}
template <typename T> __device__ __forceinline__ T twice(T x) { return x * 2; }
__constant__ float table[N];
struct Pair { int a; };
namespace k { class A { public: __host__ __device__ int go() const { return 1; } }; }
__launch_bounds__(256) __global__ void bounded(int x) { add<<<1, 2>>>(a, b, 3); }
__global__ void __launch_bounds__(256, 2) bounded2(int x) { }
"""


def test_finds_kernels_and_what_cpp_has() -> None:
    expected: Found = [
        ("N", "macro", 2, 2),
        ("add", "function", 3, 6),
        ("twice", "function", 7, 7),
        ("table", "variable", 8, 8),
        ("Pair", "struct", 9, 9),
        ("Pair.a", "field", 9, 9),
        ("k", "namespace", 10, 10),
        ("k.A", "class", 10, 10),
        ("k.A.go", "method", 10, 10),
        ("bounded", "function", 11, 11),
        ("bounded2", "function", 12, 12),
    ]
    assert found_in("add.cu", CUDA) == expected
