"""The table of Scala 2 and 3."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

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


def test_finds_every_definition() -> None:
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
        ("Foo", "class", 32, 35),
        ("Foo.bar", "method", 33, 34),
    ]
    assert found_in("Client.scala", SCALA_3) == expected


def test_comments_and_annotations_above_belong_to_the_definition() -> None:
    assert first_line_of("Client.scala", SCALA, "Client.retry") == "/** Retry. */"
