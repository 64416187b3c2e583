"""Java, C#, Kotlin, Scala, Swift, Dart, Groovy, Apex: classes on a runtime of their own."""

from __future__ import annotations

from tests.unit.indexer.chunking.new_syntax import Sample

SAMPLES = (
    Sample(
        "25 compact source files, module imports",
        "a.java",
        ("method main", "method after"),
        """import module java.base;

void main() {
    IO.println("hello");
}

int after() { return 1; }
""",
    ),
    Sample(
        "25 flexible constructor bodies, unnamed variables, record patterns",
        "a.java",
        ("class Shape", "constructor Shape.Shape", "method Shape.area", "record Shape.Point"),
        """
public sealed class Shape permits Circle {
    Shape(int size) {
        if (size < 0) throw new IllegalArgumentException();
        super(size);
    }

    record Point(int x, int y) implements Comparable<Point> {}

    static double area(Object it) {
        return switch (it) {
            case Point(var x, _) when x > 0 -> x;
            case Integer i -> i;
            case null, default -> { yield 0; }
        };
    }
}
""",
    ),
    Sample(
        "23 markdown comments, text blocks, primitive patterns",
        "a.java",
        ("interface Store", "method Store.name", "method Store.after"),
        """
public non-sealed interface Store {
    /// Names the *store*.
    default String name() {
        return \"\"\"
            a "quoted" \\
            block\"\"\";
    }

    private static boolean after(int value) { return value instanceof byte b && b > 0; }
}
""",
    ),
    Sample(
        "14 extension members",
        "a.cs",
        ("class Sequences", "method Sequences.Second", "method Sequences.After"),
        """
public static class Sequences
{
    extension<T>(IEnumerable<T> source) where T : notnull
    {
        public bool IsEmpty => !source.Any();
        public T Second() => source.Skip(1).First();
    }

    public static int After(int x) => x;
}
""",
    ),
    Sample(
        "14 field keyword, null-conditional assignment, partial constructors",
        "a.cs",
        ("class Account", "property Account.Name", "method Account.After"),
        """
public partial class Account(string id)
{
    public partial Account(string id, int n);

    public string Name
    {
        get;
        set => field = value ?? throw new ArgumentNullException(nameof(value));
    }

    public void After(Account? other, Span<int> span)
    {
        other?.Name = nameof(List<>);
        TryParse parse = (text, out result) => true;
        other?.Count += 1;
    }

    public void operator +=(int by) => Count += by;
}
""",
    ),
    Sample(
        "13 params collections, lock, 12 collection expressions, 11 raw strings",
        "a.cs",
        ("struct Point", "class Box", "property Box.Sizes", "method Box.All", "method Box.After"),
        """
namespace A;

public readonly record struct Point(int X, int Y);

file class Box<T> where T : allows ref struct
{
    required public int[] Sizes { get; init; } = [1, .. Others, 2];

    public static T All(params ReadOnlySpan<T> items) => items is [var first, .., > 3] ? first : default!;

    public string After(ref readonly int x) => $\"\"\"{{{x}}} "quoted" \\e\"\"\"u8.ToString();
}
""",
    ),
    Sample(
        "file-based programs",
        "a.cs",
        ("function Run", "class After"),
        """#!/usr/bin/env dotnet
#:package Humanizer@2.14.1
#:property LangVersion=preview

await Run(args);

async Task Run(string[] names) => Console.WriteLine(names[^1]);

class After { }
""",
    ),
    Sample(
        "2.2 guards in when, non-local break, multi-dollar strings",
        "a.kt",
        ("class Reader", "method Reader.kind", "function after"),
        """
class Reader(private val source: Source) {
    fun kind(token: Token): String = when (token) {
        is Token.Word if token.text.isEmpty() -> "empty"
        is Token.Word -> $$"$name is $${token.text}"
        else -> "none"
    }
}

fun after(items: List<Int>): Int {
    for (item in items) {
        item.let { if (it > 1) break else continue }
    }
    return 1
}
""",
    ),
    Sample(
        "2.2 context parameters, nested aliases",
        "a.kt",
        ("function save", "function after"),
        """
context(log: Logger, users: Users)
fun save(name: String) {
    log.info(name)
}

fun after() = 1
""",
    ),
    Sample(
        "data objects, value classes, fun interfaces, open ranges",
        "a.kts",
        ("object None", "class Id", "interface Check", "method Check.test", "function after"),
        """
data object None

@JvmInline
value class Id(val raw: Long)

fun interface Check<in T> { fun test(it: T): Boolean }

sealed interface Tree { enum class Kind { LEAF; companion object } }

inline fun <reified T : Any> after(noinline f: suspend T.() -> Unit) = (0..<9).map { it!! }
""",
    ),
    Sample(
        "3.7 named tuples, better for, clauses of givens",
        "a.scala",
        ("type Person", "function oldest", "given ordering", "function after"),
        """
type Person = (name: String, age: Int)

def oldest(people: List[Person]): Option[String] =
  for
    best = people.maxBy(_.age)
    if best.age > 1
  yield best.name

given ordering: [T] => (other: Ordering[T]) => Ordering[List[T]]:
  def compare(a: List[T], b: List[T]) = 0

def after(using x: Int) = x
""",
    ),
    Sample(
        "3 enums, extensions, opaque types, indentation",
        "a.scala",
        ("enum Color", "type Id", "method String.shout", "class Box", "method Box.map", "function after"),
        """
enum Color(val rgb: Int):
  case Red extends Color(0xff0000)
  case Other(value: Int) extends Color(value)

opaque type Id <: Long = Long

extension (text: String)
  def shout: String = text.toUpperCase

class Box[+T](value: T) derives CanEqual:
  def map[U](f: T => U): Box[U] = Box(f(value))
end Box

inline def after[A <: Matchable](x: A): Int = inline x match
  case _: String => 1
  case _ => 2
""",
    ),
    Sample(
        "3.4 context functions, polymorphic functions, wildcards, quotes",
        "a.scala",
        ("object Macros", "method Macros.show", "method Macros.after"),
        """
object Macros:
  def show[T: Type](value: Expr[T])(using Quotes): Expr[String] = '{ ${ value }.toString }

  val identity: [T] => T => T = [T] => (x: T) => x

  def after(f: (Int, String) ?=> Unit, xs: List[?]): Unit =
    if xs.isEmpty then () else while true do f(using 1, "")
""",
    ),
    Sample(
        "6.2 main actor isolation, inline arrays, raw identifiers",
        "a.swift",
        ("struct Grid", "method Grid.first", "function after"),
        """
@MainActor
struct Grid: ~Copyable {
    var cells: InlineArray<3, Int> = [1, 2, 3]
    nonisolated(unsafe) static var shared = 0

    consuming func first() throws(GridError) -> sending Int { cells[0] }

    @concurrent func load() async -> Int { await work() }
}

func after(_ each: some Collection<Int>) {}
""",
    ),
    Sample(
        "5.9 macros, packs, if as a value",
        "a.swift",
        ("macro stringify", "function all", "class Model", "function after"),
        """
@freestanding(expression)
public macro stringify<T>(_ value: T) -> (T, String) = #externalMacro(module: "M", type: "S")

func all<each T: Equatable>(_ values: repeat each T) -> (repeat Box<each T>) {
    (repeat Box(each values))
}

@Observable final class Model {
    let size = if small { 1 } else { 2 }
    let label = switch kind { case .a: "a" default: "b" }
}

#Preview { Text("x") }

func after() { let (sum, _) = #stringify(1 + 2) }
""",
    ),
    Sample(
        "actors, async lets, regex literals, existential any",
        "a.swift",
        ("actor Store", "method Store.load", "property Store.count", "function after"),
        """
actor Store {
    private(set) var count: Int { get async throws { 1 } }

    isolated deinit { close() }

    func load(_ urls: [URL]) async throws -> [any Item] {
        async let first = fetch(urls[0])
        for try await line in stream { print(line) }
        guard let first else { return [] }
        return try await [first]
    }
}

func after(_ text: some StringProtocol) -> Bool { text.contains(/\\d+(?<name>[a-z]+)/) }
""",
    ),
    Sample(
        "3.10 dot shorthands, 3.8 null-aware elements",
        "a.dart",
        ("function build", "function after"),
        """
Widget build(Axis? axis, String? name) {
  final LogLevel level = .warning;
  return Row(mainAxisAlignment: .center, children: [?name, if (axis == .vertical) Text('a')]);
}

int after() => 1;
""",
    ),
    Sample(
        "3 patterns, records, class modifiers, 3.7 wildcards",
        "a.dart",
        ("class Shape", "method Shape.area", "type Id", "function after"),
        """
sealed class Shape {
  double area() => switch (this) {
    Square(side: final s) when s > 0 => s * s,
    Circle(:var radius) || Ring(:var radius) => radius,
    _ => 0,
  };
}

abstract interface class Named {}

base mixin class Counted {}

extension type const Id(int value) implements int {}

(int, {String name}) after((int, int) pair, _) {
  var (a, b) = pair;
  final {'x': int x, ...} = map;
  return (a, name: 'b');
}
""",
    ),
    Sample(
        "3.10 members of classes with dot shorthands",
        "a.dart",
        ("enum Level", "method Level.label", "constructor Level.Level", "class Page", "method Page.build"),
        """
enum Level {
  low(1),
  high(2);

  const Level(this.rank);
  final int rank;

  String label() => this == .low ? 'low' : 'high';
}

class Page extends StatelessWidget {
  const Page({super.key, this.level = .low});

  @override
  Widget build(BuildContext context) => Padding(padding: const .all(8), child: Text(level.label()));
}
""",
    ),
    Sample(
        "5 records, switch expressions, 4 lambdas and ranges",
        "a.groovy",
        ("record Point", "class Job", "method Job.run", "function after"),
        """
record Point(int x, int y) { }

@CompileStatic
sealed interface Shape permits Square { }

class Job {
    def run(items) {
        var last = items[0..<-1]?.findAll(x -> x !in [1, 2])
        def kind = switch (last) {
            case Integer -> 'number'
            default -> 'other'
        }
        return kind ?= 'none'
    }
}

def after() { 1 }
""",
    ),
    Sample(
        "null coalescing, safe navigation, user mode queries, switch on",
        "a.apex",
        ("class Accounts", "method Accounts.first", "method Accounts.after"),
        """
public with sharing class Accounts {
    public static Account first(String name) {
        String key = name ?? 'none';
        List<Account> found = [SELECT Id, Name FROM Account WHERE Name = :key WITH USER_MODE LIMIT 1];
        insert as user found;
        switch on found?.size() {
            when 0 { return null; }
            when else { return found[0]; }
        }
    }

    @AuraEnabled(cacheable=true)
    public static void after() {}
}
""",
    ),
)
