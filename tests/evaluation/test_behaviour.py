"""Behaviour tests against models whose failures are known before they are asked."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import tiny_config
from report.test_report import EVIL, Page, make_run, read_csv
from stance.errors import InputError
from stance.evaluation.behaviour import edits as perturb
from stance.evaluation.behaviour import edits as perturb_verbs
from stance.evaluation.behaviour.edits import Edit
from stance.evaluation.behaviour.run import SuiteResult, from_json, run_suites, to_json
from stance.evaluation.behaviour.suites import SUITES
from stance.evaluation.resampling import FloatArray
from stance.files import read_json, write_json
from stance.report.behaviour import behaviour_of, differing
from stance.report.report import write_report
from stance.runs.experiment import run
from stance.runs.training import gather_behaviour, keep_behaviour
from stance.schema import Example

NAMES = ("condemning", "supporting", "denying", "neutral")
VERBS = {"condemned": "condemning", "praised": "supporting", "denied": "denying"}
PEOPLE = ("Vorla Mistrade", "Kemp Osgary", "Lindo Harrask", "Sunna Pellivar")


def make_examples(articles: int = 12) -> list[Example]:
    """Rows of known build: a person, a title, a verb that is the stance, and one negation."""
    rows = []
    for at in range(articles):
        name, (verb, stance) = PEOPLE[at % 4], list(VERBS.items())[at % 3]
        place = f"quay {at}"
        text = f"Col. {name}, a spokesman, {verb} the levy at {place} — “at last”."
        span = (0, text.index(f", {verb}"))
        extra: dict[str, str] = {}
        rows.append(_row(f"a{at}", at, text, name, stance, span, extra))
        plain = f"{name} {verb} the levy at {place}, and left."
        rows.append(_row(f"b{at}", at, plain, name, stance, (0, len(name)), extra))
        no = f"{name} has not {verb} the levy at {place}."
        rows.append(
            _row(f"c{at}", at, no, name, "neutral", (0, len(name)),
                 {"phenomenon": "negated title", "contrast_of": f"b{at}"})
        )  # fmt: skip
        other = PEOPLE[(at + 1) % 4]
        both = f"{name} condemned the levy at {place}, while {other} praised it."
        start = both.index(other)
        opposed = {"phenomenon": "opposed"}
        rows.append(_row(f"d{at}", at, both, name, "condemning", (0, len(name)), opposed))
        rows.append(
            _row(f"e{at}", at, both, other, "supporting", (start, start + len(other)), opposed)
        )
    return rows


def _row(
    name: str, article: int, text: str, actor: str, stance: str, span: tuple[int, int],
    extra: dict[str, str],
) -> Example:  # fmt: skip
    return Example(
        id=name, text=text, actor=actor, stance=stance, doc_id=f"d{article}", actor_span=span,
        quote="indirect", extra=extra,
    )  # fmt: skip


def oracle(row: Example) -> str:
    """Read the verb behind the holder, and whether it is negated."""
    assert row.actor_span is not None
    rest = " ".join(row.text[row.actor_span[1] :].split())
    rest = f" {rest}"
    if re.match(r"\W*(?:a spokes\w+, )?(?:has not|did not|does not) ", rest):
        return "neutral"
    verb = re.search("|".join(VERBS), rest)
    return VERBS[verb.group()] if verb else "neutral"


def model(answer: Callable[[Example], str]) -> Callable[[Sequence[Example]], FloatArray]:
    """Turn a rule into probabilities: 0.7 for its answer, 0.1 for each other label."""

    def predict(rows: Sequence[Example]) -> FloatArray:
        proba = np.full((len(rows), len(NAMES)), 0.1)
        for at, row in enumerate(rows):
            proba[at, NAMES.index(answer(row))] = 0.7
        return proba

    return predict


def by_name(results: Sequence[SuiteResult]) -> dict[str, SuiteResult]:
    return {result.name: result for result in results}


def test_oracle_fails_nothing_in_any_suite() -> None:
    found = by_name(run_suites(model(oracle), make_examples(), NAMES))
    assert set(found) == {suite.name for suite in SUITES} - {"embedded rows"}
    for name, result in found.items():
        assert result.failures == 0, (name, result.examples)
        assert result.rate.estimate == 0
        assert result.n_cases >= 12
        assert not result.examples


def test_name_memoriser_fails_every_actor_swap_and_role_swaps_it_never_saw() -> None:
    rows = make_examples()
    known = {row.actor for row in rows}
    memory = model(lambda row: "condemning" if row.actor in known else "neutral")
    found = by_name(run_suites(memory, rows, NAMES))
    swap = found["actor swap"]
    assert swap.failures == swap.n_cases == 60
    assert (swap.rate.low, swap.rate.high) == (1, 1)
    assert swap.change == pytest.approx(-0.6)
    assert found["typography"].failures == found["bystander"].failures == 0
    assert found["role swap"].rate.estimate == 0.5  # right whenever the other one condemns
    assert len(swap.examples) == 5
    for one in swap.examples:
        assert one.before == one.wanted == "condemning"
        assert one.after == "neutral"
        assert one.changed_actor not in known
        assert not any(part in one.changed_text for part in one.actor.split())


def test_negation_blind_model_fails_where_a_stance_is_negated() -> None:
    stems = {verb[:5]: stance for verb, stance in VERBS.items()} | {"deny": "denying"}

    def stem(row: Example) -> str:
        assert row.actor_span is not None
        found = re.search("|".join(stems), row.text[row.actor_span[1] :])
        return stems[found.group()] if found else "neutral"

    found = by_name(run_suites(model(stem), make_examples(), NAMES))
    for name in ("negated rows", "built negation", "contrast pairs"):
        assert found[name].rate.estimate == 1, name
    for name in ("actor swap", "titles", "typography", "bystander", "role swap", "stressed verb"):
        assert found[name].failures == 0, name
    assert found["negated rows"].change is None  # a row that is its own variant cannot move


def test_constant_model_passes_invariances_and_fails_what_asks_for_a_change() -> None:
    found = by_name(run_suites(model(lambda row: "condemning"), make_examples(), NAMES))
    assert found["actor swap"].failures == found["titles"].failures == 0
    assert found["role swap"].rate.estimate == 0.5
    assert found["contrast pairs"].rate.estimate == 1


def test_model_put_off_by_an_adverb_is_counted() -> None:
    def put_off(row: Example) -> str:
        return "neutral" if re.search("flatly|warmly|strongly", row.text) else oracle(row)

    stressed = by_name(run_suites(model(put_off), make_examples(), NAMES))["stressed verb"]
    assert stressed.failures == stressed.n_cases
    assert stressed.change == pytest.approx(-0.6)


def test_results_depend_on_the_seed_and_not_on_the_order_of_rows() -> None:
    rows = make_examples()

    def odd(row: Example) -> str:
        return NAMES[sum(map(ord, row.text + row.actor)) % 4]

    first = run_suites(model(odd), rows, NAMES, limit=20, seed=3)
    shuffled = list(rows)
    random.Random(1).shuffle(shuffled)
    assert to_json({"m": run_suites(model(odd), shuffled, NAMES, limit=20, seed=3)}) == to_json(
        {"m": first}
    )
    assert to_json({"m": run_suites(model(odd), rows, NAMES, limit=20, seed=4)}) != to_json(
        {"m": first}
    )
    assert max(result.n_cases for result in first) == 20
    again = from_json(json.loads(json.dumps(to_json({"m": first}))))
    assert again == {"m": first}


def test_rate_is_the_share_and_its_interval_is_over_articles() -> None:
    rows = make_examples()
    bad = {"d0", "d1", "d2"}
    found = by_name(
        run_suites(model(lambda row: "denying" if row.doc_id in bad else oracle(row)), rows, NAMES)
    )["negated rows"]
    assert found.rate.estimate == found.failures / found.n_cases == 3 / 12
    assert found.rate.n_groups == 12
    assert 0 <= found.rate.low < 0.25 < found.rate.high <= 0.7


def test_rows_are_asked_once_together() -> None:
    calls: list[list[tuple[object, ...]]] = []

    def predict(rows: Sequence[Example]) -> FloatArray:
        calls.append([(row.text, row.actor, row.actor_span) for row in rows])
        return model(oracle)(rows)

    run_suites(predict, make_examples(), NAMES)
    assert len(calls) == 1
    assert len(set(calls[0])) == len(calls[0])


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(InputError, match="limit 0"):
        run_suites(model(oracle), make_examples(), NAMES, limit=0)
    with pytest.raises(InputError, match="4 labels"):
        run_suites(lambda rows: np.ones((len(rows), 2)), make_examples(), NAMES)
    assert run_suites(model(oracle), [], NAMES) == []


# -- the edits ----------------------------------------------------------------------------


@given(
    st.text("ab ", min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4), st.text("XY", max_size=5))),
    st.tuples(st.integers(0, 30), st.integers(1, 8)),
)
def test_edits_move_spans_with_their_text(
    text: str, raw: list[tuple[int, int, str]], place: tuple[int, int]
) -> None:
    start = min(place[0], len(text) - 1)
    span = (start, min(len(text), start + place[1]))
    edits, done = [], -1
    for at, length, new in sorted(raw):
        begin, end = min(at, len(text)), min(at + length, len(text))
        crosses = begin < span[0] < end or begin < span[1] < end
        if begin > done and not crosses:
            edits.append(Edit(begin, end, new))
            done = end
    changed = perturb.apply(Example(id="r", text=text, actor_span=span), edits, "x")
    inside = [
        Edit(edit.start - span[0], edit.end - span[0], edit.new)
        for edit in edits
        if span[0] <= edit.start < span[1] and edit.end > span[0]
    ]
    expected, done = "", 0
    own = text[slice(*span)]
    for edit in inside:
        expected += own[done : edit.start] + edit.new
        done = edit.end
    assert changed.actor_span is not None
    assert changed.text[slice(*changed.actor_span)] == expected + own[done:]


@pytest.mark.parametrize(
    ("actor", "text", "kept"),
    [
        ("Vorla Mistrade", "Mistrade said Vorla's “Mistrade plan” stands.", "said"),
        ("Lmar fisheries board", "The Lmar fisheries board met.", "fisheries board met."),
        ("Bank of Ostra", "The Bank of Ostra met.", "Bank of"),
    ],
)
def test_actor_is_renamed_everywhere(actor: str, text: str, kept: str) -> None:
    row = Example(id="r", text=text, actor=actor)
    known = perturb.words_of([text, "a bank met at the fisheries board"])
    ((_, changed),) = perturb.rename_actor(row, known, random.Random(0))
    for name in ("Vorla", "Mistrade", "Lmar", "Ostra"):
        assert not re.search(rf"\b{name}\b", f"{changed.text} {changed.actor}")
    assert kept in changed.text
    assert len(changed.actor.split()) == len(actor.split())


@pytest.mark.parametrize(
    ("actor", "text"),
    [
        ("Rezko", "Rezko let the Rezkoni fleet leave."),  # half a change says something else
        ("prosecutors", "Prosecutors said so."),
        ("", "It rained."),
    ],
)
def test_actor_without_a_name_of_its_own_is_left_alone(actor: str, text: str) -> None:
    row = Example(id="r", text=text, actor=actor)
    assert not list(perturb.rename_actor(row, perturb.words_of([text]), random.Random(0)))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Maj. Gen. Vorla spoke.", {"Major General Vorla spoke.", "Vorla spoke."}),
        ("Colonel Vorla spoke.", {"Col. Vorla spoke."}),
        ("A spokeswoman spoke.", {"A spokesperson spoke."}),
        ("The foreign minister left.", {"The minister of foreign affairs left."}),
        ("The foreign minister’s car left.", set()),
        ("The general spoke at a gen. meeting.", set()),
    ],
)
def test_titles_are_written_another_way(text: str, wanted: set[str]) -> None:
    changed = perturb.paraphrase_titles(Example(id="r", text=text))
    assert {row.text for _, row in changed} == wanted


def test_typography_changes_no_word() -> None:
    text = "“We’re done,” she said — and left – at once. 'Now', she \"added\"."
    row = Example(id="r", text=text, actor_span=(14, 17))
    changed = dict(perturb.retype(row, random.Random(0)))
    assert set(changed) == {
        "straight quotes", "curly quotes", "other dashes", "no-break spaces", "double spaces",
        "broken line",
    }  # fmt: skip
    for how, one in changed.items():
        assert one.text != text, how
        assert re.findall(r"\w+", one.text) == re.findall(r"\w+", text)
        assert one.actor_span is not None
        assert one.text[slice(*one.actor_span)] == "she"
    assert "‘Now’, she “added”" in changed["curly quotes"].text
    assert '"We\'re done,"' in changed["straight quotes"].text


@pytest.mark.parametrize(
    ("text", "actor", "stance", "wanted"),
    [
        ("The board denied it all, saying no.", "The board", "denying",
         "The board did not deny it all."),
        ("It rained, and he accuses them of\ntheft.", "he", "accusing",
         "He does not accuse them of theft."),
        ("The board has denied it all.", "The board", "denying", None),
        ("The board denied it all.", "The board", "rejecting", None),
        ("A plan the board rejected on Monday.", "the board", "rejecting", None),
        ("The board denied “it all, and more”.", "The board", "denying", None),
    ],
)  # fmt: skip
def test_negation_is_built_only_where_it_is_safe(
    text: str, actor: str, stance: str, wanted: str | None
) -> None:
    at = text.index(actor)
    row = Example(id="r", text=text, actor=actor, stance=stance, actor_span=(at, at + len(actor)))
    made = list(perturb_verbs.negate(row))
    assert [negated.text for _, negated in made] == ([wanted] if wanted else [])


def test_bystander_stays_out_of_quotations() -> None:
    rows = [
        Example(id="a", text="“We left,” she said, “and that was that.", actor="she"),
        Example(id="b", text="And that was that.", actor="she", quote="direct"),
        Example(id="c", text="She left at 9 p.m.", actor="she"),
        Example(id="d", text="She left.", actor="she"),
    ]
    made = {
        row.id: [new.text for _, new in perturb.add_bystander(row, frozenset(), random.Random(1))]
        for row in rows
    }
    assert [len(texts) for texts in made.values()] == [0, 0, 0, 1]
    assert re.fullmatch(r"She left[, (].+\.", made["d"][0])


def test_marks_are_on_what_changed() -> None:
    assert differing("Ann left early.", "Bo left early.") == [("Bo", True), (" left early.", False)]
    long = "a b " * 300
    assert differing(long, long + "c") == [(long + "c", False)]


# -- in a run and in its report -----------------------------------------------------------


def test_run_keeps_behaviour_beside_its_parts(rows_file: Path, tmp_path: Path) -> None:
    models = {
        "majority": {}, "names": {"kind": "ngrams", "view": "actor"},
        "tfidf-svm": {"kind": "ngrams", "learner": "svm"},
    }  # fmt: skip
    config = tiny_config(rows_file, tmp_path, models=models)
    folder = run(config, root=tmp_path / "runs").folder
    path = folder / "behaviour.json"
    stored = from_json(read_json(path))
    assert set(stored) == {"tfidf-svm"}
    assert {"actor swap", "typography"} <= {result.name for result in stored["tfidf-svm"]}
    before = path.read_bytes()
    path.unlink()
    (folder / "parts" / "tfidf-svm-s1-f0.npz").unlink()
    run(config, root=tmp_path / "runs", resume=True)
    assert path.read_bytes() == before
    path.unlink()
    run(config, root=tmp_path / "runs", resume=True)  # nothing is trained again
    assert path.read_bytes() == before
    off = tiny_config(rows_file, tmp_path, models=models, behaviour=False)
    assert not (run(off, root=tmp_path / "off").folder / "behaviour.json").exists()


def test_report_shows_behaviour_and_escapes_it(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    make_run(folder, seeds=1)
    assert "Behaviour" not in write_report(folder).read_text(encoding="utf-8")
    evil = [
        replace(row, text=row.text.replace("quay", EVIL), actor=row.actor)
        for row in make_examples()
    ]
    wrong = model(lambda row: NAMES[len(row.text) % 4])
    parts = {}
    for name in ("sure", "text-only"):
        parts[name] = folder / "parts" / f"{name}.npz"
        keep_behaviour(parts[name], name, lambda rows: {"stance": wrong(rows)}, evil, NAMES, seed=1)
    gather_behaviour(folder, parts)
    text = write_report(folder).read_text(encoding="utf-8")
    page = Page(text)
    assert page.count("section", id="behaviour") == 1
    assert page.count("script") == page.count("img") == 0
    assert page.count("mark") > 5
    assert "\u202e" not in page.text
    table = read_csv(folder / "tables" / "behaviour.csv")
    stored = from_json(read_json(folder / "behaviour.json"))
    for row, suite in zip(table, stored["sure"], strict=True):
        assert row["suite"] == suite.name
        assert float(row["sure"]) == pytest.approx(suite.failures / suite.n_cases)
        assert float(row["sure high"]) == pytest.approx(suite.rate.high)
        assert f"{100 * suite.rate.estimate:.0f}\u202f%" in page.text
    for name in ("behaviour-change", "behaviour-failures", "behaviour-suites"):
        for ending in ("md", "tex", "csv"):
            assert (folder / "tables" / f"{name}.{ending}").stat().st_size
    for one in stored["sure"][0].examples:
        assert f"row {one.row})" in page.text


def test_single_article_has_no_interval_and_an_empty_folder_no_section(tmp_path: Path) -> None:
    rows = [replace(row, doc_id="only") for row in make_examples(3)]
    found = run_suites(model(oracle), rows, NAMES)
    assert all(math.isnan(result.rate.low) for result in found)
    write_json(tmp_path / "b.json", to_json({"m": found}))
    assert from_json(read_json(tmp_path / "b.json"))["m"][0].n_cases == found[0].n_cases
    assert behaviour_of({}, []) is None
