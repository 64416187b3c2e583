"""The tables of Kotlin, Scala, Groovy, Objective-C, Swift and Dart, each on a snippet of its own."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, definitions_of, first_line_of, found_in

KOTLIN = """\
package shop.http

import java.time.Duration

const val MAX_WAIT = 30
val defaultClient by lazy { Client("x") }
private var counter = 0

typealias Handler = (Request) -> Unit

/** Talks to the shop. */
@Serializable
class Client(val url: String, private val retries: Int = 3) : Base(url), Closeable {
    private val pool = Pool()

    /** Current state. */
    var state: State
        get() = pool.state
        set(value) {
            pool.state = value
        }

    init {
        require(retries > 0)
    }

    constructor(url: String) : this(url, 1) {
        println(url)
    }

    // Tries again.
    @Throws(IOException::class)
    suspend fun retry(times: Int): Response {
        fun helper() = 1
        val local = object : Runnable {
            override fun run() {}
        }
        return send(times)
    }

    override fun close() = pool.close()

    inner class Session(val id: Int)

    companion object {
        const val VERSION = "1"
        fun create() = Client("")
    }

    companion object Named {
        fun other() = 1
    }
}

interface Listener { fun onEvent(e: Event) }

fun interface Action {
    fun run()
}

enum class Color(val rgb: Int) {
    RED(1) {
        override fun paint() = 1
    },
    GREEN(2);

    abstract fun paint(): Int
}

sealed interface Result {
    data class Ok(val v: Int) : Result
    data object Missing : Result
    object Gone : Result
}

annotation class Marker

fun <T> List<T>.second(): T = this[1]

val String.words: List<String>
    get() = split(" ")

internal inline fun <reified T : Any> parse(text: String): T {
    return decode(text)
}
"""
SCALA = """\
package shop
package http

import scala.concurrent.Future

package object syntax {
  type Id[A] = A
  val Empty = 1
}

/** Client. */
@deprecated("x", "1")
final class Client[F[_]](url: String, val retries: Int)(implicit F: Monad[F]) extends Base with Closeable {
  private[this] val pool = new Pool { def size = 3 }
  var state: Int = 0
  lazy val cached: String = "a"
  def this(url: String) = this(url, 1)

  /** Retry. */
  @tailrec
  def retry(times: Int): F[Response] = {
    def loop(n: Int): Int = n
    val x = 1
    send(times)
  }
  def abstractOne: Int
  def +(other: Client): Client = this
  def close(): Unit = pool.close()
}

object Client {
  val Max = 3
  def apply(url: String): Client = new Client(url)
  implicit class Ops(private val c: Client) extends AnyVal {
    def twice: Client = c
  }
  implicit def toInt(c: Client): Int = 1
}

sealed trait Shape
case object Nothing extends Shape
case class Circle(r: Double) extends Shape {
  def area: Double = r
}

trait Functor[F[_]] {
  type Out
  def map[A, B](fa: F[A])(f: A => B): F[B]
}
"""
SCALA_3 = """\
package shop.three

enum Color(val rgb: Int):
  case Red extends Color(1)
  case Green, Blue

  def hex: String = "a"

given intOrd: Ord[Int] with
  def compare(x: Int, y: Int): Int = 1

given Ord[String] with
  def compare(x: String, y: String): Int = 1

extension (c: Circle)
  def circumference: Double = 2.0
  def area: Double = 1.0

opaque type Id = Long

trait Show[A]:
  def show(a: A): String

object Main:
  // entry
  @main def run(args: String*): Unit =
    println("x")

  inline val Limit = 10

def topLevel(x: Int): Int = x + 1
class Foo(x: Int):
  def bar =
    1
end Foo
"""
GROOVY = """\
package shop.http

import groovy.transform.CompileStatic

/** Talks. */
@CompileStatic
class Client extends Base implements Closeable {
    static final int MAX = 3
    String url

    Client(String url) {
        this.url = url
    }

    /** Retry. */
    @Override
    def retry(int times) {
        def x = 1
        return send(times)
    }

    private static String make(String a, int b = 2) {
        return a
    }
}

interface Listener {
    void onEvent(Event e)
}

trait Loud {
    void shout() { println 'a' }
}

enum Color { RED, GREEN }

def topLevel(x) {
    x + 1
}

task hello {
    doLast { println 'hi' }
}
"""
OBJECTIVE_C = """\
#import <Foundation/Foundation.h>
#define MAX_RETRY 3
#define SQUARE(x) ((x) * (x))

