"""The text of a distinguished name that stands alone as DER, which `cryptography` does not read."""

from __future__ import annotations

from auditor.pki.der import OBJECT_ID, SEQUENCE, SET, NotDer, dotted, elements
from auditor.text import printable

MAX_PARTS = 40
_SHORT = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.25": "DC",
}
_WIDE = 0x1E  # BMPString


def name_text(der: bytes) -> str:
    """Return a name as RFC 4514 text, the most specific part first; an empty string if it is no name."""
    try:
        (name,) = elements(der)
        parts: list[str] = []
        for group in name.only(SEQUENCE).children:
            for pair in group.only(SET).children:
                oid, value = pair.only(SEQUENCE).children
                kind = dotted(oid.only(OBJECT_ID).content)
                text = value.content.decode("utf-16-be" if value.tag == _WIDE else "utf-8", "replace")
                parts.append(f"{_SHORT.get(kind, kind)}={printable(text, 200)}")
                if len(parts) > MAX_PARTS:
                    return ""
        return ",".join(reversed(parts))
    except (NotDer, ValueError):
        return ""
