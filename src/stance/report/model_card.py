"""A model card filled from the run: what was trained, on what, how good it is, where it fails.

Headings after Mitchell et al. (2019), "Model Cards for Model Reporting", FAT*; the header is the
Hugging Face hub's. What a run cannot know stays open, for the authors to fill in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import yaml

from stance.evaluation.results import ModelResult
from stance.report.behaviour import Behaviour
from stance.report.data import OPEN, DataCard, read_data_card
from stance.report.markup import plain
from stance.report.sections import Section
from stance.report.tables import Table, markdown_text, text_of, to_markdown
from stance.runs.folder import command_line
from stance.runs.read import RunData
from stance.runs.roles import roles_of


def card_model(run: RunData, sections: Sequence[Section]) -> ModelResult:
    """The model that the card is about: the best of the first task that is no mere check."""
    roles = roles_of(run.config)
    models = run.results.of(sections[0].task)
    return next((model for model in models if roles[model.model].contender), models[0])


def model_card(
    run: RunData,
    sections: Sequence[Section],
    data: Sequence[Table],
    leaks: Sequence[str],
    behaviour: Behaviour | None,
) -> str:
    """Write the card of the run's best model as Markdown.

    Args:
        sections: the report's parts by task, the first naming the model.
        data: tables of the data by part of the split.
        leaks: what crosses the split.
    """
    best = card_model(run, sections)
    card = read_data_card(run)
    results = {one.task: one for one in run.results.models if one.model == best.model}
    parts = [
        _header(run, best, list(results.values()), card),
        f"# {markdown_text(run.config['name'])}: {best.model}",
        _details(run, best),
        _use(run, results),
        _factors(sections, best),
        _metrics(run, best),
        _evaluation_data(run, best, leaks),
        _training_data(run, card, data),
        _analyses(sections, results, behaviour),
        _ethics(),
        _caveats(sections, best),
    ]
    return "\n\n".join(parts) + "\n"


def _header(
    run: RunData, best: ModelResult, results: Sequence[ModelResult], card: DataCard | None
) -> str:
    source = run.config["data"]["path"]
    dataset = {
        "name": (card.name if card else "") or PurePath(source).name,
        "type": PurePath(source).stem,
        "split": "test",
    }
    facts: dict[str, Any] = {"language": list(card.languages)} if card and card.languages else {}
    facts |= {
        "pipeline_tag": "text-classification",
        "tags": ["stance-detection", *(["sentiment-analysis"] if len(results) > 1 else [])],
        "metrics": ["f1", "accuracy", "matthews_correlation"],
        "model-index": [
            {
                "name": f"{run.config['name']}-{best.model}",
                "results": [_entry(model, dataset) for model in results],
            }
        ],
    }
    text = yaml.safe_dump(facts, sort_keys=False, allow_unicode=True, width=98)
    return f"---\n# license: {OPEN}\n{text}---"


def _entry(model: ModelResult, dataset: Mapping[str, str]) -> dict[str, Any]:
    scores = {"f1": ("macro F1", "macro_f1"), "accuracy": ("accuracy", "accuracy"),
              "matthews_correlation": ("MCC", "mcc")}  # fmt: skip
    return {
        "task": {"type": "text-classification", "name": model.task},
        "dataset": dict(dataset),
        "metrics": [
            {"type": kind, "name": name, "value": round(model.scores[key], 4)}
            for kind, (name, key) in scores.items()
            if key in model.scores
        ],
    }


def _details(run: RunData, best: ModelResult) -> str:
    entry = run.config["models"][best.model]
    lines = [f"- kind: {entry['kind']}"]
    if entry.get("backbone"):
        lines.append(f"- encoder: {_text(entry['backbone'])}")
    git = run.facts.get("git") or {}
    version = (run.facts.get("packages") or {}).get("stance")
    lines += [
        f"- sees: {roles_of(run.config)[best.model].sees}",
        f"- trainings: {best.trainings}",
        f"- started: {_text(run.facts.get('started') or 'not recorded')}",
        f"- made by: stance {version or ''}, commit {git.get('commit') or 'not recorded'}"
        + " with uncommitted changes" * bool(git.get("dirty")),
        f"- command: {_text(command_line(run.facts))}",
        f"- licence of the weights: {OPEN}",
        f"- authors and contact: {OPEN}",
    ]
    settings = yaml.safe_dump(entry, sort_keys=False, allow_unicode=True).rstrip()
    return _section("Model details", "\n".join(lines), f"Settings:\n\n```yaml\n{settings}\n```")


def _use(run: RunData, results: Mapping[str, ModelResult]) -> str:
    tasks = [
        f"one of {len(run.codebook.tasks[task])} {task} labels "
        f"({', '.join(map(_text, run.codebook.classes[task]))})"
        for task in results
    ]
    return _section(
        "Intended use",
        f"Trained to give a sentence, for one named holder or the writer, {' and '.join(tasks)} "
        f"of the codebook {_text(run.codebook.name)}, version {run.codebook.version}. The run "
        "tests this on labelled sentences whose holder is given; it does not test finding the "
        "holder.",
        f"Primary uses and users: {OPEN}",
        "Out of scope: labels outside the codebook, and any reading of single people that nobody "
        "checks; the tables below say how often an answer is wrong.",
    )


def _factors(sections: Sequence[Section], best: ModelResult) -> str:
    slices = sections[0].slices
    if slices is None or sections[0].best.model != best.model:
        return _section("Factors", f"Parts of the test set were not scored. {OPEN}")
    columns = list(dict.fromkeys(row[0] for row in slices[1].rows))
    return _section(
        "Factors",
        f"Scored apart by {', '.join(map(_text, columns))}: `tables/{slices[1].name}.md` and, by "
        f"label, `tables/{sections[0].task}-slices-labels.md`.",
        _new_holders(best),
    )


def _new_holders(best: ModelResult) -> str:
    new = best.new_actors
    if new is None:
        return "Holders that training does not know were not scored apart."
    return (
        f"On {new.n_rows:.0f} rows whose holder occurs in no training row the macro-F1 over the "
        f"labels present is {text_of(new.macro_f1, 'score')}."
    )


def _metrics(run: RunData, best: ModelResult) -> str:
    level = text_of(run.level, "share")
    return _section(
        "Metrics",
        "Macro-F1 over the codebook's full label list comes first, since it counts rare labels as "
        f"much as common ones. In brackets {level} intervals from resampling whole articles; "
        f"scores are means over {best.trainings}.",
    )


def _evaluation_data(run: RunData, best: ModelResult, leaks: Sequence[str]) -> str:
    source = run.config["data"].get("test") or run.config["data"]
    if not run.corpus.examples:
        audit = f"The split was not audited again: {_text(run.corpus.missing)}."
    elif leaks:
        audit = f"The split leaks: {'; '.join(map(_text, leaks))}."
    else:
        audit = "No article, near-duplicate or contrast pair stands on both sides of the split."
    return _section(
        "Evaluation data",
        f"{best.n_rows} held-out rows of {best.n_groups} articles from {_text(source['path'])}. "
        f"{audit}",
    )


def _training_data(run: RunData, card: DataCard | None, data: Sequence[Table]) -> str:
    known = run.facts.get("sha256", {}).get("data")
    lines = [f"Rows from {_text(run.config['data']['path'])}"
             + (f", SHA-256 `{known}`." if known else ".")]  # fmt: skip
    if card:
        lines.append(
            f"The card beside the data calls it {_text(card.name or 'nothing')}, "
            f"licence {_text(card.license or 'not named')}; how it came about stands there."
        )
    else:
        lines.append(f"Where they come from, and their licence: {OPEN}")
    return _section("Training data", " ".join(lines), *(to_markdown(one).strip() for one in data))


def _analyses(
    sections: Sequence[Section], results: Mapping[str, ModelResult], behaviour: Behaviour | None
) -> str:
    parts: list[str] = []
    for section in sections:
        parts.append(f"### {section.task.capitalize()}")
        parts.append(to_markdown(section.comparison[1]).strip())
        own = results.get(section.task)
        if own:
            parts.append(
                f"Expected calibration error {text_of(own.scores['ece'], 'score')} (15 bins of "
                f"equal width), Brier score {text_of(own.scores['brier'], 'score')}."
            )
        if own and section.best.model == own.model:
            parts.append(to_markdown(section.labels[1]).strip())
            parts += [to_markdown(table).strip() for table in section.abstention[:1]]
    if behaviour:
        parts += ["### Behaviour", to_markdown(behaviour.rates).strip()]
    return _section("Quantitative analyses", *parts)


def _ethics() -> str:
    return _section(
        "Ethical considerations",
        "An answer is a statement about what somebody holds, and a wrong one misreports them. "
        f"Consent, privacy and harm in the data: {OPEN}",
    )


def _caveats(sections: Sequence[Section], best: ModelResult) -> str:
    found = [
        f"- {section.task}: {_text(one.text)}"
        for section in sections
        if section.best.model == best.model
        for one in section.findings
        if one.warning
    ]
    return _section(
        "Caveats and recommendations",
        "What the report warns of:\n\n" + "\n".join(found)
        if found
        else "The report warns of nothing.",
        "All scores are of the held-out rows named above. They say nothing about other sources, "
        "languages or years.",
        f"Further limits: {OPEN}",
    )


def _section(title: str, *parts: str) -> str:
    return "\n\n".join([f"## {title}", *parts])


def _text(value: object) -> str:
    return markdown_text(plain(value))
