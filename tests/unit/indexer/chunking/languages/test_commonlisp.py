"""The table of Common Lisp."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

LISP = """\
(defpackage :till (:use :cl))
(in-package :till)
(defstruct posting account amount)
;; sums
(defun sum-of (account postings)
  "doc"
  (loop for p in postings sum p))
(defmacro with-x ((x) &body body) `(let ((,x 1)) ,@body))
(defclass tank (base) ((level :initarg :level)))
(defmethod fill ((tank tank) amount) (incf amount))
(defgeneric area (shape))
(defvar *x* 1)
(defparameter *y* 2)
(defconstant +z+ 3)
#+sbcl
(defun a (x) x)
#-(or a b)
(defmethod c ((x y)) 1)
(progn
 (defun d () 1))
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("till", "module", 1, 1),
        ("posting", "struct", 3, 3),
        ("sum-of", "function", 4, 7),
        ("with-x", "macro", 8, 8),
        ("tank", "class", 9, 9),
        ("fill", "method", 10, 10),
        ("area", "function", 11, 11),
        ("*x*", "variable", 12, 12),
        ("*y*", "variable", 13, 13),
        ("+z+", "constant", 14, 14),
        ("a", "function", 15, 16),
        ("c", "method", 17, 18),
        ("d", "function", 20, 20),
    ]
    assert found_in("ledger.lisp", LISP) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("ledger.lisp", LISP, "sum-of") == ";; sums"