NSString *const kClientName = @"client";
static int counter = 0;
typedef void (^Handler)(NSData *data, NSError *error);
typedef NS_ENUM(NSInteger, ClientState) {
    ClientStateIdle,
    ClientStateBusy,
};
typedef struct {
    int x;
} Point;
struct Node { int v; };
enum Color { Red, Green };

/// Delegate.
@protocol ClientDelegate <NSObject>
@required
- (void)client:(Client *)client didFail:(NSError *)error;
@optional
- (void)clientDone;
@property (nonatomic) BOOL enabled;
@end

/** Talks. */
@interface Client : NSObject <ClientDelegate> {
    int _ivar;
}
@property (nonatomic, strong) NSString *name;
@property (nonatomic, weak) id<ClientDelegate> delegate;
+ (instancetype)shared;
- (void)sendRequest:(NSURLRequest *)request withToken:(NSString *)token;
- (int)count;
@end

@interface Client ()
- (void)privateThing;
@end

@implementation Client

@synthesize name = _name;

// Shared.
+ (instancetype)shared {
    static Client *c;
    return c;
}

#pragma mark - Send

/** Sends. */
- (void)sendRequest:(NSURLRequest *)request withToken:(NSString *)token {
    int local = 1;
    [self go];
}

- (int)count { return 1; }

static void helper(int a) {
    return;
}

@end

@implementation Client (Extras)
- (void)extra:(int)a {
}
@end

int main(int argc, char *argv[]) {
    @autoreleasepool {
        return 0;
    }
}
"""
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
DART = """\
library shop.client;

import 'dart:async';

/// Longest wait.
const int maxWait = 30;
final shared = Client('x');
typedef Handler = void Function(int code);
typedef int Old(int a);

/// Talks.
@immutable
abstract class Client extends Base with Loggable implements Closeable {
  final String url;
  static const version = '1';
  int _count = 0;

  Client(this.url);
  Client.named(this.url) : super() {
    _count = 1;
  }
  factory Client.create(String url) => _Impl(url);
  const Client.zero() : url = '';

  /// Retry.
  @override
  Future<int> retry(int times, {String? token}) async {
    int inner() => 1;
    return inner();
  }

  void abstractOne();
  int get count => _count;
  set count(int value) {
    _count = value;
  }
  static Client make() => throw 1;
  @override
  bool operator ==(Object other) => true;
  external void ext();
}

mixin Loggable on Object {
  void log(String m) {
    print(m);
  }
}

enum Color {
  red(1),
  green(2);

  final int rgb;
  const Color(this.rgb);
  String get hex => '';
}

extension StringWords on String {
  List<String> get words => split(' ');
  int total() {
    return 1;
  }
}

extension type Id(int value) {
  int next() => value + 1;
}

/// Doc.
@pragma('x')
int topLevel(int x) {
  return x;
}

