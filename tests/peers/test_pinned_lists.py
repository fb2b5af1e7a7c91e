"""`auditor fix --pin` with a real registry: the written list is the list with digests that the registry serves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.runner import auditor
from tests.peers.images import build_index, real_image
from tests.peers.registry import serve

pytestmark = pytest.mark.peer
LINUX, ARM = "linux/amd64", "linux/arm64"


def test_pinned_list_passes_the_audit_that_warned_before(tmp_path: Path) -> None:
    with serve(tmp_path / "registry") as registry:
        with registry.uploader() as push:
            built = [build_index(*(real_image(one, label=str(number)) for one in (LINUX, ARM))) for number in range(2)]
            for number, index in enumerate(built):
                push.index(f"app{number}", index, "latest")
        digests = [index.digest for index in built]
        old = f"# shop\n{registry.host}/app0  # web\n\n{registry.host}/app1:latest\n{registry.host}/gone:1\n"
        (tmp_path / "list.txt").write_text(old)
        pinned = auditor("fix", f"list.txt={LINUX}", "--pin", "-o", "out", cwd=tmp_path)
        assert pinned.returncode == 0, pinned.stderr
        assert (
            f"list.txt:5:1: {registry.host}/gone:1 is not pinned: its digest was not observed at the source." in pinned.stderr
        )
        assert pinned.stdout == "out/list.txt: 2 of 3 unpinned references of list.txt pinned\n"
        new = (tmp_path / "out/list.txt").read_text()
        assert new == old.replace("app0", f"app0@{digests[0]}").replace("app1:latest", f"app1:latest@{digests[1]}")
        (tmp_path / "out/list.txt").write_text(new.replace(f"{registry.host}/gone:1\n", ""))
        for name, count in (("list.txt", 3), ("out/list.txt", 0)):
            shown = auditor("audit", f"{name}={LINUX}", "--format", "lines", cwd=tmp_path).stdout
            assert shown.count("[image-unpinned]") == count
