"""Runs every query of docs/notebooks.md on windows.parquet in the current folder: SQL in DuckDB, Python in Polars. Each pair has to give
the same rows, and some. Says how many there are."""

import datetime
import math
import pathlib
import re

import duckdb
import polars as pl

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "notebooks.md"


def plain(value):
    """A value as both programs have it: times in UTC without their zone."""
    if isinstance(value, datetime.datetime) and value.tzinfo:
        return value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return value


def alike(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-15)
    return one == other


def main():
    text = PAGE.read_text()
    queries = re.findall(r"^### (.+?)$.*?```sql\n(.*?)```\n\n```python\n(.*?)```", text, re.M | re.S)
    assert len(queries) == text.count("```sql") == text.count("```python"), "a query has no twin"
    table = pl.read_parquet("windows.parquet")
    duckdb.execute("set timezone = 'UTC'")
    for question, sql, python in queries:
        found = duckdb.sql(sql)
        other = eval(python, {"pl": pl, "table": table})
        names, rows = found.columns, [tuple(map(plain, row)) for row in found.fetchall()]
        twins = [tuple(map(plain, row)) for row in other.rows()]
        assert names == other.columns, (question, names, other.columns)
        assert rows and len(rows) == len(twins), (question, rows, twins)
        for row, twin in zip(rows, twins):
            assert all(map(alike, row, twin)), (question, row, twin)
    print(len(queries))


main()