String get globalName => 'a';
Future<void> main() async => print('x');
sealed class Shape {}
class Circle = Base with Loggable;
"""


def test_finds_every_definition_of_kotlin() -> None:
    expected: Found = [
        ("MAX_WAIT", "constant", 5, 5),
        ("defaultClient", "constant", 6, 6),
        ("counter", "variable", 7, 7),
        ("Handler", "type", 9, 9),
        ("Client", "class", 11, 53),
        ("Client.pool", "property", 14, 14),
        ("Client.state", "property", 16, 21),
        ("Client.constructor", "constructor", 27, 29),
        ("Client.retry", "method", 31, 39),
        ("Client.retry.helper", "function", 34, 34),
        ("Client.retry.run", "method", 36, 36),
        ("Client.close", "method", 41, 41),
        ("Client.Session", "class", 43, 43),
        ("Client.VERSION", "constant", 46, 46),
        ("Client.create", "method", 47, 47),
        ("Client.Named", "object", 50, 52),
        ("Client.Named.other", "method", 51, 51),
        ("Listener", "interface", 55, 55),
        ("Listener.onEvent", "method", 55, 55),
        ("Action", "interface", 57, 59),
        ("Action.run", "method", 58, 58),
        ("Color", "enum", 61, 68),
        ("Color.paint", "method", 63, 63),
        ("Color.paint", "method", 67, 67),
        ("Result", "interface", 70, 74),
        ("Result.Ok", "class", 71, 71),
        ("Result.Missing", "object", 72, 72),
        ("Result.Gone", "object", 73, 73),
        ("Marker", "class", 76, 76),
        ("List.second", "function", 78, 78),
        ("String.words", "property", 80, 81),
        ("parse", "function", 83, 85),
    ]
    assert found_in("Client.kt", KOTLIN) == expected


def test_finds_every_definition_of_scala() -> None:
    expected: Found = [
        ("syntax", "object", 6, 9),
        ("syntax.Id", "type", 7, 7),
        ("syntax.Empty", "constant", 8, 8),
        ("Client", "class", 11, 29),
        ("Client.pool", "property", 14, 14),
        ("Client.pool.size", "method", 14, 14),
        ("Client.state", "property", 15, 15),
        ("Client.cached", "property", 16, 16),
        ("Client.this", "constructor", 17, 17),
        ("Client.retry", "method", 19, 25),
        ("Client.retry.loop", "function", 22, 22),
        ("Client.abstractOne", "method", 26, 26),
        ("Client.+", "method", 27, 27),
        ("Client.close", "method", 28, 28),
        ("Client", "object", 31, 38),
        ("Client.Max", "constant", 32, 32),
        ("Client.apply", "method", 33, 33),
        ("Client.Ops", "class", 34, 36),
        ("Client.Ops.twice", "method", 35, 35),
        ("Client.toInt", "method", 37, 37),
        ("Shape", "trait", 40, 40),
        ("Nothing", "object", 41, 41),
        ("Circle", "class", 42, 44),
        ("Circle.area", "method", 43, 43),
        ("Functor", "trait", 46, 49),
        ("Functor.Out", "type", 47, 47),
        ("Functor.map", "method", 48, 48),
    ]
    assert found_in("Client.scala", SCALA) == expected


def test_finds_every_definition_of_scala_3() -> None:
    expected: Found = [
        ("Color", "enum", 3, 8),
        ("Color.hex", "method", 7, 7),
        ("intOrd", "given", 9, 11),
        ("intOrd.compare", "method", 10, 10),
        ("given_Ord_String", "given", 12, 14),
        ("given_Ord_String.compare", "method", 13, 13),
        ("Circle.circumference", "method", 16, 16),
        ("Circle.area", "method", 17, 17),
        ("Id", "type", 19, 19),
        ("Show", "trait", 21, 23),
        ("Show.show", "method", 22, 22),
        ("Main", "object", 24, 30),
        ("Main.run", "method", 25, 29),
        ("Main.Limit", "constant", 29, 29),
        ("topLevel", "function", 31, 31),
        ("Foo", "class", 32, 34),
        ("Foo.bar", "method", 33, 34),
    ]
    assert found_in("Client.scala", SCALA_3) == expected


def test_finds_every_definition_of_groovy() -> None:
    expected: Found = [
        ("Client", "class", 5, 26),
        ("Client.Client", "constructor", 11, 14),
        ("Client.retry", "method", 15, 21),
        ("Client.make", "method", 22, 24),
        ("Listener", "interface", 27, 30),
        ("Loud", "trait", 31, 34),
        ("Loud.shout", "method", 32, 32),
        ("Color", "enum", 35, 36),
        ("topLevel", "function", 37, 40),
        ("hello", "task", 41, 43),
    ]
    assert found_in("build.gradle", GROOVY) == expected


def test_finds_every_definition_of_objective_c() -> None:
    expected: Found = [
        ("MAX_RETRY", "macro", 2, 2),
        ("SQUARE", "macro", 3, 3),
        ("kClientName", "constant", 5, 5),
        ("counter", "variable", 6, 6),
        ("Handler", "type", 7, 7),
        ("ClientState", "enum", 8, 11),
        ("Point", "struct", 12, 14),
        ("Node", "struct", 15, 15),
        ("Color", "enum", 16, 16),
        ("ClientDelegate", "protocol", 18, 25),
        ("ClientDelegate.client:didFail:", "method", 21, 21),
        ("ClientDelegate.clientDone", "method", 23, 23),
        ("ClientDelegate.enabled", "property", 24, 24),
        ("Client", "class", 27, 36),
        ("Client.name", "property", 31, 31),
        ("Client.delegate", "property", 32, 32),
        ("Client.shared", "method", 33, 33),
        ("Client.sendRequest:withToken:", "method", 34, 34),
        ("Client.count", "method", 35, 35),
        ("Client", "class", 38, 40),
        ("Client.privateThing", "method", 39, 39),
        ("Client", "impl", 42, 66),
        ("Client.shared", "method", 46, 50),
        ("Client.sendRequest:withToken:", "method", 54, 58),
        ("Client.count", "method", 60, 60),
        ("Client.helper", "method", 62, 64),
        ("Client", "impl", 68, 71),
        ("Client.extra:", "method", 69, 70),
        ("main", "function", 73, 77),
    ]
    assert found_in("Client.m", OBJECTIVE_C) == expected


def test_finds_every_definition_of_swift() -> None:
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


def test_finds_every_definition_of_dart() -> None:
    expected: Found = [
        ("maxWait", "constant", 5, 6),
        ("shared", "constant", 7, 7),
        ("Handler", "type", 8, 8),
        ("Old", "type", 9, 9),
        ("Client", "class", 11, 41),
        ("Client.url", "field", 14, 14),
        ("Client.version", "constant", 15, 15),
        ("Client._count", "field", 16, 16),
        ("Client.Client", "constructor", 18, 18),
        ("Client.named", "constructor", 19, 21),
        ("Client.create", "constructor", 22, 22),
        ("Client.zero", "constructor", 23, 23),
        ("Client.retry", "method", 25, 30),
        ("Client.retry.inner", "function", 28, 28),
        ("Client.abstractOne", "method", 32, 32),
        ("Client.count", "property", 33, 33),
        ("Client.count", "property", 34, 36),
        ("Client.make", "method", 37, 37),
        ("Client.==", "method", 38, 39),
        ("Client.ext", "method", 40, 40),
        ("Loggable", "mixin", 43, 47),
        ("Loggable.log", "method", 44, 46),
        ("Color", "enum", 49, 56),
        ("Color.rgb", "field", 53, 53),
        ("Color.Color", "constructor", 54, 54),
        ("Color.hex", "property", 55, 55),
        ("StringWords", "extension", 58, 63),
        ("StringWords.words", "property", 59, 59),
        ("StringWords.total", "method", 60, 62),
        ("Id", "type", 65, 67),
        ("Id.next", "method", 66, 66),
        ("topLevel", "function", 69, 73),
        ("globalName", "property", 75, 75),
        ("main", "function", 76, 76),
        ("Shape", "class", 77, 77),
        ("Circle", "class", 78, 78),
    ]
    assert found_in("client.dart", DART) == expected


def test_comments_and_annotations_above_belong_to_the_definition() -> None:
    assert first_line_of("Client.kt", KOTLIN, "Client") == "/** Talks to the shop. */"
    assert first_line_of("Client.kt", KOTLIN, "Client.retry") == "// Tries again."
    assert first_line_of("Client.scala", SCALA, "Client.retry") == "/** Retry. */"
    assert first_line_of("Client.swift", SWIFT, "Client.retry") == "/// Retry."
    assert first_line_of("Client.swift", SWIFT, "topLevel") == "@available(iOS 13, *)"
    assert first_line_of("client.dart", DART, "maxWait") == "/// Longest wait."
    assert first_line_of("client.dart", DART, "Client.retry") == "/// Retry."
    assert first_line_of("build.gradle", GROOVY, "Client.retry") == "/** Retry. */"


def test_selectors_are_whole_names() -> None:
    [declared, defined] = [
        found for found in definitions_of("Client.m", OBJECTIVE_C) if found.name == "sendRequest:withToken:"
    ]
    assert (declared.minor, defined.minor) == (True, False)
    assert defined.signature.startswith("- (void)sendRequest:(NSURLRequest *)request withToken:(NSString *)token")


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


def test_a_broken_function_does_not_lose_its_neighbours() -> None:
    text = "class Client {\n    fun before() = 1\n    fun broken( = {\n    fun after() = 2\n}\nfun outside() = 3\n"
    names = {name for name, *_ in found_in("Client.kt", text)}
    assert {"before", "outside"} <= {name.rsplit(".", 1)[-1] for name in names}


def test_annotation_macros_of_apples_headers_do_not_hide_classes() -> None:
    text = """\
NS_ASSUME_NONNULL_BEGIN

typedef NS_OPTIONS(NSUInteger, RetryOptions) {
    RetryOptionsNone = 0,
} NS_SWIFT_NAME(Options);

FOUNDATION_EXPORT NSString * RetryName(NSString *url);

API_AVAILABLE(ios(10.0), macos(10.12))
@interface Retry : NSObject
- (instancetype)init NS_UNAVAILABLE;
- (void)retry:(NSInteger)times after:(double)seconds API_DEPRECATED("use times", ios(9.0, 13.0));
@end

@implementation Retry
- (void)retry:(__unused NSInteger)times after:(double)seconds {
    if (@available(iOS 10, *)) { [self go]; }
}
@end

NS_ASSUME_NONNULL_END
"""
    expected: Found = [
        ("RetryOptions", "enum", 3, 5),
        ("RetryName", "prototype", 7, 7),
        ("Retry", "class", 10, 13),
        ("Retry.init", "method", 11, 11),
        ("Retry.retry:after:", "method", 12, 12),
        ("Retry", "impl", 15, 19),
        ("Retry.retry:after:", "method", 16, 18),
    ]
    assert found_in("Retry.m", text) == expected
