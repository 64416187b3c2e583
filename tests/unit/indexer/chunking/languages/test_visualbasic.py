"""The table of Visual Basic."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

NET = """\
Imports System
Namespace Shop.Core
    ''' <summary>Books.</summary>
    <Serializable>
    Public Class Order(Of T)
        Inherits Base
        Public Property Name As String
        Public ReadOnly Property Total As Decimal
            Get
                Return 1
            End Get
        End Property
        Public Event Booked(sender As Object)
        Public Sub New(seats As Integer)
            Dim f = Sub(x)
                        Console.Write(x)
                    End Sub
            Dim g = Function(y) y + 1
        End Sub
        Public Overrides Function ToString() As String
            Return "End Function" ' End Function
        End Function
        Public Shared Operator +(a As Order, b As Order) As Order
        End Operator
        Public MustOverride Sub Go()
        Enum Kind
            A
        End Enum
    End Class
    Interface IThing
        Sub A()
        Function B() As Integer
        Property C As Integer
    End Interface
    Module Prices
        Declare Function Beep Lib "kernel32" (ByVal x As Integer) As Integer
        Private Delegate Sub D(x As Integer)
        <Extension()>
        Public Function WithTax(x As Decimal) As Decimal
            Return x
        End Function
    End Module
    Structure P
        Public X As Integer
    End Structure
End Namespace
"""

CLASS = """\
VERSION 1.0 CLASS
BEGIN
  MultiUse = -1
END
Attribute VB_Name = "CQ"
Option Explicit
Private Type Rec
  A As Long
End Type
Private mItems As Collection
Public Property Get Count() As Long
    Count = mItems.Count
End Property
Public Property Let Count(v As Long)
End Property
Public Sub Push(ByVal v As Variant)
    mItems.Add v
End Sub
"""


def test_finds_every_definition_of_net() -> None:
    expected: Found = [
        ("Shop.Core", "namespace", 2, 46),
        ("Shop.Core.Order", "class", 3, 29),
        ("Shop.Core.Order.Name", "property", 7, 7),
        ("Shop.Core.Order.Total", "property", 8, 12),
        ("Shop.Core.Order.Booked", "event", 13, 13),
        ("Shop.Core.Order.New", "method", 14, 19),
        ("Shop.Core.Order.ToString", "method", 20, 22),
        ("Shop.Core.Order.+", "method", 23, 24),
        ("Shop.Core.Order.Go", "prototype", 25, 25),
        ("Shop.Core.Order.Kind", "enum", 26, 28),
        ("Shop.Core.IThing", "interface", 30, 34),
        ("Shop.Core.IThing.A", "method", 31, 31),
        ("Shop.Core.IThing.B", "method", 32, 32),
        ("Shop.Core.IThing.C", "property", 33, 33),
        ("Shop.Core.Prices", "module", 35, 42),
        ("Shop.Core.Prices.Beep", "prototype", 36, 36),
        ("Shop.Core.Prices.D", "delegate", 37, 37),
        ("Shop.Core.Prices.WithTax", "function", 38, 41),
        ("Shop.Core.P", "struct", 43, 45),
    ]
    assert found_in("Booking.vb", NET) == expected


def test_finds_every_definition_of_a_class_of_vb6() -> None:
    expected: Found = [
        ("CQ", "module", 5, 18),
        ("CQ.Rec", "struct", 7, 9),
        ("CQ.Count", "property", 11, 13),
        ("CQ.Count", "property", 14, 15),
        ("CQ.Push", "function", 16, 18),
    ]
    assert found_in("CQ.cls", CLASS) == expected


def test_attributes_and_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("Booking.vb", NET, "Shop.Core.Order") == "''' <summary>Books.</summary>"
