"""The table of Dart."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

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


def test_finds_every_definition() -> None:
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
    assert first_line_of("client.dart", DART, "maxWait") == "/// Longest wait."
    assert first_line_of("client.dart", DART, "Client.retry") == "/// Retry."


NEWS = """\
library;

class Sign {
  Widget build() => Center(align: .center, inset: const .all(8), at: big ? .top : .low, all: [.red, ?more]);
  Map<String, int> get sizes => {'a': ?size};
  int code() => switch (state) {
    .ready => 1,
    Failed() => 2,
    _ => 3,
  };
  void tell() {
    switch (state) {
      case Failed():
        return;
    }
    lamp ..on() ..dim();
    lamp
        .first!.light()
        ?.dim();
  }
}

void last() {}
"""


def test_shorthands_swallow_no_function() -> None:
    expected: Found = [
        ("Sign", "class", 3, 21),
        ("Sign.build", "method", 4, 4),
        ("Sign.sizes", "property", 5, 5),
        ("Sign.code", "method", 6, 10),
        ("Sign.tell", "method", 11, 20),
        ("last", "function", 23, 23),
    ]
    assert found_in("sign.dart", NEWS) == expected
