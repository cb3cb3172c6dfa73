"""What a run says of itself, sentence by sentence, for the reporting checklist."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stance.corpus.divide import DIVIDED, left_out
from stance.corpus.duplicates import THRESHOLD
from stance.evaluation.results import ModelResult
from stance.report.data import OPEN, read_data_card
from stance.report.tables import text_of
from stance.runs.folder import command_line
from stance.runs.read import RunData
from stance.runs.roles import roles_of

_HASH = 12  # characters of a hash that tell files apart in a sentence


@dataclass(frozen=True, slots=True)
class Answers:
    """One sentence or two an item; empty where the run says nothing."""

    data: str
    code: str
    machine: str
    repeat: str
    script: str
    source: str
    source_open: str
    outcome: str
    sizes: str
    gaps: str
    excluded: str
    broken: str
    inputs: str
    models: str
    evaluated: str
    chosen: str
    settings: str
    baselines: str
    apart: str
    audit: str
    features: str
    metrics: str
    uncertainty: str
    tests: str
    external: str
    limits: str


def answers_of(run: RunData, leaks: Sequence[str]) -> Answers:
    """Read a run's answers off its facts, configuration, rows and results."""
    task = next(task for task in run.codebook.tasks if run.results.of(task))
    models = run.results.of(task)
    card = read_data_card(run)
    return Answers(
        **_reproduction(run),
        **_rows(run),
        **_modelling(run, models),
        **_scoring(run, models),
        source=f"A data card stands beside the rows: README.md, {card.name or 'without a name'}."
        if card
        else "",
        source_open="" if card else OPEN,
        audit=_audit(run, leaks),
    )


def _reproduction(run: RunData) -> dict[str, str]:
    facts = run.facts
    git = facts.get("git") or {}
    packages = facts.get("packages") or {}
    commit = git.get("commit") or "not recorded"
    dirty = " with uncommitted changes" if git.get("dirty") else ""
    command = f"“{command_line(facts)}”"
    hashes = ", ".join(
        f"{name} {value[:_HASH]}…" for name, value in (facts.get("sha256") or {}).items()
    )
    return {
        "data": f"{_sources(run.config['data'])}; SHA-256: {hashes or 'not recorded'}.",
        "code": f"stance {packages.get('stance') or '(version not recorded)'}, commit {commit}"
        f"{dirty}.",
        "machine": f"{facts.get('processor') or 'processor not recorded'}, "
        f"cores {facts.get('cores', '?')}, threads {facts.get('threads', '?')}, device "
        f"{facts.get('device', '?')}, Python {facts.get('python', '?')}; all versions are in "
        "run.json.",
        "repeat": f"{command}; config.yaml, codebook.yaml and run.json of the run folder hold "
        f"what it read. Seeds: {', '.join(map(str, facts.get('seeds', [])))}.",
        "script": f"{command} makes every table and figure of this report.",
    }


def _sources(data: Mapping[str, Any]) -> str:
    test = data.get("test")
    return f"Rows from {data['path']}" + (f", tested on {test['path']}" if test else "")


def _rows(run: RunData) -> dict[str, str]:
    examples, splits = run.corpus.examples, run.corpus.splits
    first = run.results.models[0]
    outcome = "; ".join(
        f"{task}, one of {', '.join(names)}" for task, names in run.codebook.classes.items()
    )
    broken = (
        "None was repaired: a file with an unknown label, an empty text or an id twice is refused "
        "as a whole."
    )
    if not examples or not splits:
        tested = f"{first.n_rows} held-out rows of {first.n_groups} articles"
        return {
            "outcome": f"{outcome}.",
            "sizes": f"{tested}; the others are not at hand ({run.corpus.missing}).",
            "gaps": "",
            "excluded": "",
            "broken": broken,
        }
    sizes = []
    for part in ("train", "validation", "test"):
        rows = {int(at) for split in splits for at in getattr(split, part)}
        groups = {examples[at].group for at in rows}
        sizes.append(f"{part} {len(rows)} rows of {len(groups)} articles")
    folds = f" ({len(splits)} folds taken together)" if len(splits) > 1 else ""
    gaps = [f"{sum(getattr(one, task) is None for one in examples)} rows lack a {task} label"
            for task in run.codebook.tasks]  # fmt: skip
    gaps += [
        f"{sum(not one.actor for one in examples)} have no holder but the writer",
        f"{sum(not one.target for one in examples)} name no target",
    ]
    absent = left_out(examples, splits)
    labels = "; ".join(_label_counts(run, task) for task in run.codebook.tasks)
    return {
        "outcome": f"{outcome}. Over all rows: {labels}. By part: tables/*-data.",
        "sizes": f"{'; '.join(sizes)}{folds}.",
        "gaps": f"Of {len(examples)} rows {', '.join(gaps)}. A row without a label of one task "
        "counts for the other only.",
        "excluded": f"The split keeps {absent} of {len(examples)} rows out, so that nothing "
        "crosses it."
        if absent
        else f"Nothing: all {len(examples)} rows are in a part of the split.",
        "broken": broken,
    }


