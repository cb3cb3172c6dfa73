"""The learned tagger: trained, weighed against the rules, stored, scored, at the command line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from stance.articles.attribution import attribute
from stance.articles.combine import TAGGER
from stance.articles.segment import segment
from stance.articles.tagging import Tag, Tagged, decode
from stance.cli.main import app
from stance.corpus.annotated import read_annotated
from stance.errors import ConfigError, InputError, IntegrityError, ModelError
from stance.evaluation.attribution.scoring import AttributionScores, Miss, Ratio, Scored
from stance.models.tagger.store import load_tagger
from stance.report.attribution import attribution_page
from stance.runs.attribution import parse_attribution_config, train_attribution
from stance.runs.listing import RunStatus, list_runs
from stance.runs.training import Quiet

CORPUS = Path(__file__).parents[2] / "data"
TEXT = "The port authority of Karsa put out word on Monday: no ship would sail. Rain fell."


class Fixed:
    """A tagger that knows one sentence."""

    def __init__(self, tags: Sequence[Tag], weights: dict[str, tuple[float, float]] | None) -> None:
        self.tags, self.weights = tuple(tags), weights

    def tag(self, sentences: Sequence[str]) -> list[Tagged]:
        empty = Tagged((), np.zeros(0), ())
        return [
            Tagged(((0, 18), (28, 40)), np.array([0.0, 0.9]), self.tags)
            if sentence.startswith("The port")
            else empty
            for sentence in sentences
        ]


FOUND = Tag((28, 40), (0, 27), (52, 70), confidence=0.9, source_confidence=0.9)


def holders(tagger: Fixed | None) -> list[tuple[str, str]]:
    found = attribute(TEXT, segment(TEXT), tagger=tagger)
    return [(item.actor, item.rule) for item in found]


def test_rules_do_not_know_this_cue() -> None:
    assert holders(None) == [("", "writer"), ("", "writer")]


def test_a_tagger_alone_adds_what_the_rules_miss() -> None:
    assert holders(Fixed([FOUND], None)) == [
        ("port authority of Karsa", TAGGER), ("", "writer"),
    ]  # fmt: skip


def test_weights_decide_whether_the_tagger_is_believed() -> None:
    assert holders(Fixed([FOUND], {"cue": (2.0, 2.0)}))[0][0] == "port authority of Karsa"
    assert holders(Fixed([FOUND], {"cue": (-9.0, -9.0)}))[0] == ("", "writer")


def test_the_tagger_corrects_a_holder_where_it_is_surer() -> None:
    text = "The minister of ports, the union said, had lied."
    wrong = Tag((33, 37), (0, 21), None, confidence=0.99, source_confidence=0.99)
    rules = attribute(text, segment(text))
    assert "union" in rules[0].actor

    class Corrects(Fixed):
        def tag(self, sentences: Sequence[str]) -> list[Tagged]:
            return [Tagged(((33, 37),), np.array([0.99]), (wrong,)) for _ in sentences]

    trusting = {"rule": (1.0, 0.0), "disagree": (0.0, -5.0), "own": (3.0, 3.0)}
    assert "minister" in attribute(text, segment(text), tagger=Corrects([], trusting))[0].actor
    doubting = {"rule": (1.0, 0.0), "rule holder": (0.0, 1.0), "own": (-3.0, -3.0)}
    assert "union" in attribute(text, segment(text), tagger=Corrects([], doubting))[0].actor


def test_decoding_finds_spans_nested_ones_too() -> None:
    words = [(0, 3), (4, 8), (9, 13), (14, 18), (19, 23)]
    bio = np.array([[1, 0, 0], [0.1, 0.9, 0], [0.9, 0.1, 0], [0.2, 0.8, 0], [0.3, 0, 0.7]], float)
    pairs = np.zeros((2, 5, 5))
    pairs[0, 1, 0], pairs[1, 1, 2:] = 0.9, 0.8
    pairs[0, 3, 2] = 0.3
    found = decode(words, bio, pairs)
    assert [(tag.cue, tag.source, tag.content) for tag in found.tags] == [
        ((4, 8), (0, 3), (9, 23)),
        ((14, 23), (9, 13), None),
    ]
    assert found.cue_probability((5, 6)) == pytest.approx(0.9)
    assert found.cue_probability((24, 30)) == 0.0


def test_our_release_reads_as_annotated_articles() -> None:
    given = list(read_annotated(CORPUS))
    assert {split for split, _ in given} == {"train", "validation", "test"}
    cues = [
        (item.article.text[slice(*gold.cue[0])], row)
        for _, item in given[:5]
        for gold in item.attributions
        if gold.cue
        for row in [gold.id]
    ]
    rows = {
        row["id"]: row
        for row in map(json.loads, (CORPUS / "rows.jsonl").read_text("utf-8").splitlines())
    }
    assert cues
    assert all(cue.replace("\n", " ") == rows[name]["cue"] for cue, name in cues)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few articles of the corpus, a few of each split."""
    folder = tmp_path_factory.mktemp("small")
    wanted: dict[str, list[str]] = {"train": [], "validation": [], "test": []}
    for split, annotated in read_annotated(CORPUS):
        if len(wanted[split]) < (6 if split == "train" else 3):
            wanted[split].append(annotated.article.name)
    names = {name for group in wanted.values() for name in group}
    for file in ("rows.jsonl", "articles.jsonl"):
        lines = (CORPUS / file).read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if json.loads(line)["doc_id"] in names]
        (folder / file).write_text("\n".join(kept) + "\n", encoding="utf-8")
    return folder


