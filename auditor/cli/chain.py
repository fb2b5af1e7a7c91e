"""`auditor chain`: one TLS chain as each client on Linux and Windows would see it with the cable cut."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.inspect import Layout
from auditor.cli.inspecting.chain import PLATFORMS, Asked, chart
from auditor.cli.options import At, EvidenceIn, Timeout, parse_date
from auditor.cli.output import use_colour, write_stdout
from auditor.collectors.registry.retries import TIMEOUT
from auditor.errors import UsageError
from auditor.pki.stores.dump import dump_script as windows_script
from reports.text.ink import Ink


def chain(
    subject: Annotated[
        str | None, typer.Argument(metavar="ENDPOINT|FILE", help="host:port, or a file with a chain, leaf first.")
    ] = None,
    platform: Annotated[
        list[str] | None,
        typer.Option(metavar="PLATFORM", help=f"Nodes to judge for; repeatable. Default: {', '.join(PLATFORMS)}."),
    ] = None,
    trust: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="What the nodes trust: certificates, or a dump of a Windows node; repeatable."),
    ] = None,
    client: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this client; repeatable.")] = None,
    root_updates: Annotated[
        str, typer.Option(metavar="HOW", help="How Windows updates its roots: enabled, disabled, file://… or http://….")
    ] = "",
    reachable: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Hosts that stay reachable, such as *.plant7.local; repeatable.")
    ] = None,
    host: Annotated[str, typer.Option(metavar="HOST", help="The name that nodes use, for a file. Default: its first.")] = "",
    evidence: EvidenceIn = None,
    at: At = None,
    timeout: Timeout = TIMEOUT,
    format: Annotated[Layout, typer.Option(help="text or json")] = Layout.TEXT,
    dump_script: Annotated[bool, typer.Option("--dump-script", help="Print the PowerShell that dumps a node's trust.")] = False,
) -> None:
    """Draw one chain as each client sees it offline: path, dials, and what it says.

    Exit code: 0 every client verifies, 1 one fails, 3 it cannot be told.
    """
    if dump_script:
        write_stdout(windows_script())
        return
    if subject is None:
        raise UsageError("no endpoint and no file is named", "Name an endpoint as host:port, or a file with a chain.")
    asked = Asked(
        subject,
        host,
        tuple(platform or PLATFORMS),
        tuple(path.as_posix() for path in trust or ()),
        tuple(client or ()),
        root_updates,
        tuple(reachable or ()),
        evidence,
        timeout,
    )
    found = chart(asked, parse_date(at))
    write_stdout((found.as_json() if format is Layout.JSON else found.as_text(Ink(use_colour()))) + "\n")
    raise typer.Exit(found.exit_code)
