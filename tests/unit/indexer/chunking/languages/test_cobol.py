"""The table of COBOL."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, found_in

FIXED = """\
000100 IDENTIFICATION DIVISION.
000200 PROGRAM-ID. WAGES.
000300 ENVIRONMENT DIVISION.
000400 DATA DIVISION.
000500 WORKING-STORAGE SECTION.
000600 01  WS-HOURS       PIC 9(3).
000700 01  WS-REC.
000800     05 WS-A        PIC X.
000900 PROCEDURE DIVISION.
001000 MAIN-LINE SECTION.
001100 START-UP.
001200     PERFORM FIND-WAGE.
001300     STOP RUN.
001400* computes
001500 FIND-WAGE.
001600     IF WS-HOURS > 40
001700         MULTIPLY 2 BY WS-HOURS
001800     END-IF.
001900 COMPUTE-EXIT. EXIT.
"""

FREE = """\
identification division.
program-id. wages.
procedure division.
main-line.
    perform add-up
    goback.
*> adds
add-up.
    add 1 to x.
"""


def test_finds_paragraphs_of_fixed_form() -> None:
    expected: Found = [
        ("WAGES", "program", 2, 19),
        ("WAGES.WS-HOURS", "record", 6, 6),
        ("WAGES.WS-REC", "record", 7, 8),
        ("WAGES.MAIN-LINE", "section", 10, 19),
        ("WAGES.MAIN-LINE.START-UP", "paragraph", 11, 13),
        ("WAGES.MAIN-LINE.FIND-WAGE", "paragraph", 14, 18),
        ("WAGES.MAIN-LINE.COMPUTE-EXIT", "paragraph", 19, 19),
    ]
    assert found_in("PAYROLL.cbl", FIXED) == expected


def test_finds_paragraphs_of_free_form() -> None:
    expected: Found = [
        ("wages", "program", 2, 9),
        ("wages.main-line", "paragraph", 4, 6),
        ("wages.add-up", "paragraph", 7, 9),
    ]
    assert found_in("free.cob", FREE) == expected
