"""How varied a corpus is: near-duplicates across groups, sentence openings, distinct n-grams.

A corpus written to a pattern is learned by its pattern; these are the tell-tales.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from stance.codebook import Codebook
from stance.corpus.duplicates import near_duplicates
from stance.corpus.load import SPLITS
from stance.schema import Example

OPENING_WORDS = 4
MAX_OPENING_SHARE = 0.002
_WORD = re.compile(r"\w+(?:['’]\w+)?")
_SAMPLE = 20_000  # tokens over which type/token ratios are taken, so that sizes compare


@dataclass(frozen=True, slots=True)
class Variety:
    """Figures over distinct sentences."""

    sentences: int
    near_duplicates: tuple[tuple[str, str, float], ...]
    openings: tuple[tuple[str, int], ...]
    type_token_ratio: float
    distinct_bigrams: float
    distinct_trigrams: float
    mean_words: float

    @property
    def opening_share(self) -> float:
        """Share of sentences that begin with the commonest opening."""
        return self.openings[0][1] / self.sentences if self.openings else 0.0

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield name and figure, for a table."""
        yield "sentences", str(self.sentences)
        yield "near-duplicate pairs across articles", str(len(self.near_duplicates))
        if self.openings:
            opening, count = self.openings[0]
            yield f"commonest opening ({opening!r})", f"{count} ({self.opening_share:.2%})"
        yield "words a sentence, mean", f"{self.mean_words:.1f}"
        yield f"type/token ratio over {_SAMPLE:,} words", f"{self.type_token_ratio:.3f}"
        yield "distinct bigrams", f"{self.distinct_bigrams:.3f}"
        yield "distinct trigrams", f"{self.distinct_trigrams:.3f}"

    def problems(self) -> list[str]:
        """Return what a corpus of real sentences would not show."""
        found = []
        if self.near_duplicates:
            first, second, share = self.near_duplicates[0]
            found.append(
                f"{len(self.near_duplicates)} near-duplicate pairs across articles "
                f"(first: {first[:50]!r} and {second[:50]!r}, {share:.0%})"
            )
        if self.opening_share > MAX_OPENING_SHARE and self.openings[0][1] > OPENING_WORDS:
            opening, count = self.openings[0]
            found.append(f"the opening {opening!r} stands in {count} sentences")
        return found

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def describe_variety(texts: Sequence[tuple[str, str]]) -> Variety:
    """Measure ``(group, text)`` pairs; a text repeated within its group counts once."""
    distinct = sorted(set(texts))
    crossing = [
        (distinct[left][1], distinct[right][1], similarity)
        for left, right, similarity in near_duplicates([text for _, text in distinct])
        if distinct[left][0] != distinct[right][0]
    ]
    words = [_WORD.findall(text.lower()) for _, text in distinct]
    openings = Counter(
        " ".join(item[:OPENING_WORDS]) for item in words if len(item) >= OPENING_WORDS
    )
    running = [word for item in words for word in item][:_SAMPLE]
    return Variety(
        sentences=len(distinct),
        near_duplicates=tuple(sorted(crossing, key=lambda pair: -pair[2])),
        openings=tuple(openings.most_common(10)),
        type_token_ratio=_distinct(running, 1),
        distinct_bigrams=_distinct(running, 2),
        distinct_trigrams=_distinct(running, 3),
        mean_words=sum(map(len, words)) / max(1, len(words)),
    )


def _distinct(words: Sequence[str], length: int) -> float:
    grams = list(zip(*(words[shift:] for shift in range(length)), strict=False))
    return len(set(grams)) / max(1, len(grams))


@dataclass(frozen=True, slots=True)
class LabelTable:
    """Rows per label and split; ``columns`` are the splits that occur, then ``all``."""

    columns: tuple[str, ...]
    counts: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Description:
    """The figures of a data description."""

    counts: Mapping[str, int | float]
    labels: Mapping[str, LabelTable]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def describe_rows(examples: Sequence[Example], codebook: Codebook) -> Description:
    """Count a corpus."""
    words = [len(example.text.split()) for example in examples]
    sentences = Counter((example.group, example.text) for example in examples)
    counts = {
        "rows": len(examples),
        "sentences": len(sentences),
        "sentences with several holders": sum(count > 1 for count in sentences.values()),
        "articles": len({example.group for example in examples}),
        "actors": len({example.actor for example in examples if example.actor}),
        "rows without a holder": sum(not example.actor for example in examples),
        "rows with the actor in the sentence": sum(bool(item.actor_span) for item in examples),
        "words a sentence, median": median(words),
    }
    splits = [name for name in SPLITS if any(item.split == name for item in examples)]
    tables = {}
    for task, labels in codebook.tasks.items():
        found = Counter((getattr(item, task), item.split) for item in examples)
        tables[task] = LabelTable(
            (*splits, "all"),
            {
                name: (
                    *(found[name, part] for part in splits),
                    sum(count for (label, _), count in found.items() if label == name),
                )
                for name in labels.names
            },
        )
    return Description(counts, tables)
