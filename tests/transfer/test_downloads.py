"""Download commands: the hosts that the line states, and never a guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.transfer.download_commands import Argument, Downloader, _rows, read_download


def download(line: str) -> tuple[tuple[str, ...], bool] | None:
    """The URLs and whether there may be others. A word of the line that holds a `$` is known up to there only."""
    words = [Argument(word.partition("$")[0], is_known="$" not in word) for word in line.split()]
    found = read_download(words)
    return (found.urls, found.is_unsure) if found is not None else None


@pytest.mark.parametrize(
    ("line", "urls"),
    [
        ("curl -fsSL https://get.rke2.io -o x", ["https://get.rke2.io"]),
        ("sudo -E curl.exe --output=x --url=https://a.b/c", ["https://a.b/c"]),
        ("/usr/bin/wget -q https://dl.example.com/$FILE", ["https://dl.example.com/"]),
        ("Invoke-WebRequest -Uri https://a.b/c -OutFile c", ["https://a.b/c"]),
        ("IRM https://a.b/c", ["https://a.b/c"]),
        ("git -C /tmp clone git@github.com:a/b.git", ["git@github.com:a/b.git"]),
        ("helm repo add bitnami https://charts.bitnami.com/bitnami", ["https://charts.bitnami.com/bitnami"]),
        ("helm upgrade --install web oci://ghcr.io/a/web", ["oci://ghcr.io/a/web"]),
        ("kubectl -n x apply -f https://a.b/c.yaml", ["https://a.b/c.yaml"]),
        ("python3 -m pip install -i https://mirror/simple a", ["https://mirror/simple"]),
        ("choco install git -s C:\\packages -y", []),
        ("npm ci --registry=https://npm.inside", ["https://npm.inside"]),
    ],
)
def test_hosts_of_a_download_command_are_read(line: str, urls: list[str]) -> None:
    assert download(line) == ((tuple(urls), False) if urls else None)


@pytest.mark.parametrize(
    "line",
    [
        "curl $URL",
        "curl https://$HOST/x",
        "curl https://dl.example$DOMAIN",
        "wget -i urls.txt",
        "curl https://{{host}}/x",
        "apt-get -y install jq",
        "dnf -c other.conf install jq",
        "pip install a",
        "pip install -I -i $INDEX a",
        "npm ci",
        "Install-Module HNS -Repository Inside",
        ".DownloadFile $url x",
    ],
)
def test_missing_host_is_not_guessed(line: str) -> None:
    assert download(line) == ((), True)


def test_url_next_to_an_unknown_index_is_a_host_too() -> None:
    assert download("pip install git+https://github.com/a/b") == (("git+https://github.com/a/b",), True)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "echo curl https://a.b/c",
        "git status",
        "git commit -m clone",
        "kubectl get pods",
        "kubectl apply -f deploy.yaml",
        "pip list",
        "pip install --no-index a",
        "python3 -m",
        "python3 -m http.server",
        "apt-get remove jq",
        "apt-get install -y ./jq.deb",
        "apk add --no-network jq",
        "dnf -C install jq",
        "msiexec /i tool.msi /qn",
    ],
)
def test_other_command_downloads_nothing(line: str) -> None:
    assert download(line) is None


def test_every_program_name_is_in_lookup_form() -> None:
    rows: tuple[Downloader, ...] = _rows()
    names = [name for row in rows for name in (row.program, *row.aliases)]
    assert names == [name.lower() for name in names]
    assert all(row.otherwise == "index" for row in rows if row.instead)


@given(
    st.lists(
        st.builds(Argument, st.one_of(st.text(), st.sampled_from(["curl", "pip", "install", "-m", "python"])), st.booleans())
    )
)
def test_any_words_are_read(words: list[Argument]) -> None:
    found = read_download(words)
    assert found is None or found.urls or found.is_unsure
