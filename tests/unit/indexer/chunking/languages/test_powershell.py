"""The table of PowerShell."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

POWERSHELL = """\
# Clients.
param([string]$Url)
$MaxWait = 30

<#
.SYNOPSIS
Retries.
#>
function Invoke-Retry {
    [CmdletBinding()]
    param([int]$Times)
    function Inner { 1 }
    return $Times
}

filter Get-Even { if ($_ % 2 -eq 0) { $_ } }

class Client : Base {
    [string]$Url
    Client([string]$url) { $this.Url = $url }
    [int] Retry([int]$times) {
        return $times
    }
    static [Client] Create() { return [Client]::new('x') }
}
enum Color { Red; Green }
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("Invoke-Retry", "function", 5, 14),
        ("Invoke-Retry.Inner", "function", 12, 12),
        ("Get-Even", "function", 16, 16),
        ("Client", "class", 18, 25),
        ("Client.Client", "constructor", 20, 20),
        ("Client.Retry", "method", 21, 23),
        ("Client.Create", "method", 24, 24),
        ("Color", "enum", 26, 26),
    ]
    assert found_in("Client.ps1", POWERSHELL) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("Client.ps1", POWERSHELL, "Invoke-Retry") == "<#"
