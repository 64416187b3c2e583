"""The table of Fortran."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

FREE = """\
module tanks
  implicit none
  type, extends(base) :: tank
    real :: level
  contains
    procedure :: fill
  end type tank
  interface swap
    module procedure swap_real
  end interface
contains
  ! fills
  subroutine fill(this, x)
    class(tank) :: this
    real :: x
    this%level = x
  end subroutine fill
  pure real function area(r)
    real, intent(in) :: r
    area = r
  end function
end module tanks

program main
  use tanks
  call go()
contains
  subroutine go()
  end subroutine
end program main

submodule (tanks) sub
contains
  module procedure thing
  end procedure
end submodule
"""

FIXED = """\
C     fixed form
      SUBROUTINE FILL(X, N)
      INTEGER N
      REAL X(N)
      DO 10 I = 1, N
         X(I) = 0.0
   10 CONTINUE
      RETURN
      END

      REAL FUNCTION AREA(R)
      AREA = R *
     &       R
      END
C     main
      PROGRAM MAIN
      CALL FILL(X, 3)
      END
      BLOCK DATA INIT
      COMMON /A/ B
      END
"""


def test_finds_every_definition_of_free_form() -> None:
    expected: Found = [
        ("tanks", "module", 1, 22),
        ("tanks.tank", "type", 3, 7),
        ("tanks.swap", "interface", 8, 10),
        ("tanks.fill", "function", 12, 17),
        ("tanks.area", "function", 18, 21),
        ("main", "program", 24, 30),
        ("main.go", "function", 28, 29),
        ("sub", "module", 32, 36),
        ("sub.thing", "function", 34, 35),
    ]
    assert found_in("tanks.f90", FREE) == expected


def test_finds_every_definition_of_fixed_form() -> None:
    expected: Found = [
        ("FILL", "function", 1, 9),
        ("AREA", "function", 11, 14),
        ("MAIN", "program", 15, 18),
        ("INIT", "module", 19, 21),
    ]
    assert found_in("fill.f", FIXED) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("tanks.f90", FREE, "tanks.fill") == "! fills"


def test_words_in_strings_comments_and_names_are_no_heads() -> None:
    text = (
        "subroutine light(x)\n  character(9) :: end_function = 'end function'\n  ! end subroutine\n"
        "  type(lamp) :: x\n  select type (x)\n  type is (lamp)\n  end select\n  end = 1\nEND\n"
    )
    assert found_in("a.f90", text) == [("light", "function", 1, 9)]
