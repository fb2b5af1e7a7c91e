"""A filled evidence file, altered copies of it, and everything that it holds."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path

from auditor.evidence.model import ChainSeen, Content, Observation, Seen, TagSeen
from auditor.evidence.store import Store
from tests.evidence.tampering import edited

AT = datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.UTC)


BODY = b'{"schemaVersion": 2}'


DIGEST = f"sha256:{hashlib.sha256(BODY).hexdigest()}"


REPOSITORY = "quay.io/team/web"


def filled(path: Path) -> Path:
    with Store.create(path) as store:
        store.put_document(DIGEST, "application/json", BODY, REPOSITORY, AT, "http://x")
        store.put_tag(f"{REPOSITORY}:1", Seen(TagSeen(DIGEST, "application/json", len(BODY)), AT, "http://x"))
        store.put_chain("h:1", Seen(ChainSeen((b"a",), "TLSv1.3"), AT, "tls://h:1"))
        store.put_file("plan.yaml", b"version: 1")
    return path


def altered(path: Path, *statements: str) -> Path:
    """Return the file after another program wrote to it."""
    return edited(filled(path), *statements)


def read_all(path: Path) -> Observation[Content] | None:
    """Read everything from an evidence file. Return the observation of the one document."""
    with Store.open(path) as store:
        store.tag(f"{REPOSITORY}:1")
        store.content("r", "d")
        store.chain("h:1")
        store.files()
        return store.content("", DIGEST)
