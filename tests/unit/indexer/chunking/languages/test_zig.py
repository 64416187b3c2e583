"""The table of Zig."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

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


def test_finds_every_definition() -> None:
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


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("client.zig", ZIG, "Client.retry") == "/// Retries."
