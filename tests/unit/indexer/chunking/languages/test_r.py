"""The table of R."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

R = r"""# Clients.
library(httr)
MAX_RETRIES <- 3

#' Retries.
#' @param times how often
retry <- function(client, times = 3) {
  inner <- function(x) x
  y <- 1
  inner(times)
}

helper = function(x) {
  x
}
lam <- \(x) x + 1
`%+%` <- function(a, b) paste0(a, b)
print.client <- function(x, ...) {
  cat("x")
}
setClass("Client", representation(url = "character"))
setGeneric("send", function(object, ...) standardGeneric("send"))
setMethod("send", "Client", function(object, ...) {
  1
})
Stack <- R6Class("Stack",
  public = list(
    items = NULL,
    push = function(x) {
      self$items <- c(self$items, x)
    },
    pop = function() 1
  ),
  private = list(
    secret = function() 2
  )
)
Person <- setRefClass("Person", fields = list(name = "character"),
  methods = list(
    greet = function() {
      1
    }))
test_that("retry works", {
  expect_equal(1, 1)
})
if (TRUE) {
  cond <- function() 1
}
config$handler <- function() 1
"quoted" <- function() 1
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("MAX_RETRIES", "constant", 3, 3),
        ("retry", "function", 5, 11),
        ("retry.inner", "function", 8, 8),
        ("helper", "function", 13, 15),
        ("lam", "function", 16, 16),
        ("%+%", "function", 17, 17),
        ("print.client", "function", 18, 20),
        ("Client", "class", 21, 21),
        ("send", "function", 22, 22),
        ("Client.send", "method", 23, 25),
        ("Stack", "class", 26, 37),
        ("Stack.push", "method", 29, 31),
        ("Stack.pop", "method", 32, 32),
        ("Stack.secret", "method", 35, 35),
        ("Person", "class", 38, 42),
        ("Person.greet", "method", 40, 42),
        ("retry works", "test", 43, 45),
        ("cond", "function", 47, 47),
        ("config.handler", "function", 49, 49),
        ("quoted", "function", 50, 50),
    ]
    assert found_in("client.R", R) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("client.R", R, "retry") == "#' Retries."