def _label_counts(run: RunData, task: str) -> str:
    counts = Counter(getattr(one, task) for one in run.corpus.examples)
    return ", ".join(f"{name} {counts[name]}" for name in run.codebook.classes[task])


def _modelling(run: RunData, models: Sequence[ModelResult]) -> dict[str, str]:
    roles = roles_of(run.config)
    split = run.config["split"]
    described = [
        f"{name} ({entry['kind']}, sees {roles[name].sees})"
        for name, entry in run.config["models"].items()
    ]
    checks = [one for one in models if not roles[one.model].contender]
    best = models[0]
    styles = [entry["style"] for entry in run.config["models"].values() if entry.get("style")]
    inputs = "The text is used as it stands"
    if styles:
        inputs += (
            f"; transformers read windows of at most {max(one['max_length'] for one in styles)} "
            "tokens around the holder" if styles[0].get("max_length") else ""
        )  # fmt: skip
    trained = any(run.histories.values())
    return {
        "inputs": f"{inputs}. Each model's view of it is in config.yaml.",
        "models": f"{'; '.join(described)}. All settings are in config.yaml.",
        "evaluated": f"Rows divided by {DIVIDED[split['method']]}; {best.n_rows} held-out rows of "
        f"{best.n_groups} articles, {best.trainings}.",
        "chosen": f"The report is about {best.model}, the one of {len(models)} models with the "
        f"highest macro-F1 on {best.task}; that choice uses the held-out rows."
        + (" Epochs are chosen on validation rows." if trained else ""),
        "settings": "Those of config.yaml; this run searches none.",
        "baselines": f"On {best.task}: " * bool(checks)
        + "; ".join(
            f"{one.model} (sees {roles[one.model].sees}) reaches macro-F1 "
            f"{text_of(one.intervals['macro_f1'], 'score')}"
            for one in checks
        )
        + (f"; {best.model} {text_of(best.intervals['macro_f1'], 'score')}." if checks else "")
        or "None in this run.",
        "features": "Inputs are the text and the holder's name"
        + (", and for some models the target" if _targets(run.config["models"]) else "")
        + ". What names or the text alone give away is under baselines.",
    }


def _targets(models: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(
        entry.get("target") or entry.get("view") == "target"
        or (entry.get("style") or {}).get("target")
        for entry in models.values()
    )  # fmt: skip


def _scoring(run: RunData, models: Sequence[ModelResult]) -> dict[str, str]:
    best = models[0]
    interval = best.intervals["macro_f1"]
    level = text_of(interval.level, "share")
    resamples = (run.config.get("bootstrap") or {}).get("resamples", "")
    spread = (
        f" Over {best.trainings} macro-F1 has a standard deviation of "
        f"{text_of(best.spread['macro_f1'], 'score')}."
        if best.n_trainings > 1
        else " One training a model, so the variance over seeds is not known."
    )
    new = best.new_actors
    worst = sorted((item for item in best.labels if item.support), key=lambda x: x.f1.estimate)[:2]
    return {
        "metrics": "Macro-F1 over the full label list, which weighs rare labels as much as common "
        "ones; accuracy, per-label scores, MCC, AUROC, Brier, calibration error and others beside "
        "it.",
        "uncertainty": f"{level} intervals from {resamples} resamples of whole articles.{spread}",
        "tests": "Paired permutation tests that swap whole articles between two models, corrected "
        "by Holm over each table; they take articles, not rows, as independent."
        if run.results.comparisons
        else "None: there is nothing to compare.",
        "apart": "Validation rows, where there are any, choose epochs and calibration; test rows "
        f"are only scored; rows are divided by {DIVIDED[run.config['split']['method']]}.",
        "external": f"Macro-F1 on {new.n_rows:.0f} rows of holders unknown to training: "
        f"{text_of(new.macro_f1, 'score')}."
        if new
        else "",
        "limits": "Weakest labels: "
        + ", ".join(f"{one.label} (F1 {text_of(one.f1, 'score')})" for one in worst)
        + ". Weak parts of the test set are in tables/*-slices.",
    }


def _audit(run: RunData, leaks: Sequence[str]) -> str:
    if not run.corpus.splits:
        return (
            "A run whose split leaks is refused before training; the rows are not at hand to "
            f"audit it again ({run.corpus.missing})."
        )
    if leaks:
        return f"The split leaks: {'; '.join(leaks)}."
    share = text_of(THRESHOLD, "share")
    return (
        "The audit finds no article, duplicate, near-duplicate (word trigrams, similarity from "
        f"{share}) or contrast pair across the parts."
    )
