"""From (sentence, actor, target) to token ids: the one function both doors go through.

The sentence is tokenised as it stands, typed markers are inserted around the actor (and the
target) where they occur, and the pair follows as second segment, so that a holder who is not
named in the sentence still conditions the reading::

    [CLS] The raid was [ACTOR] Rasool [/ACTOR] said , … [SEP] Rasool [SEP]

Markers are ids of their own, inserted between tokens. The same characters in a user's text,
and ``[SEP]`` or ``[MASK]`` there, are tokenised as ordinary text. Needs ``tokenizers`` alone,
so that labelling starts without torch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Le
from numpy.typing import NDArray
from tokenizers import AddedToken, Tokenizer

from stance.errors import ModelError
from stance.schema import Example, Span

ACTOR, ACTOR_END, TARGET, TARGET_END, SOMEONE = (
    "[ACTOR]", "[/ACTOR]", "[TARGET]", "[/TARGET]", "[SOMEONE]",
)  # fmt: skip
MARKERS = (ACTOR, ACTOR_END, TARGET, TARGET_END, SOMEONE)
_PAIR_LIMIT = 24  # tokens of a name or target kept in the second segment, at most
_LEAD = 3  # a window keeps a third of its length before the actor


@dataclass(frozen=True, slots=True)
class InputStyle:
    """What the classifier gets to see; the switches are the ablations.

    ``view`` is ``full``, ``text`` (the sentence as it stands, without markers or second segment:
    the artefact baseline that cannot know whose stance is asked) or ``actor`` (the name alone).
    """

    markers: bool = True
    pair: bool = True
    target: bool = False
    masked: bool = False
    view: Literal["full", "text", "actor"] = "full"
    max_length: Annotated[int, Ge(16), Le(8192)] = 128

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Pieces:
    """A tokenised row before assembly; token spans are half-open."""

    text: list[int]
    actor: list[int]
    target: list[int]
    actor_at: Span | None
    target_at: Span | None


@dataclass(frozen=True, slots=True)
class Encoded:
    """Token ids of one row. ``actor_at`` is the position that stands for the actor.

    It is the target's where the style shows targets and the row has no actor.
    """

    ids: list[int]
    types: list[int]
    actor_at: int
    truncated_actor: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """Padded arrays of shape (rows, longest); ``actor_at`` is (rows,)."""

    ids: NDArray[np.int64]
    mask: NDArray[np.int64]
    types: NDArray[np.int64]
    actor_at: NDArray[np.int64]


def locate(text: str, name: str) -> Span | None:
    """Return where ``name`` first stands in ``text`` as whole words, ignoring case."""
    if not name.strip():
        return None
    found = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE)
    return found.span() if found else None


def without_span(text: str, span: Span | None, stand_in: str) -> str:
    """Return ``text`` with the span replaced; unchanged where there is none."""
    return text if span is None else f"{text[: span[0]]}{stand_in}{text[span[1] :]}"


def prepare_tokenizer(tokenizer: Tokenizer) -> Tokenizer:
    """Add our markers, and make the tokenizer read user text as text only."""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in MARKERS])
    tokenizer.encode_special_tokens = True
    return tokenizer


def load_tokenizer(path: Path) -> Tokenizer:
    """Load ``tokenizer.json`` and prepare it.

    Raises:
        ModelError: the file is not a tokenizer.
    """
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the Rust side raises bare Exception
        raise ModelError(f"{path}: not a tokenizer ({error})") from None
    return prepare_tokenizer(tokenizer)


class InputEncoder:
    """Turns examples into token ids by one style with one tokenizer."""

    def __init__(self, tokenizer: Tokenizer, style: InputStyle, pad_id: int | None = None) -> None:
        self.tokenizer = tokenizer
        self.style = style
        self.pad_id = pad_of(tokenizer) if pad_id is None else pad_id
        self._limit = min(_PAIR_LIMIT, style.max_length // 4)
        self.marker: dict[str, int] = {name: _id(tokenizer, name) for name in MARKERS}
        self._front, self._middle, self._back, self._second_type = _frame(tokenizer)

    def pieces(self, examples: Sequence[Example]) -> list[Pieces]:
        """Tokenise rows; the costly half, done once per row."""
        texts = self._encode([example.text for example in examples])
        actors = self._encode([example.actor for example in examples])
        targets = self._encode([example.target for example in examples])
        result = []
        for example, text, actor, target in zip(examples, texts, actors, targets, strict=True):
            actor_span = example.actor_span or locate(example.text, example.actor)
            target_span = example.target_span or locate(example.text, example.target)
            result.append(
                Pieces(
                    text.ids,
                    actor.ids[: self._limit],
                    target.ids[: self._limit],
                    _token_span(text.offsets, actor_span),
                    _token_span(text.offsets, target_span),
                )
            )
        return result

    def encode(self, examples: Sequence[Example]) -> list[Encoded]:
        """Tokenise and assemble rows."""
        return [self.assemble(pieces) for pieces in self.pieces(examples)]

    def assemble(self, pieces: Pieces, name: Sequence[int] | None = None) -> Encoded:
        """Put one row together, its actor (or target, without one) replaced by the ids ``name``."""
        style = self.style
        someone = [self.marker[SOMEONE]]
        if style.masked and pieces.actor:
            name = someone
        actor = pieces.actor if name is None or not pieces.actor else list(name)
        target = pieces.target if name is None or pieces.actor else list(name)
        if style.view == "actor":
            return self._frame(actor, [], None, False)
        if style.view == "text":
            return self._frame(pieces.text[: self._room(pieces)], [], None, False)
        text, at, truncated = self._marked(pieces, name)
        second: list[int] = []
        if style.pair:
            second = list(actor)
            if style.target and pieces.target:
                second += [self.marker[TARGET], *target]
        return self._frame(text, second, at, truncated)

    def _marked(
        self, pieces: Pieces, name: Sequence[int] | None
    ) -> tuple[list[int], int | None, bool]:
        """Return the sentence with markers in place, the actor's position, and what was lost."""
        style, ids = self.style, pieces.text
        inserts: list[tuple[int, int, list[int]]] = []  # (from, to, replacement)
        marked = style.markers
        if pieces.actor_at:
            start, end = pieces.actor_at
            inside = ids[start:end] if name is None else list(name)
            if marked:
                inside = [self.marker[ACTOR], *inside, self.marker[ACTOR_END]]
            inserts.append((start, end, inside))
        if style.target and marked and pieces.target_at and not _overlap(pieces):
            start, end = pieces.target_at
            inside = ids[start:end] if name is None or pieces.actor else list(name)
            inserts.append((start, end, [self.marker[TARGET], *inside, self.marker[TARGET_END]]))
        result: list[int] = []
        done, actor_start, actor_end = 0, None, 0
        asked = pieces.actor_at or (None if pieces.actor else pieces.target_at)
        for start, end, inside in sorted(inserts):
            result += ids[done:start]
            if asked and start == asked[0]:
                actor_start, actor_end = len(result), len(result) + len(inside)
            result += inside
            done = end
        result += ids[done:]
        room = self._room(pieces)
        if len(result) <= room:
            return result, actor_start, False
        begin = 0
        if actor_start is not None and actor_end > room:
            begin = min(max(0, actor_start - room // _LEAD), len(result) - room)
        lost = actor_start is not None and actor_end > begin + room
        at = actor_start - begin if actor_start is not None else None
        return result[begin : begin + room], at, lost

    def _room(self, pieces: Pieces) -> int:
        fixed = len(self._front) + len(self._middle) + len(self._back)
        second = self._limit if self.style.pair else 0
        second += self._limit + 1 if self.style.pair and self.style.target else 0
        return self.style.max_length - fixed - second

    def _frame(self, text: list[int], second: list[int], at: int | None, lost: bool) -> Encoded:
        ids = [*self._front, *text]
        position = 0 if at is None else len(self._front) + at
        types = [0] * len(ids)
        if second:
            tail = [*self._middle, *second]
            ids += tail
            types += [0] + [self._second_type] * (len(tail) - 1)
            ids += self._back
            types += [self._second_type] * len(self._back)
        else:
            ids += self._back
            types += [0] * len(self._back)
        return Encoded(ids, types, position, lost)

    def _encode(self, texts: list[str]) -> list[Any]:
        return list(self.tokenizer.encode_batch(texts, add_special_tokens=False))

    def batch(self, rows: Sequence[Encoded]) -> Batch:
        """Pad rows to the longest of them."""
        longest = max(len(row.ids) for row in rows)
        ids = np.full((len(rows), longest), self.pad_id, dtype=np.int64)
        mask = np.zeros_like(ids)
        types = np.zeros_like(ids)
        for at, row in enumerate(rows):
            ids[at, : len(row.ids)] = row.ids
            mask[at, : len(row.ids)] = 1
            types[at, : len(row.ids)] = row.types
        return Batch(ids, mask, types, np.array([row.actor_at for row in rows], dtype=np.int64))


def by_length(rows: Sequence[Encoded], size: int) -> Iterable[list[int]]:
    """Yield batches of row numbers of similar length, longest first."""
    order = sorted(range(len(rows)), key=lambda at: (-len(rows[at].ids), at))
    for start in range(0, len(order), size):
        yield order[start : start + size]


def pad_of(tokenizer: Tokenizer) -> int:
    """Return the id that fills up a batch, which some encoders count positions by; 0 if unnamed."""
    ids = (tokenizer.token_to_id(name) for name in ("[PAD]", "<pad>"))
    return next((found for found in ids if found is not None), 0)


def _id(tokenizer: Tokenizer, name: str) -> int:
    found = tokenizer.token_to_id(name)
    if found is None:
        raise ModelError(f"the tokenizer lacks the marker {name}; load it with load_tokenizer")
    return int(found)


def _overlap(pieces: Pieces) -> bool:
    if pieces.actor_at is None or pieces.target_at is None:
        return False
    return pieces.actor_at[0] < pieces.target_at[1] and pieces.target_at[0] < pieces.actor_at[1]


def _token_span(offsets: Sequence[Span], span: Span | None) -> Span | None:
    """Return the tokens that a character span touches."""
    if span is None:
        return None
    inside = [at for at, (start, end) in enumerate(offsets) if start < span[1] and end > span[0]]
    return (inside[0], inside[-1] + 1) if inside else None


def _frame(tokenizer: Tokenizer) -> tuple[list[int], list[int], list[int], int]:
    """Read off what the tokenizer puts before, between and after two segments."""
    encoded = tokenizer.encode("a", "b", add_special_tokens=True)
    special = encoded.special_tokens_mask
    words = [at for at, flag in enumerate(special) if not flag]
    first = [at for at in words if encoded.sequence_ids[at] == 0]
    second = [at for at in words if encoded.sequence_ids[at] == 1]
    if not first or not second:
        raise ModelError("the tokenizer does not frame sentence pairs; use another encoder")
    ids = encoded.ids
    return (
        ids[: first[0]],
        ids[first[-1] + 1 : second[0]],
        ids[second[-1] + 1 :],
        encoded.type_ids[second[0]],
    )
