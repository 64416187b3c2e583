"""The table of HCL."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

HCL = """\
# region
variable "region" {
  type = string
}
resource "aws_s3_bucket" "logs" {
  bucket = "x"
  lifecycle {
    a = 1
  }
}
locals {
  a = 1
}
module "net" { source = "./x" }
terraform { required_version = "1" }
"""

VALUES = """\
region = "x"
list = [
 1,
]
"""


def test_finds_the_blocks_of_a_module() -> None:
    expected: Found = [
        ("region", "variable", 1, 4),
        ("aws_s3_bucket.logs", "resource", 5, 10),
        ("locals", "locals", 11, 13),
        ("net", "module", 14, 14),
        ("terraform", "terraform", 15, 15),
    ]
    assert found_in("main.tf", HCL) == expected


def test_finds_longer_values() -> None:
    expected: Found = [
        ("list", "variable", 2, 4),
    ]
    assert found_in("prod.tfvars", VALUES) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("main.tf", HCL, "region") == "# region"
