"""What a run answers of a reporting checklist, and what its authors still have to say.

The eight modules and their items follow Kapoor et al. (2024), "REFORMS: Consensus-based
Recommendations for Machine-learning-based Science", Science Advances 10(18), eadk3452, in our
own words. An item may be answered in part: ``found`` is what the run shows, ``open`` what it
cannot know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stance.report.checklist_answers import Answers
from stance.report.data import OPEN
from stance.report.markup import plain
from stance.report.tables import markdown_text

SOURCE = (
    "Eight modules after Kapoor et al. (2024), REFORMS: Consensus-based Recommendations for "
    "Machine-learning-based Science, Science Advances 10(18), eadk3452; the wording is ours."
)


@dataclass(frozen=True, slots=True)
class Item:
    """One question: what the run answers, and what is left to its authors."""

    code: str
    asks: str
    found: str = ""
    open: str = ""


@dataclass(frozen=True, slots=True)
class Module:
    """One part of the checklist."""

    title: str
    items: Sequence[Item]


def checklist(answers: Answers) -> list[Module]:
    """Fill the checklist from a run."""
    a = answers
    modules = [
        ("Study goals", [
            ("What population is the claim about?", "", OPEN),
            ("Why that population?", "", OPEN),
            ("Why machine learning?", "", OPEN),
        ]),
        ("Computational reproducibility", [
            ("Which data, findable by others?", a.data, "A link or DOI of the data."),
            ("Which code, in which version?", a.code, "A link or DOI of that version."),
            ("On which machine and software?", a.machine, ""),
            ("How is it to be repeated?", a.repeat, "What the study has besides this run."),
            ("Which script makes all results?", a.script, "The same for all other results."),
        ]),
        ("Data quality", [
            ("Where do the rows and their labels come from?", a.source, a.source_open),
            ("From what were they sampled?", "", OPEN),
            ("Why do they suit the question?", "", OPEN),
            ("What is predicted, and how often does each value occur?", a.outcome, ""),
            ("How large are the samples?", a.sizes, ""),
            ("What is missing?", a.gaps, ""),
            ("Do the rows stand for the population?", "", OPEN),
        ]),
        ("Data preprocessing", [
            ("What was left out, and why?", a.excluded, "What was left out before this run."),
            ("What became of impossible or broken rows?", a.broken, ""),
            ("How was the text changed?", a.inputs, ""),
        ]),
        ("Modelling", [
            ("Which models?", a.models, ""),
            ("Why these?", "", OPEN),
            ("How were they evaluated?", a.evaluated, ""),
            ("How was the model chosen?", a.chosen, ""),
            ("How were settings chosen?", a.settings, "How those values were arrived at."),
            ("Against which baselines?", a.baselines, ""),
        ]),
        ("Data leakage", [
            ("Are training and test rows kept apart at every step?", a.apart, ""),
            ("Are there duplicates or dependent rows across them?", a.audit, ""),
            ("Would every input be known in use, and none give the answer away?", a.features,
             "Whether all inputs are known where the model is to be used."),
        ]),
        ("Metrics and uncertainty", [
            ("Which metrics, and why?", a.metrics, ""),
            ("How uncertain are they?", a.uncertainty, ""),
            ("Which tests, on what assumptions?", a.tests, ""),
        ]),
        ("Generalisability and limits", [
            ("What speaks for other data?", a.external, "Evidence from other sources."),
            ("Where is it not expected to hold?", a.limits, OPEN),
        ]),
    ]  # fmt: skip
    return [
        Module(
            f"{number}. {title}",
            [
                Item(f"{number}{chr(ord('a') + at)}", asks, found, left or ("" if found else OPEN))
                for at, (asks, found, left) in enumerate(items)
            ],
        )
        for number, (title, items) in enumerate(modules, start=1)
    ]


def to_markdown(name: str, modules: Sequence[Module]) -> str:
    """Write the checklist as a task list; what is answered in full is ticked."""
    lines = [f"# Reporting checklist of {markdown_text(plain(name))}", "", SOURCE]
    for module in modules:
        lines += ["", f"## {module.title}", ""]
        for item in module.items:
            tick = " " if item.open else "x"
            lines.append(f"- [{tick}] **{item.code}. {item.asks}**")
            lines += [f"  {markdown_text(plain(item.found))}"] if item.found else []
            if item.open:
                lines.append(f"  *{_left(item)}*")
    return "\n".join(lines) + "\n"


def _left(item: Item) -> str:
    return item.open if item.open == OPEN else f"{OPEN[:-1]}: {item.open[0].lower()}{item.open[1:]}"


def left_open(item: Item) -> str:
    """Say what an item still needs from the authors; empty where it needs nothing."""
    return _left(item) if item.open else ""


def counts(modules: Sequence[Module]) -> tuple[int, int, int]:
    """Return how many items are answered, answered in part, and open."""
    items = [item for module in modules for item in module.items]
    full = sum(not item.open for item in items)
    part = sum(bool(item.open and item.found) for item in items)
    return full, part, len(items) - full - part