def settings(data: Path, backbone: Path) -> dict[str, object]:
    return {
        "name": "who", "task": "attribution", "data": {"path": str(data)},
        "backbone": str(backbone), "threads": 1,
        "options": {"epochs": 1, "batch_size": 8, "lr": 1e-3, "frozen_layers": 0},
    }  # fmt: skip


def test_a_run_trains_weighs_scores_and_reads_back(
    small: Path, tiny_encoder: Path, tmp_path: Path
) -> None:
    config = parse_attribution_config(settings(small, tiny_encoder), source="test")
    done = train_attribution(config, root=tmp_path)
    assert set(done.scores) == {"rules alone", "tagger alone", "rules and tagger"}
    assert done.articles == 3
    assert done.scores["rules alone"].total.attributed.gold > 10
    tagger = load_tagger(done.folder / "tagger")
    (entry,) = list_runs(tmp_path)
    assert (entry.status, entry.task, entry.articles) == (RunStatus.FINISHED, "attribution", 3)
    assert (entry.seeds, entry.models, entry.reason) == ((1,), 1, "")
    assert entry.best in done.scores
    shown = CliRunner().invoke(app, ["runs", "--runs", str(tmp_path)])
    assert shown.exit_code == 0
    assert "finished" in shown.output
    assert "broken" not in shown.output
    for command in (["report", "who"], ["compare", "who"]):
        refused = CliRunner().invoke(app, [*command, "--runs", str(tmp_path)])
        assert isinstance(refused.exception, InputError)
        assert "a run of who says what" in str(refused.exception)
    again = train_attribution(config, root=tmp_path, resume=True)
    assert again.scores["rules and tagger"].total == done.scores["rules and tagger"].total
    sentences = ["Petra said no.", "", "   ", "“", "a" * 5000]
    together, alone = tagger.tag(sentences), [tagger.tag([item])[0] for item in sentences]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.cue, other.cue, atol=1e-5)
    broken = done.folder / "tagger" / "tagger.json"
    broken.write_text(broken.read_text("utf-8").replace("weights", "weight_"), encoding="utf-8")
    with pytest.raises(IntegrityError, match="changed since"):
        load_tagger(done.folder / "tagger")


def test_a_failed_export_loses_no_tagger(
    small: Path, tiny_encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = parse_attribution_config(settings(small, tiny_encoder), source="test")
    whole = train_attribution(config, root=tmp_path / "whole")

    def fail(module: object, tensors: object, path: Path, *_: object) -> None:
        path.write_bytes(b"half of it")
        raise RuntimeError("an operator is not known\nand much more")

    monkeypatch.setattr("stance.models.tagger.training.write_onnx", fail)
    said = _Said()
    done = train_attribution(config, root=tmp_path / "half", reporter=said)
    assert not (done.folder / "tagger" / "model.onnx").exists()
    (line,) = [line for line in said.lines if "an operator is not known" in line]
    assert "answers with torch" in line
    assert "\n" not in line
    for name, scored in whole.scores.items():
        assert done.scores[name].total == scored.total
    sentences = ["Petra said no.", "It rained."]
    one, other = (load_tagger(run.folder / "tagger").tag(sentences) for run in (whole, done))
    for exported, kept in zip(one, other, strict=True):
        np.testing.assert_allclose(exported.cue, kept.cue, atol=1e-4)


class _Said(Quiet):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def test_the_command_for_stances_names_the_one_for_attribution() -> None:
    refused = CliRunner().invoke(app, ["train", "configs/attribution.yaml"])
    assert isinstance(refused.exception, ConfigError)
    assert "`stance attribution train`" in str(refused.exception)


def test_unknown_keys_and_empty_parts_are_refused(small: Path, tiny_encoder: Path) -> None:
    raw = settings(small, tiny_encoder)
    with pytest.raises(ConfigError, match="epoch"):
        parse_attribution_config({**raw, "options": {"epoch": 1}}, source="test")
    with pytest.raises(InputError, match="no such file"):
        list(read_annotated(small / "absent"))
    with pytest.raises(ModelError, match="no attribution tagger"):
        load_tagger(small)


def test_evaluate_scores_rules_and_writes_the_browser(small: Path, tmp_path: Path) -> None:
    page = tmp_path / "errors.html"
    done = CliRunner().invoke(
        app,
        ["attribution", "score", "rules", str(small), "--split", "test",
         "--html", str(page), "--json"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    scores = json.loads(done.stdout)["rules alone"]
    assert scores["articles"] == 3
    assert 0.5 < scores["measures"]["attributed"]["f1"] <= 1
    document = page.read_text(encoding="utf-8")
    assert document.count("<li>") == min(len(scores["misses"]), document.count("<li>")) > 0


def test_the_page_escapes_what_articles_and_names_hold() -> None:
    miss = Miss(
        0, ("<b>x",), ("<i>y",), ("subject",), "<a>", "<script>alert(1)</script>", ("direct",)
    )
    scores = AttributionScores(attributed=Ratio(1, 2, 1, 3), misses=(miss,))
    page = attribution_page({"rules alone": Scored.of([scores])}, data="<x>")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "too few" in page


def test_intervals_are_over_articles() -> None:
    good = AttributionScores(attributed=Ratio(4, 4, 4, 4))
    bad = AttributionScores(attributed=Ratio(0, 4, 0, 4))
    mixed = Scored.of([good, bad] * 20).intervals["attributed"]
    assert mixed.estimate == 0.5
    assert mixed.low < 0.4
    assert mixed.high > 0.6
    same = Scored.of([good] * 20).intervals["attributed"]
    assert (same.low, same.high) == (1.0, 1.0)
