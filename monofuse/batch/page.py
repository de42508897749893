"""summary.html: a table that sorts by any column, with a picture of each result; opens from any folder."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from urllib.parse import quote

STYLE = """body { font: 14px sans-serif; margin: 2em } table { border-collapse: collapse }
th, td { padding: .3em .7em; border-bottom: 1px solid #ddd; text-align: left; white-space: nowrap }
th { cursor: pointer; position: sticky; top: 0; background: #f4f4f4 } img { height: 70px }
td.problem { white-space: normal; max-width: 40em } tr.failed { background: #fff0f0 } tr.missing { color: #888 }"""
SCRIPT = """for (const th of document.querySelectorAll("th")) th.onclick = () => {
  const body = document.querySelector("tbody"), column = th.cellIndex, up = th.dataset.up !== "1";
  th.dataset.up = up ? "1" : "0";
  const key = row => row.cells[column].dataset.value;
  const compare = (a, b) => a === "" ? 1 : b === "" ? -1 : (a - b || a.localeCompare(b)) * (up ? 1 : -1);
  [...body.rows].sort((a, b) => compare(key(a), key(b))).forEach(row => body.append(row));
};"""


def page(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Rows -> HTML."""
    counts = ", ".join(f"{sum(row['state'] == state for row in rows)} {state}" for state in
                       ("complete", "failed", "missing"))
    head = "".join(f"<th>{escape(name)}</th>" for name in ("", *columns))
    return (f"<!doctype html><meta charset=utf-8><title>monofuse batch</title><style>{STYLE}</style>\n"
            f"<h1>{len(rows)} runs: {counts}</h1><p>A click on a column's name sorts by it.</p>\n"
            f"<table><thead><tr>{head}</tr></thead><tbody>\n" +
            "\n".join(_row(row, columns) for row in rows) + f"\n</tbody></table><script>{SCRIPT}</script>\n")


def _row(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    place = quote(row["name"])
    picture = f'<a href="{place}/overview.png"><img src="{place}/overview.png" loading=lazy alt=""></a>' \
        if row["state"] == "complete" else f'<a href="logs/{place}.txt">log</a>' if row["state"] == "failed" else ""
    cells = "".join(f'<td class="{escape(name)}" data-value="{escape(str(row.get(name, "")))}">{_shown(row, name)}</td>'
                    for name in columns)
    return f'<tr class="{row["state"]}"><td data-value="">{picture}</td>{cells}</tr>'


def _shown(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name, "")
    return f"{value:.4g}" if isinstance(value, float) else escape(str(value))
