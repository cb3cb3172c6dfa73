"""The label set as data: order, groupings, crosswalks, and another one in its place."""

from __future__ import annotations

from typing import Any

import pytest

from stance.codebook import Codebook, nearest, parse_codebook
from stance.errors import ConfigError, InputError


def test_bundled_codebook_is_the_nine(codebook: Codebook) -> None:
    assert codebook.classes["stance"] == (
        "condemning", "accusing", "justifying", "supporting", "denying", "rejecting",
        "demanding", "threatening", "neutral",
    )  # fmt: skip
    assert codebook.stance.default == "neutral"
    assert codebook.classes["sentiment"] == ("negative", "neutral", "positive")


def test_relations_group_every_stance(codebook: Codebook) -> None:
    ids = codebook.relation_ids()
    assert len(ids) == len(codebook.stance)
    grouped = {name: codebook.relations[ids[at]] for at, name in enumerate(codebook.stance.names)}
    assert grouped["justifying"] == "for"
    assert grouped["threatening"] == "against"
    assert grouped["demanding"] == "neither"


def test_crosswalk_gathers_stances_of_a_code(codebook: Codebook) -> None:
    assert codebook.crosswalk("plover")["ACCUSE"] == ("condemning", "accusing")
    assert codebook.crosswalk("plover")["REJECT"] == ("denying", "rejecting")
    assert codebook.crosswalk("unknown") == {}


def test_unknown_label_names_the_nearest(codebook: Codebook) -> None:
    with pytest.raises(InputError, match=r"'condeming' is not a stance label; did you mean 'cond"):
        codebook.stance.id("condeming")


def test_every_label_has_definition_example_and_colour(codebook: Codebook) -> None:
    for label in codebook.stance.labels:
        assert label.definition
        assert label.example
        assert label.color.startswith("#")
    assert len({label.color for label in codebook.stance.labels}) == len(codebook.stance)


def _raw(**changes: Any) -> dict[str, Any]:
    return {"name": "own", "version": 1, "stance": [{"name": "no"}, {"name": "yes"}], **changes}


def test_own_codebook_without_sentiment() -> None:
    book = parse_codebook(_raw(), source="own.yaml")
    assert book.classes == {"stance": ("no", "yes")}
    assert book.stance.default == "yes"
    assert book.relation_ids() == ()


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (_raw(stance=[{"name": "a"}, {"name": "a"}]), "'a' stands twice"),
        (_raw(stance=[{"name": "a", "colour": "#000000"}, {"name": "b"}]), "did you mean 'color'"),
        (_raw(stance=[{"name": "a"}]), "at least 2"),
        (
            _raw(relations=["for"], stance=[{"name": "a", "relation": "fro"}, {"name": "b"}]),
            "'fro'",
        ),
        (_raw(version=2), "version"),
        ("text", "top level"),
    ],
)
def test_bad_codebooks_are_named(raw: Any, named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_codebook(raw, source="own.yaml")
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_hash_follows_content() -> None:
    first, again = parse_codebook(_raw(), source="a"), parse_codebook(_raw(), source="b")
    other = parse_codebook(_raw(stance=[{"name": "yes"}, {"name": "no"}]), source="a")
    assert first.sha256 == again.sha256 != other.sha256


def test_nearest_is_nobody_for_strangers() -> None:
    assert nearest("qqq", ["condemning", "accusing"]) is None
