"""`auditor chain`: one TLS chain as each client on Linux and Windows verifies it offline."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli import work
from auditor.cli.options import At, EvidenceIn, Timeout, parse_date
from auditor.cli.output import OutputFormat, write_stdout
from auditor.cli.terminal import use_colour
from auditor.errors import UsageError
from auditor.pipeline.settings import CHAIN_PLATFORMS as PLATFORMS
from auditor.pipeline.settings import TIMEOUT
from auditor.policy.exit_codes import EXIT_NOT_READY, EXIT_READY, EXIT_UNDETERMINED
from reports.text.ink import Ink

if TYPE_CHECKING:
    from auditor.pipeline.inspect.chain import InspectedChain


DomainJoined = Annotated[
    bool | None,
    typer.Option(
        "--domain-joined/--not-domain-joined",
        help="Whether Windows nodes are members of an Active Directory domain. Default: as a dump states.",
        show_default=False,
    ),
]


def chain(
    subject: Annotated[
        str | None, typer.Argument(metavar="ENDPOINT|FILE", help="host:port, or a file with a chain, leaf first.")
    ] = None,
    platform: Annotated[
        list[str] | None,
        typer.Option(metavar="PLATFORM", help=f"Platform of the nodes; repeatable. Default: {', '.join(PLATFORMS)}."),
    ] = None,
    trust: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Certificates that the nodes trust, or a dump of a Windows node; repeatable."),
    ] = None,
    client: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this client; repeatable.")] = None,
    root_updates: Annotated[
        str, typer.Option(metavar="HOW", help="How Windows updates its roots: enabled, disabled, file://… or http://….")
    ] = "",
    domain_joined: DomainJoined = None,
    reachable: Annotated[
        list[str] | None, typer.Option(metavar="PATTERN", help="Internal hosts, such as *.plant7.local; repeatable.")
    ] = None,
    host: Annotated[
        str,
        typer.Option(metavar="HOST", help="The host name that nodes use, for a file."),
    ] = "",
    evidence: EvidenceIn = None,
    at: At = None,
    timeout: Timeout = TIMEOUT,
    format: Annotated[OutputFormat, typer.Option(help="text or json")] = OutputFormat.TEXT,
    dump_script: Annotated[
        bool, typer.Option("--dump-script", help="Print the PowerShell that dumps a node's trust stores.")
    ] = False,
) -> None:
    """Draw one chain as each client verifies it offline: its path, its connections and its error message.

    Exit code: 0 every client verifies it, 1 one fails, 3 undetermined.
    """
    if dump_script:
        write_stdout(work.dump_script())
        return
    if subject is None:
        raise UsageError("no endpoint and no file is named", "Name an endpoint as host:port, or a file with a chain.")
    question = work.ChainQuestion(
        subject,
        host,
        tuple(platform or PLATFORMS),
        tuple(path.as_posix() for path in trust or ()),
        tuple(client or ()),
        root_updates,
        tuple(reachable or ()),
        evidence,
        timeout,
        domain_joined,
    )
    found = work.inspect_chain(question, parse_date(at))
    write_stdout((work.chain_json(found) if format is OutputFormat.JSON else work.chain_text(found, Ink(use_colour()))) + "\n")
    raise typer.Exit(_exit_code(found))


def _exit_code(chain: InspectedChain) -> int:
    verdicts = {row.verdict for row in chain.rows}
    if "fails" in verdicts:
        return EXIT_NOT_READY
    return EXIT_READY if verdicts == {"verifies"} else EXIT_UNDETERMINED
