"""The table of Clojure."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

CLOJURE = """\
(ns shop.client
  "Clients."
  (:require [clojure.string :as str]))

;; Longest wait.
(def max-wait 30)
(def ^:private counter (atom 0))
(defonce state (atom {}))

(defn retry
  "Retries."
  [client times]
  (let [x 1]
    (defn inner [] 1)
    (send client times)))

(defn- ^String helper [x] x)

(defmacro unless [test & body]
  `(if (not ~test) (do ~@body)))

(defprotocol Shape
  "Shapes."
  (area [this] "The area.")
  (perimeter [this]))

(defrecord Circle [r]
  Shape
  (area [_] (* r r)))

(deftype Box [v])

(defmulti render :kind)
(defmethod render :html [x]
  x)
(defmethod render :text [x] x)

(extend-type String
  Shape
  (area [s] 1))

(deftest retry-test
  (is (= 1 1)))

(comment
  (retry 1 2))

(defn ^{:doc "x"} with-meta-name [a] a)
#?(:clj (defn only-jvm [] 1)
   :cljs (defn only-js [] 1))
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("shop.client", "module", 1, 3),
        ("max-wait", "constant", 5, 6),
        ("counter", "constant", 7, 7),
        ("state", "constant", 8, 8),
        ("retry", "function", 10, 15),
        ("retry.inner", "function", 14, 14),
        ("helper", "function", 17, 17),
        ("unless", "macro", 19, 20),
        ("Shape", "protocol", 22, 25),
        ("Shape.area", "method", 24, 24),
        ("Shape.perimeter", "method", 25, 25),
        ("Circle", "struct", 27, 29),
        ("Circle.area", "method", 29, 29),
        ("Box", "struct", 31, 31),
        ("render", "function", 33, 33),
        ("render", "method", 34, 35),
        ("render", "method", 36, 36),
        ("String", "impl", 38, 40),
        ("String.area", "method", 40, 40),
        ("retry-test", "test", 42, 43),
        ("with-meta-name", "function", 48, 48),
        ("only-jvm", "function", 49, 49),
        ("only-js", "function", 50, 50),
    ]
    assert found_in("client.clj", CLOJURE) == expected


def test_documentation_above_belongs_to_the_definition() -> None:
    assert first_line_of("client.clj", CLOJURE, "max-wait") == ";; Longest wait."
