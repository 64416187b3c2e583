"""The table of MATLAB."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

FUNCTIONS = """\
% filters a track
function [y, p] = track(x, gain)
    y = step(x) * gain;
end

function out = step(x)
out = x + 1;
end

function noargs
disp('x')
end
"""

CLASS = """\
classdef Tank < handle
    % A tank.
    properties
        Level = 0
    end
    events
        Full
    end
    enumeration
        Small, Large
    end
    methods
        function obj = Tank(level)
            obj.Level = level;
        end

        % fills it
        function fill(obj, amount)
            obj.Level = obj.Level + amount;
        end
        function v = get.Level(obj)
            v = obj.Level;
        end
    end
    methods (Static)
        r = helper(x)
    end
end
"""


def test_finds_functions() -> None:
    expected: Found = [
        ("track", "function", 1, 4),
        ("step", "function", 6, 8),
        ("noargs", "function", 10, 12),
    ]
    assert found_in("track.m", FUNCTIONS) == expected


def test_finds_classes_and_members() -> None:
    expected: Found = [
        ("Tank", "class", 1, 28),
        ("Tank.Level", "property", 4, 4),
        ("Tank.Tank", "method", 13, 15),
        ("Tank.fill", "method", 17, 20),
        ("Tank.get.Level", "method", 21, 23),
    ]
    assert found_in("Tank.m", CLASS) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("Tank.m", CLASS, "Tank.fill") == "% fills it"


def test_a_broken_file_keeps_what_is_whole() -> None:
    assert "whole" in {
        row[0] for row in found_in("b.m", "function y = broken(x\ny = (1;\nend\n\nfunction z = whole(x)\nz = x;\nend\n")
    }
