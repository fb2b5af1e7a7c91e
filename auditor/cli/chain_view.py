"""One TLS chain, as text or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from auditor.pipeline.inspect.chain import InspectedChain
from reports.cleaning import clean
from reports.json_trust import root_lists_json, trust_files_json, trust_json
from reports.text.chain import draw, draw_files
from reports.text.ink import Ink
from reports.text.layout import heading, wrap
from reports.ways import public_roots


def chain_json(chain: InspectedChain) -> str:
    """Return a JSON document."""
    document = {
        "endpoint": chain.endpoint,
        "source": chain.source,
        "as_of": chain.day.isoformat(),
        "served": chain.served,
        "trouble": chain.trouble or None,
        "trust": trust_json(chain.rows),
        "trust_files": trust_files_json(chain.files),
        "root_lists": root_lists_json(chain.root_lists),
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def chain_text(chain: InspectedChain, ink: Ink) -> str:
    """Return a drawing for a terminal."""
    return "\n".join(_lines(chain, ink))


def _lines(chain: InspectedChain, ink: Ink) -> Iterator[str]:
    yield ink.paint(clean(chain.endpoint), "bold")
    if chain.trouble:
        yield from wrap(chain.trouble, "  ")
        yield from draw_files(chain.files)
        return
    served = ", ".join(chain.served)
    yield from wrap(f"as of {chain.day.isoformat()}, without external access; served by {chain.source}: {served}")
    yield from wrap(public_roots(chain.root_lists))
    yield from draw(chain.rows, ink)
    if chain.files:
        yield from heading("Trust files that could not be used as a whole", ink)
        yield from draw_files(chain.files)
