"""The hosts that containerd's own code requests, compared with our prediction, for written and generated hosts.toml files."""

from __future__ import annotations

import json
import os
import posixpath
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.readers.node_config.model import PULL, RESOLVE
from auditor.readers.node_config.rewriting import NotUnderstood, rewritten
from tests.peers.programs import missing, require
from tests.readers.node_config.made import V3, node

pytestmark = pytest.mark.peer
SOURCE = Path(__file__).parent / "hosts_toml"
Asked = list[tuple[str, str, str, bool, bool]]

SAMPLES = (
    "",
    "# nothing\n",
    'server = "https://m.example"\n',
    'server = "m.example:5000"\n',
    'server = "http://m.example/v2"\n',
    'server = "https://m.example/hub/"\n',
    'server = "https://m.example/v2/hub"\n',
    'server = "https://m.example/v2/hub"\noverride_path = true\n',
    'server = "https://m.example"\ncapabilities = ["pull"]\n',
    '[host."https://a"]\n[host."https://b"]\ncapabilities = ["PULL", "resolve"]\n',
    '[host."https://b".header]\nx = "y"\n[host."https://a"]\n[host."https://b"]\nskip_verify = true\n',
    'server = "https://docker.io"\n[host."https://registry-1.docker.io"]\ncapabilities = ["pull", "resolve"]\n',
    'host."https://a".capabilities = ["pull"]\n',
    '[host]\n"https://a" = {capabilities = ["pull"]}\n',
    'x = """\n[host."https://no"]\n"""\n[host."https://a"]\n',
    "[ host . 'https://a' ] # a comment\n[host.\"https://b\"]#another\n",
    '[host.plain]\n[host."https://a/b/../v2/"]\n',
    '[host."https://a//hub//v2"]\n[host."https://a/hubv2"]\n',
)
# containerd ignores these and requests the registry itself; we report them as unknown.
BROKEN = (
    "server = 5\n",
    'server = "x"\nserver = "y"\n',
    '[host."https://a"]\ncapabilities = ["watch"]\n',
    '[host."https://a"]\noverride_path = "yes"\n',
    '[host."https://a"\n',
    'server = "http://m:port"\n',
)
URLS = (
    "a",
    "http://b",
    "https://c:5000",
    "https://d/",
    "https://e/v2",
    "https://f/hub",
    "https://g/v2/hub",
    "https://h/x/../y",
)


def made(number: int) -> str:
    """A hosts.toml like those that people write, from a number."""
    chance = random.Random(number)
    lines = [f'server = "{chance.choice(URLS)}"'] if chance.random() < 0.5 else []
    lines += _settings(chance)
    for url in chance.sample(URLS, chance.randrange(4)):
        name = f"'{url}'" if chance.random() < 0.3 else f'"{url}"'
        lines += [f"{chance.choice(('', '  '))}[host.{name}]", *_settings(chance)]
        lines += [f"[host.{name}.header]", 'x-one = ["1", "2"]'] if chance.random() < 0.3 else []
    return "\n".join(lines) + "\n"


def _settings(chance: random.Random) -> Iterator[str]:
    if chance.random() < 0.4:
        some = chance.sample(("pull", "resolve", "push", "Pull"), chance.randrange(3))
        yield f"capabilities = {json.dumps(some)}"
    if chance.random() < 0.3:
        yield f"override_path = {chance.choice(('true', 'false'))}"


