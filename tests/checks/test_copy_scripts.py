"""Shell copy scripts in common styles: which lines have a finding, and which are undetermined."""

from __future__ import annotations

import pytest

from tests.checks.judged_scripts import Said, judged

SHELL = {
    "a loop over a list without the flag": (
        "crane 0.20.6",
        """#!/bin/bash
set -euo pipefail
REG=registry.plant7.local:5000
for image in $(grep -v '^#' images.txt); do
  crane copy "$image" "$REG/${image#*/}"
done
""",
        {(5, "layers")},
        set(),
    ),
    "failures that an echo swallows, in a loop that a pipe feeds": (
        "crane 0.20.6",
        """#!/bin/sh
cat images.txt | while read -r image; do
  crane copy --allow-nondistributable-artifacts "$image" "r.local/$image" || echo "failed: $image"
done
""",
        {(3, "failure")},
        set(),
    ),
    "a true that hides it, behind a continuation": (
        "crane 0.20.6",
        """set -e
while IFS= read -r image; do
  crane copy \\
    --allow-nondistributable-artifacts \\
    "$image" \\
    "r.local/$image" \\
    || true
done < images.txt
""",
        {(3, "failure")},
        set(),
    ),
    "set +e around the copies": (
        "crane 0.20.6",
        """set -e
mkdir -p out
set +e
crane copy --allow-nondistributable-artifacts registry.example.com/shop/web:4.2 r.local/shop/web:4.2
set -e
crane copy registry.example.com/shop/api:1.0 r.local/shop/api:1.0
""",
        {(4, "failure")},
        set(),
    ),
    "a function with its own arguments": (
        "crane 0.20.6",
        """set -e
mirror() {
  local from=$1 to=$2
  crane copy "$from" "$to"
}
mirror registry.example.com/shop/web:4.2 r.local/shop/web:4.2
""",
        {(4, "layers")},
        set(),
    ),
    "one platform only": (
        "crane 0.20.6",
        """set -e
crane copy --platform linux/amd64 registry.example.com/shop/web:4.2 r.local/shop/web:4.2
crane copy registry.example.com/shop/api:1.0 r.local/shop/api:1.0
""",
        {(2, "layers"), (2, "platforms")},
        set(),
    ),
    "each platform by itself": (
        "skopeo 1.20.0",
        """set -euo pipefail
for os in linux windows; do
  skopeo copy --override-os "$os" docker://registry.example.com/shop/api:1.0 docker-archive:api-$os.tar
done
skopeo copy --all docker://registry.example.com/shop/web:4.2 oci:web:4.2
""",
        {(5, "layers")},
        {(3, "missing-evidence")},
    ),
    "xargs": (
        "crane 0.20.6",
        """set -e
grep -v '^#' images.txt | xargs -P4 -I{} crane copy {} r.local/{}
""",
        {(2, "layers")},
        set(),
    ),
    "find and a list of lists": (
        "crane 0.20.6",
        """set -eu
LISTS=(lists/a.txt lists/b.txt)
for list in "${LISTS[@]}"; do
  while read -r image _; do
    [[ -z $image || $image == \\#* ]] && continue
    if ! crane copy --allow-nondistributable-artifacts "$image" "r.local/$image"; then
      echo "$image" >> missing.txt
      failed=1
    fi
  done < "$list"
done
exit "${failed:-0}"
""",
        set(),
        set(),
    ),
    "a list in the script itself": (
        "regctl 0.11.7",
        """#!/usr/bin/env bash
set -euo pipefail
while read -r image; do
  regctl image copy "$image" "r.local/${image#*/}"
done <<'EOF'
registry.example.com/shop/web:4.2
registry.example.com/shop/api:1.0
EOF
""",
        {(4, "layers")},
        set(),
    ),
    "into layouts": (
        "regctl 0.11.7",
        """set -e
regctl image copy registry.example.com/shop/web:4.2 ocidir://out/web:4.2
regctl image copy --include-external registry.example.com/shop/web:4.2 ocidir://out/web:4.2
regctl image export registry.example.com/shop/web:4.2 web.tar
oras cp --to-oci-layout registry.example.com/shop/web:4.2 out/web:4.2
""",
        {(2, "layers"), (5, "layers")},
        set(),
    ),
    "docker pull, tag and push in the background": (
        "docker 27.5.1",
        """#!/bin/bash
docker pull registry.example.com/shop/web:4.2
docker tag registry.example.com/shop/web:4.2 registry.plant7.local:5000/shop/web:4.2
docker push registry.plant7.local:5000/shop/web:4.2 &
wait
""",
        {(2, "failure"), (2, "platforms"), (4, "layers"), (4, "failure")},
        set(),
    ),
    "docker save through a pipe": (
        "docker 27.5.1",
        """set -e
docker save registry.example.com/shop/web:4.2 | gzip > web.tar.gz
""",
        {(2, "failure")},
        set(),
    ),
    "the exit code of a pipe is lost": (
        "crane 0.20.6",
        """set -e
crane copy --allow-nondistributable-artifacts registry.example.com/shop/web:4.2 r.local/shop/web:4.2 2>&1 | tee log.txt
""",
        {(2, "failure")},
        set(),
    ),
    "a tool in a variable, and options from outside": (
        "crane 0.20.6",
        """set -e
$CRANE copy registry.example.com/shop/web:4.2 r.local/shop/web:4.2
crane copy $OPTIONS registry.example.com/shop/web:4.2 r.local/shop/web:4.2
eval "crane copy $image r.local/$image"
""",
        set(),
        {(2, "unsupported"), (3, "missing-evidence"), (4, "unsupported")},
    ),
    "ctr on each node": (
        "ctr 2.1.6",
        """set -e
ctr -n k8s.io images pull --all-platforms registry.example.com/shop/web:4.2
ctr -n k8s.io images push --allow-non-distributable-blobs r.local/shop/web:4.2 registry.example.com/shop/web:4.2
ctr -n k8s.io images push --local --allow-non-distributable-blobs r.local/shop/web:4.2 registry.example.com/shop/web:4.2
ctr -n k8s.io images export web.tar registry.example.com/shop/web:4.2
""",
        {(3, "layers")},
        set(),
    ),
    "a file configures how regsync copies": (
        "crane 0.20.6",
        "set -e\nregsync once -c regsync.yml\n",
        set(),
        {(2, "missing-evidence")},
    ),
    "files say what is packed": (
        "zarf 0.40.0",
        'set -e\nzarf package create . --confirm\nzarf tools registry copy --platform linux/amd64 "$A" "$B"\n',
        {(2, "layers"), (2, "platforms"), (3, "layers"), (3, "platforms")},
        set(),
    ),
    "another line keeps what one leaves": (
        "zarf 0.40.0",
        "set -e\nzarf package create . --confirm\nhauler store sync -f images.yaml\n",
        {(2, "layers")},
        set(),
    ),
    "text for other shells": (
        "crane 0.20.6",
        """set -e
bash -c 'crane copy registry.example.com/shop/web:4.2 r.local/a:1'
sudo sh -ec "crane copy --allow-nondistributable-artifacts registry.example.com/shop/web:4.2 r.local/b:1 || true"
grep shop images.txt | xargs -n1 sh -c 'crane copy "$0" "r.local/$0"'
xargs -n1 sh -c "crane copy $FLAGS {} r.local/{}" < images.txt
ssh -p 2222 build 'crane copy registry.example.com/shop/web:4.2 r.local/c:1'
ssh build <<'EOF'
set -e

crane copy registry.example.com/shop/web:4.2 r.local/d:1
EOF
""",
        {(2, "layers"), (3, "failure"), (4, "layers"), (6, "layers"), (10, "layers")},
        {(5, "unsupported")},
    ),
    "helpers that log, and one that gives up": (
        "crane 0.20.6",
        """set -eu
log() { printf '%s\\n' "$*" >&2; }
die() { log "$*"; exit 1; }
crane copy --allow-nondistributable-artifacts registry.example.com/shop/web:4.2 r.local/a:1 || log "no web"
crane copy --allow-nondistributable-artifacts registry.example.com/shop/web:4.2 r.local/b:1 || die "no web"
crane copy --allow-nondistributable-artifacts registry.example.com/shop/web:4.2 r.local/c:1 || { log no; exit 3; }
crane copy --allow-nondistributable-artifacts registry.example.com/shop/web:4.2 r.local/d:1 || failed=yes
crane copy --allow-nondistributable-artifacts registry.example.com/shop/web:4.2 r.local/e:1; log "done"
""",
        {(4, "failure")},
        set(),
    ),
    "retries": (
        "crane 0.20.6",
        """set -euo pipefail
for image in registry.example.com/shop/web:4.2 registry.example.com/shop/api:1.0; do
  for try in 1 2 3; do
    crane copy --allow-nondistributable-artifacts "$image" "r.local/$image" && break
    sleep 5
  done
done
""",
        {(4, "failure")},  # after three failures, `sleep` succeeds and the script goes on
        set(),
    ),
    "retries that are counted": (
        "crane 0.20.6",
        """set -euo pipefail
for image in registry.example.com/shop/web:4.2 registry.example.com/shop/api:1.0; do
  until crane copy --allow-nondistributable-artifacts "$image" "r.local/$image"; do
    tries=$((tries + 1))
    [ "$tries" -lt 3 ] || exit 1
  done
done
""",
        set(),
        set(),
    ),
    "without set -e, the last line counts and the others do not": (
        "crane 0.20.6",
        """crane copy --allow-nondistributable-artifacts registry.example.com/shop/web:4.2 r.local/a:1
crane copy --allow-nondistributable-artifacts registry.example.com/shop/web:4.2 r.local/b:1
""",
        {(1, "failure")},
        set(),
    ),
}


@pytest.mark.parametrize(("tool", "text", "found", "unknown"), SHELL.values(), ids=SHELL.keys())
def test_shell_script_has_the_expected_cases(tool: str, text: str, found: Said, unknown: Said) -> None:
    assert judged(text, tool, "mirror.sh") == (found, unknown)
