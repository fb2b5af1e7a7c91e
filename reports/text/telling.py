"""A group of findings told once: a sentence that differs from one already told in names alone is not told again.

The names that may differ are those on the finding's own subject line, and URLs that its other sentences show: whoever
reads an entry together with the entries above it reads every word of its message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from auditor.check import Finding
from reports.cleaning import clean
from reports.folding import everybody, nameless, names, who_of

# An ellipsis ends no sentence: it may stand in the middle of a quotation.
_SENTENCE = re.compile(r"""(?:(?<=[^.][.!?])|(?<=[^.][.!?]["'])) +""")
_URL = re.compile(r"https?://[^\s\"',;]+")


@dataclass(slots=True)
class Telling:
    """What a group has told so far."""

    told: set[str] = field(default_factory=set)

    def new(self, finding: Finding, *, alone: bool) -> str:
        """The sentences of a finding's message that say something new; empty when none does.

        Whom they are about stands in front where the words themselves do not say it: because the sentence that did is
        gone, or because the subject line names others too (`alone` is false).
        """
        sentences = _SENTENCE.split(clean(finding.message))
        shapes = [_shape(sentence, finding) for sentence in sentences]
        fresh = [shape not in self.told for shape in shapes]
        shown = {url for sentence, is_new in zip(sentences, fresh, strict=True) if is_new for url in _URL.findall(sentence)}
        kept = [
            sentence
            for sentence, is_new in zip(sentences, fresh, strict=True)
            if is_new or not shown.issuperset(_URL.findall(sentence))
        ]
        self.told.update(shapes)
        text, who = " ".join(kept), everybody([who_of(finding)])
        silent = who and not names(text, who) and not (alone and kept[:1] == sentences[:1])
        return f"{who}: {text}" if text and silent else text


def _shape(sentence: str, finding: Finding) -> str:
    client = who_of(finding)[0]
    bare = _URL.sub("<url>", sentence).replace(finding.subject.id, "<subject>")
    return nameless(bare, finding.subject, client)
