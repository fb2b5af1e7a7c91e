"""Programs in languages that the audit does not parse: their text, and the calls in it that download."""

from __future__ import annotations

import re

from auditor.readers.pods.inline_programs import inline_program, is_interpreter
from auditor.readers.scripts import Command

# huggingface_hub, transformers, datasets, torch.hub, NLTK, spaCy: they download from a host that the call does not name.
_CALLS = re.compile(
    r"\b(?:snapshot_download|hf_hub_download|from_pretrained|load_dataset|nltk\.download|torch\.hub\.load|spacy\.cli\.download)"
    r"(?=[ \t]{0,4}\()"
)


def foreign_text(command: Command) -> str:
    """Return the program that a command passes to an interpreter, in an argument or a here-document, or nothing."""
    words = [word.text for word in command.words]
    if found := inline_program(words):
        return found
    return command.document if command.document and is_interpreter(words) else ""


def downloading_call(text: str) -> str:
    """Return the first call in a program that downloads from a host that the program does not name, or an empty string."""
    found = _CALLS.search(text)
    return f"`{found[0]}`" if found is not None else ""


def without_comments(text: str) -> str:
    """Return a program without the lines that are comments."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(("#", "//", "*")))
