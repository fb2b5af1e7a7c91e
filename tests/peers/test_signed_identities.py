"""Which names in a signature skopeo accepts, for every `signedIdentity`: the model and the program agree."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from auditor.evidence.signature_keys import signature_tag
from auditor.oci.reference import parse_reference
from auditor.readers.signatures.identity import of_policy_json
from tests.peers.images import Uploader, real_image
from tests.peers.programs import require
from tests.peers.registry import serve
from tests.peers.signatures_copied import environment, ran

pytestmark = pytest.mark.peer
# The names in signatures: as cosign writes them by default, with a tag, with a digest, and of another image.
NAMES = {
    "bare": "{host}/src-bare/web",
    "tag": "{host}/src-tag/web:1",
    "digest": "{host}/src-digest/web@{digest}",
    "other": "a.b/c:1",
}


@dataclass
class Signed:
    """A registry with images below `src-NAME/web`, signed with that name, and their copies below `in-NAME/web`."""

    host: str
    folder: Path
    digest: str
    names: dict[str, str] = field(default_factory=dict)

    def pulled(self, image: str, identity: dict[str, Any] | None) -> str:
        """Pull an image by skopeo with the policy of a node. Return the error, or an empty text."""
        requirement = {"type": "sigstoreSigned", "keyPath": str(self.folder / "cosign.pub")}
        requirement |= {"signedIdentity": identity} if identity is not None else {}
        (self.folder / "policy.json").write_text(json.dumps({"default": [requirement]}))
        words = [
            require("skopeo"),
            "--policy",
            "policy.json",
            "--registries.d",
            "registries.d",
            "copy",
            "--src-tls-verify=false",
        ]
        done = subprocess.run(
            [*words, f"docker://{image}", "dir:out"],
            cwd=self.folder,
            env=environment(self.folder),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if "sigstore disabled" in done.stderr:
            pytest.skip("this build of skopeo verifies no sigstore signatures, as Debian's")
        return "" if done.returncode == 0 else done.stderr


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signed]:
    folder = tmp_path_factory.mktemp("identities")
    with serve(folder / "registry") as running:
        host, image = running.host, real_image("linux/amd64", label="identity")
        found = Signed(host, folder, image.digest)
        ran([require("cosign"), "generate-key-pair"], folder)
        (folder / "registries.d").mkdir()
        (folder / "registries.d" / "a.yaml").write_text(f'docker: {{"{host}": {{use-sigstore-attachments: true}}}}\n')
        sign = [require("cosign"), "sign", "--key", "cosign.key", "--tlog-upload=false", "--allow-http-registry", "-y"]
        with httpx.Client(base_url=f"http://{host}", trust_env=False) as client:
            for kind, text in NAMES.items():
                name = found.names[kind] = text.format(host=host, digest=image.digest)
                Uploader(client).image(f"src-{kind}/web", image, "1")
                stated = ["--sign-container-identity", name] if kind != "bare" else []
                ran([*sign, *stated, f"{host}/src-{kind}/web@{image.digest}"], folder)
                for tag in ("1", signature_tag(image.digest, "sig")):
                    copy = ["--insecure", "copy", f"{host}/src-{kind}/web:{tag}", f"{host}/in-{kind}/web:{tag}"]
                    ran([require("crane"), *copy], folder)
        yield found


@pytest.mark.parametrize("kind", NAMES)
def test_model_and_skopeo_agree_about_every_identity(signed: Signed, kind: str) -> None:
    source, inside = f"{signed.host}/src-{kind}", f"{signed.host}/in-{kind}"
    identities: list[dict[str, Any] | None] = [
        None,
        {"type": "matchExact"},
        {"type": "matchRepoDigestOrExact"},
        {"type": "matchRepository"},
        {"type": "exactReference", "dockerReference": f"{source}/web:1"},
        {"type": "exactRepository", "dockerRepository": f"{source}/web"},
        {"type": "remapIdentity", "prefix": inside, "signedPrefix": source},
        {"type": "remapIdentity", "prefix": f"{inside}/web", "signedPrefix": f"{source}/web"},
        {"type": "remapIdentity", "prefix": inside[:-1], "signedPrefix": source[:-1]},
    ]
    accepted = 0
    for identity in identities:
        for place in (source, inside):
            for target in (":1", f"@{signed.digest}"):
                image = f"{place}/web{target}"
                error = signed.pulled(image, identity)
                expected = of_policy_json(identity).accepts(parse_reference(image), signed.names[kind])
                assert (not error) is expected, (identity, image, signed.names[kind], error)
                accepted += expected
                if error:
                    assert "Source image rejected: Signature for identity " in error
                    assert f"{signed.names[kind]}" in error
                    assert "is not accepted" in error
    assert (accepted > 0) is (kind != "other")


def test_skopeo_rejects_a_policy_with_an_unknown_identity(signed: Signed) -> None:
    image = f"{signed.host}/src-tag/web:1"
    for stated in (
        {"type": "matchAny"},
        {"type": "matchExact", "more": 1},
        {"type": "exactReference", "dockerReference": "a.b/c"},
    ):
        assert of_policy_json(stated).invalid
        assert "invalid policy" in signed.pulled(image, stated).lower()
