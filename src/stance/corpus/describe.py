"""What is in a corpus: sizes, labels by split, who speaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from stance.codebook import Codebook
from stance.corpus.load import SPLITS
from stance.schema import Example


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
