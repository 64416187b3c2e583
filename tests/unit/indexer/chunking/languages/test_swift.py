"""The table of Swift."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

SWIFT = """\
import Foundation

/// Longest wait.
let maxWait = 30
public var shared: Client? = nil

typealias Handler = (Result<Int, Error>) -> Void

/// Talks.
@objc(Client)
public final class Client: NSObject, Sendable {
    let url: URL
    private lazy var pool = Pool()
    var state: State {
        get { pool.state }
        set { pool.state = newValue }
    }
    static let `default` = Client()

    public init(url: URL) {
        self.url = url
    }
    required convenience init?(coder: NSCoder) { return nil }
    deinit { pool.close() }

    /// Retry.
    /// - Parameter times: how many
    @discardableResult
    func retry(_ times: Int, with token: String) async throws -> Response {
        func inner() -> Int { 1 }
        let local = 1
        return try await send(times)
    }

    class func make() -> Client { Client(url: u) }
    subscript(index: Int) -> Int { index }

    struct Options { var a = 1 }
}

protocol Listener: AnyObject {
    associatedtype Event
    var name: String { get }
    func onEvent(_ e: Event)
    init(name: String)
}

enum Color: Int, CaseIterable {
    case red = 1, green
    case custom(r: Int, g: Int)
    indirect case nested(Color)
    var hex: String { "" }
    func paint() {}
}

extension Client: Listener where T == Int {
    func onEvent(_ e: Int) {}
}

struct Point<T>: Equatable {
    var x: T
    static func == (lhs: Point, rhs: Point) -> Bool { true }
}

actor Store {
    func put() {}
}

#if os(iOS)
func onlyPhone() {}
class Phone { func ring() {} }
#else
func other() {}
#endif

infix operator +++: AdditionPrecedence
func +++ (a: Int, b: Int) -> Int { a }

@available(iOS 13, *)
public func topLevel<T>(_ x: T) -> T where T: Sendable { x }
@resultBuilder
struct Builder { static func buildBlock() {} }
macro stringify() -> String = #externalMacro(module: "a", type: "b")
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("maxWait", "constant", 3, 4),
        ("shared", "variable", 5, 5),
        ("Handler", "type", 7, 7),
        ("Client", "class", 9, 39),
        ("Client.url", "property", 12, 12),
        ("Client.pool", "property", 13, 13),
        ("Client.state", "property", 14, 17),
        ("Client.default", "constant", 18, 18),
        ("Client.init", "constructor", 20, 22),
        ("Client.init", "constructor", 23, 23),
        ("Client.deinit", "method", 24, 24),
        ("Client.retry", "method", 26, 33),
        ("Client.retry.inner", "function", 30, 30),
        ("Client.make", "method", 35, 35),
        ("Client.subscript", "method", 36, 36),
        ("Client.Options", "struct", 38, 38),
        ("Client.Options.a", "property", 38, 38),
        ("Listener", "protocol", 41, 46),
        ("Listener.Event", "type", 42, 42),
        ("Listener.name", "property", 43, 43),
        ("Listener.onEvent", "method", 44, 44),
        ("Listener.init", "constructor", 45, 45),
        ("Color", "enum", 48, 54),
        ("Color.hex", "property", 52, 52),
        ("Color.paint", "method", 53, 53),
        ("Client", "extension", 56, 58),
        ("Client.onEvent", "method", 57, 57),
        ("Point", "struct", 60, 63),
        ("Point.x", "property", 61, 61),
        ("Point.==", "method", 62, 62),
        ("Store", "actor", 65, 67),
        ("Store.put", "method", 66, 66),
        ("onlyPhone", "function", 70, 70),
        ("Phone", "class", 71, 71),
        ("Phone.ring", "method", 71, 71),
        ("other", "function", 73, 73),
        ("+++", "function", 77, 77),
        ("topLevel", "function", 79, 80),
        ("Builder", "struct", 81, 82),
        ("Builder.buildBlock", "method", 82, 82),
        ("stringify", "macro", 83, 83),
    ]
    assert found_in("Client.swift", SWIFT) == expected


def test_conditional_compilation_inside_a_class_keeps_its_methods() -> None:
    text = """\
class Client {
    #if canImport(UIKit)
    func retry(_ times: Int) {}
    #else
    func retry() {}
    #endif
    func close() {}
}
"""
    expected: Found = [
        ("Client", "class", 1, 8),
        ("Client.retry", "method", 3, 3),
        ("Client.retry", "method", 5, 5),
        ("Client.close", "method", 7, 7),
    ]
    assert found_in("Client.swift", text) == expected


def test_comments_and_annotations_above_belong_to_the_definition() -> None:
    assert first_line_of("Client.swift", SWIFT, "Client.retry") == "/// Retry."
    assert first_line_of("Client.swift", SWIFT, "topLevel") == "@available(iOS 13, *)"
