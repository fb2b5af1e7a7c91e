"""Typical calls of each command, for its help and for docs/cli.md. tests/test_docs.py parses each of them."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "audit": (
        ("auditor audit plan.yaml", "collect into a cache, then evaluate"),
        ("auditor audit site.evidence --at 2027-03-01", "no network: what will have failed by March?"),
        ("auditor audit plan.yaml --evidence site.evidence --format html=report.html --format text", "a file and the screen"),
        ("auditor audit images.txt --platform linux/amd64 --platform windows/amd64:ltsc2022", "a list without a plan"),
        ("auditor audit plan.yaml --via target --only image-absent", "offline side: is every image there?"),
        ("auditor audit plan.yaml --baseline before.json --format github", "gate only on new findings"),
    ),
    "show": (
        ("auditor show chain-incomplete", "every finding of one check, with the lines of your files"),
        ("auditor show ghcr.io/plant7/historian:2.8.1 win2022", "one image, then one pool"),
        ("auditor show steps", "all steps in their order"),
        ("auditor show errors --report report.json", "from a JSON report"),
    ),
    "collect": (
        ("auditor collect plan.yaml -o site.evidence", "the evidence, the plan, and the files that it names"),
        ("auditor collect images.txt --platform windows/amd64:ltsc2022 -o lists.evidence", "a list without a plan"),
    ),
    "diff": (
        ("auditor diff before.json after.json", "new, fixed and changed findings"),
        ("auditor diff before.json after.json --format json --fail-on warning", "for a program"),
    ),
    "images": (
        ("auditor images plan.yaml", "every image, and why it is needed"),
        ("auditor images deploy/ charts/shop --platform linux/amd64 --format json", "manifests and a chart"),
        ("auditor images site.evidence", "no network"),
    ),
    "inspect": (
        ("auditor inspect mcr.microsoft.com/windows/servercore:ltsc2022", "its platforms, layers and sizes"),
        ("auditor inspect rancher/mirrored-pause:3.6 --evidence site.evidence --format json", "no network"),
    ),
    "chain": (
        ("auditor chain registry.plant7.local:5000 --trust certs/corp-root.pem --trust nodes/win2022.json", "a server"),
        ("auditor chain chain.pem --host registry.plant7.local --platform windows/amd64:ltsc2019 --client curl", "a file"),
        ("auditor chain --dump-script > windows-trust.ps1", "a script for a Windows node"),
    ),
    "fix": (
        ("auditor fix plan.yaml --via source --via target -o fix", "what the internal registry lacks"),
        ("auditor fix site.evidence -o fix", "no network"),
        ("auditor fix plan.yaml --waivers accepted.yaml -o fix", "without waived findings"),
        ("auditor fix report.json -o fix", "from a report: only the copy scripts"),
    ),
    "manifest": (
        ("auditor manifest /media/disk1", "writes SHA256SUMS and custody.json on the medium"),
        ("auditor manifest /media/dvd -o lists --no-images", "a medium that cannot be written"),
    ),
    "sign": (
        ("auditor sign report.json --key key.pem --evidence site.evidence --transfer /media/disk1", "with the medium"),
        ("auditor sign report.json --key key.pem -o signed/report.intoto.json", "the report alone"),
    ),
    "verify": (
        ("auditor verify report.intoto.json --key public.pem --transfer /mnt/disk1", "a signed report and its medium"),
        ("auditor verify report.intoto.json --key signer.crt --skip transfer --format json", "for a program"),
        ("auditor verify /mnt/disk1", "the medium against its list"),
        ("auditor verify /mnt/disk1 --key public.pem --statement site.intoto.json", "with the signed list"),
    ),
    "facts": (
        ("auditor facts", "the tables and their dates"),
        ("auditor facts copy_layers", "the rows of one table"),
        ("auditor facts --plan plan.yaml", "what an update would have to cover"),
    ),
    "checks": (("auditor checks", "the whole catalogue"), ("auditor checks > checks.txt", "in a file")),
    "explain": (
        ("auditor explain foreign-layer-egress", "why it fails offline, and how to fix it"),
        ("auditor explain waiver-expired", "a rule of the policy"),
    ),
    "init": (("auditor init plan.yaml", "a new file"), ("auditor init -", "print it")),
    "doctor": (
        ("auditor doctor", "what this machine can do"),
        ("auditor doctor --format json", "for a program"),
    ),
    "schema": (
        ("auditor schema plan > plan.schema.json", "for an editor"),
        ("auditor schema report > report.schema.json", "for a reader of reports"),
    ),
}
