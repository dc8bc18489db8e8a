"""Executes examples/notebook.ipynb, and compares the texts that it gives with those that are kept in it.

    notebook.py           say what differs, and fail
    notebook.py --write   keep what it gives, pictures too, and write the pictures beside it for a look (SLIX_KEEP)

The environment names the programs: SLIX and LOGGEN, as the notebook reads them.
"""

import base64
import os
import pathlib
import re
import sys

import nbformat
from nbclient import NotebookClient

NOTEBOOK = pathlib.Path(__file__).parents[2] / "examples" / "notebook.ipynb"
SECONDS_MAX = 300


def texts(cell):
    """What a cell shows, without pictures and without addresses of objects."""
    shown = []
    for output in cell.get("outputs", []):
        assert output.output_type != "error", output
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        shown.append(re.sub(r" at 0x[0-9a-f]+", "", text).rstrip())
    return [text for text in shown if text and not text.startswith("<Figure")]


def pictures(cell):
    return [output["data"]["image/png"] for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]


def tidy(notebook):
    """Leaves out what depends on the machine or the moment."""
    for cell in notebook.cells:
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }


def main():
    kept = nbformat.read(NOTEBOOK, as_version=4)
    fresh = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(fresh, timeout=SECONDS_MAX, kernel_name="python3").execute()
    tidy(fresh)
    drawn = [picture for cell in fresh.cells for picture in pictures(cell)]
    assert len(drawn) == 6, f"{len(drawn)} pictures"
    if folder := os.environ.get("SLIX_KEEP"):
        for number, picture in enumerate(drawn):
            (pathlib.Path(folder) / f"notebook-{number}.png").write_bytes(base64.b64decode(picture))
    if sys.argv[1:] == ["--write"]:
        nbformat.write(fresh, NOTEBOOK)
        return
    for number, (old, new) in enumerate(zip(kept.cells, fresh.cells)):
        assert texts(old) == texts(new), f"cell {number} gives\n{texts(new)}\nand not\n{texts(old)}"
        assert len(pictures(old)) == len(pictures(new)), f"cell {number} has other pictures"


main()
