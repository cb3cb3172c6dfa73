"""What a rule finds: one cue and its holder, as token ranges of a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from stance.articles.phrases import Range


@dataclass(frozen=True, slots=True)
class Hit:
    """One cue and its holder in one sentence, as token ranges."""

    rule: str
    lemma: str
    cue: Range
    holder: Range | None
    """``None`` where the sentence leaves the holder out ("was expected to")."""
