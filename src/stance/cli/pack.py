"""`stance pack`: a trained transformer as a few MB that lie over its encoder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stance.cli.runs import AsJson, Columns, Labels, Root, mapped

if TYPE_CHECKING:
    from stance.corpus.load import Mapped
    from stance.packing import Packed, Rows


def pack(
    model: Annotated[str, typer.Argument(help="A model's folder, a run's folder, or its name.")],
    out: Annotated[Path, typer.Argument(help="Folder to write; an adapter there is replaced.")],
    rows: Annotated[
        str | None,
        typer.Option(help="Labelled rows to compare, score and calibrate on."),
    ] = None,
    split: Annotated[str, typer.Option(help="Which of them: a value of their split column.")] = (
        "validation"
    ),
    column: Columns = None,
    label: Labels = None,
    bits: Annotated[
        int, typer.Option(help="For each number that training changed: 4, or 8 for near exact.")
    ] = 4,
    backbone: Annotated[
        str | None, typer.Option(help="The encoder it was trained from, if not the packaged one.")
    ] = None,
    root: Root = Path("runs"),
    as_json: AsJson = False,
) -> None:
    """Write a fine-tuned model as a small adapter over its encoder, to ship it.

    The adapter is compared with torch and, on --rows, with the full model; calibration and
    abstention thresholds are fitted anew on these rows, and carried over where there are none.
    `stance label --model OUT` uses it; put in data/model it ships with the package.
    """
    from stance.cli import console
    from stance.packing import pack as write
    from stance.runs.find import find_model

    found = find_model(model, root)
    folder = found.folder
    with console.reporting() as reporter:
        reporter.say(str(found))
        done = write(
            folder,
            out,
            _rows(folder, rows, split, mapped(column, label)),
            bits=bits,
            backbone=backbone,
            say=reporter.say,
        )
    if as_json:
        console.print_json(done.to_json())
        return
    _print(done)


def _rows(folder: Path, source: str | None, split: str, mapping: Mapped) -> Rows | None:
    from stance.codebook import parse_codebook
    from stance.corpus.load import load_examples
    from stance.errors import InputError
    from stance.files import read_json, resolve
    from stance.models.store import MODEL_FILE
    from stance.packing import Rows

    if source is None:
        return None
    codebook = parse_codebook(read_json(folder / MODEL_FILE)["codebook"], source=str(folder))
    examples = load_examples(resolve(source), codebook, mapped=mapping)
    chosen = [item for item in examples if item.split == split]
    if not chosen:
        found = ", ".join(sorted({item.split or "(none)" for item in examples}))
        raise InputError(f"{source}: no row of split {split!r}; it has {found}")
    return Rows(chosen, f"{len(chosen)} {split} rows of {source}")


def _print(done: Packed) -> None:
    from stance.cli import console

    console.out.print(
        f"{done.folder}: {done.size / 1e6:.1f} MB, {done.bits} bits a number, "
        f"largest difference to torch {done.gap:.1e}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    table = [
        [one.task, str(one.n_rows), f"{one.same:.2%}", f"{one.packed_f1:.3f}", f"{one.full_f1:.3f}"]
        for one in done.agreements
    ]
    if table:
        columns = ["task", "rows", "same label", "macro-F1", "macro-F1 in full"]
        console.print_table("", columns, table, right=[1, 2, 3, 4])
