"""PowerShell copy scripts in common styles: which lines have a finding, and which are undetermined."""

from __future__ import annotations

import pytest

from tests.checks.judged_scripts import Said, judged

POWERSHELL = {
    "foreach over a list": (
        "crane 0.20.6",
        """$ErrorActionPreference = 'Stop'
$Registry = 'registry.plant7.local:5000'
foreach ($image in Get-Content images.txt) {
    crane copy $image "$Registry/$image"
}
""",
        {(4, "layers"), (4, "failure")},
        set(),
    ),
    "the exit code is looked at": (
        "crane 0.20.6",
        """foreach ($image in Get-Content images.txt) {
    & crane.exe copy --allow-nondistributable-artifacts $image "r.local/$image"
    if ($LASTEXITCODE -ne 0) { throw "no $image" }
}
""",
        set(),
        set(),
    ),
    "a pipeline, backticks and splatting": (
        "skopeo 1.20.0",
        """$Options = @('--all', '--retry-times', '3')
Get-Content images.txt | ForEach-Object {
    skopeo copy @Options `
        "docker://$_" `
        "docker://r.local/$_"
}
""",
        {(3, "layers"), (3, "failure")},
        set(),
    ),
    "try and catch see no exit code": (
        "docker 27.5.1",
        """try {
    docker push registry.plant7.local:5000/shop/web:4.2
} catch {
    Write-Host 'no push'
}
""",
        {(2, "layers"), (2, "failure")},
        set(),
    ),
    "PowerShell 7 that stops": (
        "crane 0.20.6",
        """$ErrorActionPreference = 'Stop'
$PSNativeCommandUseErrorActionPreference = $true
crane copy --platform windows/amd64 registry.example.com/shop/web:4.2 r.local/shop/web:4.2
""",
        {(3, "layers"), (3, "platforms")},
        set(),
    ),
    "an expression that runs text": (
        "crane 0.20.6",
        """Invoke-Expression "crane copy $image r.local/$image"
& $Crane copy $image r.local
""",
        set(),
        {(1, "unsupported"), (2, "unsupported")},
    ),
}


@pytest.mark.parametrize(("tool", "text", "found", "unknown"), POWERSHELL.values(), ids=POWERSHELL.keys())
def test_powershell_script_has_the_expected_cases(tool: str, text: str, found: Said, unknown: Said) -> None:
    assert judged(text, tool, "mirror.ps1") == (found, unknown)