PATTERNS = (
    "^",
    "$",
    "(.*)",
    "(.+)",
    "([^/]+)",
    "/",
    "rancher",
    "library",
    "a",
    "[a-h]*",
    "x?",
    "(a|b)",
    "\\w+",
    "(?P<n>.)",
    "-",
    ".{2}",
)
INSTEAD = ("x", "/", "$1", "${1}", "$1x", "$n", "$$", "$", "$9", "hub/", "${n}", "$ ")
NAMES = ("rancher/mirrored-pause", "library/busybox", "a", "abba/ab-ba", "x/y/z")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small Go program around containerd's package."""
    built = tmp_path_factory.mktemp("go") / "asker"
    command = [require("go"), "build", "-o", str(built), "."]
    done = subprocess.run(command, cwd=SOURCE, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        missing(f"containerd's package cannot be built here: {done.stderr.strip()[-500:]}")
    return built


def containerds(program: Path, questions: list[tuple[Path, str]]) -> list[Asked]:
    """What containerd asks, question by question."""
    given = "".join(f"{root}\t{registry}\n" for root, registry in questions)
    environment = {**os.environ, "TZ": "UTC"}
    done = subprocess.run([program], input=given, capture_output=True, text=True, timeout=120, check=True, env=environment)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(questions)
    return [[(a["Scheme"], a["Host"], posixpath.normpath("/" + a["Path"].lstrip("/")), a["Pull"], a["Resolve"]) for a in asked]
            for asked in answers]  # fmt: skip


def ours(files: dict[str, str], registry: str) -> Asked:
    """What we say that containerd asks."""
    config = node({"config.toml": V3, **{f"certs.d/{name}": text for name, text in files.items()}})
    assert config.problems == ()
    assert config.doubt(registry) is None, config.doubt(registry)
    return [
        (
            one.scheme,
            one.host,
            posixpath.normpath("/" + one.root.lstrip("/")),
            PULL in one.capabilities,
            RESOLVE in one.capabilities,
        )
        for one in config.servers(registry)
    ]


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_hosts_order_paths_and_capabilities_match_containerd(program: Path, tmp_path: Path) -> None:
    texts = [*SAMPLES, *(made(number) for number in range(400))]
    cases = [{"docker.io/hosts.toml": text} for text in texts]
    questions = [(written(tmp_path / str(number), files), "docker.io") for number, files in enumerate(cases)]
    for files, asked in zip(cases, containerds(program, questions), strict=True):
        assert ours(files, "docker.io") == asked, files["docker.io/hosts.toml"]


def test_folder_choice_matches_containerd(program: Path, tmp_path: Path) -> None:
    names = ("m.example_5000_", "m.example:5000", "m.example", "_default", "localhost:5000")
    cases = [
        {f"{name}/hosts.toml": f'server = "https://n{number}"\n' for number, name in enumerate(names) if mask >> number & 1}
        | ({"docker.io/note.txt": "-"} if mask & 1 else {})
        for mask in range(1, 32)
    ]
    registries = ("m.example:5000", "m.example", "quay.io", "docker.io", "localhost:5000", "localhost", "127.0.0.1:5000")
    questions = [
        (written(tmp_path / str(number), files), registry) for number, files in enumerate(cases) for registry in registries
    ]
    expected = iter(containerds(program, questions))
    for files in cases:
        for registry in registries:
            asked = next(expected)
            assert ours(files, registry) == asked, (files, registry)


def test_setting_that_containerd_ignores_is_never_reported_as_read(program: Path, tmp_path: Path) -> None:
    questions = [(written(tmp_path / str(n), {"docker.io/hosts.toml": text}), "docker.io") for n, text in enumerate(BROKEN)]
    for text, asked in zip(BROKEN, containerds(program, questions), strict=True):
        assert asked == [("https", "registry-1.docker.io", "/v2", True, True)], text
        assert node({"config.toml": V3, "certs.d/docker.io/hosts.toml": text}).doubt("docker.io") is not None, text


def test_evaluated_rewrites_match_go(program: Path) -> None:
    chance = random.Random(7)
    cases = [
        (
            "".join(chance.choices(PATTERNS, k=chance.randrange(1, 5))),
            "".join(chance.choices(INSTEAD, k=2)),
            chance.choice(NAMES),
        )
        for _ in range(4000)
    ]
    given = "".join("\t".join(case) + "\n" for case in cases)
    done = subprocess.run([program, "rewrite"], input=given, capture_output=True, text=True, timeout=120, check=True)
    followed = 0
    for (pattern, instead, name), line in zip(cases, done.stdout.splitlines(), strict=True):
        try:
            result = rewritten([(pattern, instead)], name)
        except NotUnderstood:
            continue
        assert result == json.loads(line), (pattern, instead, name)
        followed += 1
    assert followed > 1000
