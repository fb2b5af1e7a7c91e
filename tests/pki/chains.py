"""A chain, the roots of a client, and the question that every judge of chains is asked."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from auditor.pki.certificate import Certificate
from auditor.testing.certificates import AT, CA, HOST, SERVER, Made, Shape, hierarchy


@dataclass(frozen=True)
class Case:
    """A chain as served, leaf first, with the leaf's key; the roots of the client; the host it asks for, and when."""

    chain: tuple[Made, ...]
    roots: tuple[Made, ...]
    host: str = HOST
    at: datetime.datetime = AT

    @property
    def served(self) -> tuple[Certificate, ...]:
        return tuple(part.certificate for part in self.chain)

    @property
    def anchors(self) -> tuple[Certificate, ...]:
        return tuple(part.certificate for part in self.roots)

    @property
    def pem(self) -> bytes:
        return b"".join(part.pem for part in self.chain)


def whole(leaf: Shape = SERVER, issuing: Shape = CA, root: Shape = CA, host: str = HOST, name: str = HOST) -> Case:
    """Leaf and issuing CA served, the root trusted."""
    made = hierarchy(leaf, issuing, root, name)
    return Case((made.leaf, made.issuing), (made.root,), host)
