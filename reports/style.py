"""How a text report is drawn: width, colours, links, characters, and the lines of files that it quotes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.report import Excerpt, Location

NARROWEST, WIDEST = 60, 200
USUAL_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Style:
    """How to draw. The default is plain text of 100 columns, as in a file or a pipe.

    `folder` is the absolute folder that locations are relative to; locations are links if it is set. `excerpts` are lines
    of the user's files, by location.
    """

    colour: bool = False
    folder: str = ""
    width: int = USUAL_WIDTH
    excerpts: Mapping[Location, Excerpt] = field(default_factory=lambda: MappingProxyType({}))


PLAIN = Style()
