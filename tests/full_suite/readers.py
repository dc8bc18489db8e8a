"""DuckDB, pandas and Polars read slix's outputs in the current folder and recompute its ratios from its counts.

Run by readers.rs, which leaves `truth.json` beside them. Says nothing unless something differs.
"""

import json
import math
from fractions import Fraction

import duckdb
import pandas
import polars
import pyarrow.ipc

WINDOWS = ["windows.parquet", "windows.arrow", "windows.csv"]
COUNTS = ["events", "good", "bad", "unknown", "excluded", "valid"]
COLUMNS = [
    *["service", "slo", "objective", "group_kind", "route", "method", "start_time", "end_time", *COUNTS, "sli", "target"],
    *["burn_rate", "window_length", "window_start_time", "window_partial", "window_coverage", "window_good", "window_bad"],
    *["window_unknown", "window_valid", "window_slices_good", "window_slices", "window_sli", "met", "budget_consumed"],
    *["budget_remaining", "budget_remaining_minutes", "mode", "mode_reason", "exclusions"],
]
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
TRUTH = json.load(open("truth.json"))


def ratios(row):
    """The ratios of a row from its counts alone, exactly; none without valid events."""
    beta = 1 - Fraction(str(row["target"]))
    valid, window_valid = row["valid"], row["window_valid"]
    length = row["window_length"]
    minutes = beta * int(length[:-1]) * SECONDS[length[-1]] / 60
    consumed = Fraction(row["window_bad"], 1) / (beta * window_valid) if window_valid else None
    return {
        "sli": Fraction(row["good"], valid) if valid else None,
        "burn_rate": Fraction(row["bad"], valid) / beta if valid else None,
        "window_sli": Fraction(row["window_good"], window_valid) if window_valid else None,
        "budget_consumed": consumed,
        "budget_remaining": None if consumed is None else 1 - consumed,
        "budget_remaining_minutes": None if consumed is None else (1 - consumed) * minutes,
        "met": None if consumed is None else consumed <= 1,
    }


def is_absent(value):
    return value is None or value is pandas.NA or value is pandas.NaT or isinstance(value, float) and math.isnan(value)


def check_row(row, where):
    assert row["valid"] == row["good"] + row["bad"], (where, row)
    assert row["events"] == row["valid"] + row["unknown"] + row["excluded"], (where, row)
    for name, want in ratios(row).items():
        got = row[name]
        if want is None or is_absent(got):
            assert want is None and is_absent(got), (where, name, got, want, row)
        elif name == "met":
            assert bool(got) == want, (where, name, got, want, row)
        else:
            assert math.isclose(got, float(want), rel_tol=1e-12, abs_tol=1e-12), (where, name, got, float(want), row)
            assert (want == 0) == (got == 0), (where, name, got, want, row)


def check_table(rows, where):
    """All rows, and the totals of the roll-up against what was generated."""
    assert len(rows) > 100, (where, len(rows))
    for row in rows:
        check_row(row, where)
    for slo in ["availability", "strict", "latency"]:
        for column, want in TRUTH[slo].items():
            for kind in ["all", "group"]:
                got = sum(r[column] for r in rows if r["slo"] == slo and r["group_kind"] == kind)
                assert got == want, (where, slo, kind, column, got, want)


def canonical(rows):
    """Rows that compare equal whichever program read them."""

    def value(v):
        if is_absent(v):
            return None
        return v.timestamp() if hasattr(v, "timestamp") else v

    out = [tuple(value(row[name]) for name in COLUMNS) for row in rows]
    return sorted(out, key=lambda row: tuple((v is not None, str(v)) for v in row))


def with_duckdb(name):
    source = f"'{name}'"
    if name.endswith(".arrow"):
        duckdb.register("arrow_table", pyarrow.ipc.open_file(name).read_all())
        source = "arrow_table"
    # No name is quoted: that none is a keyword is the point.
    result = duckdb.execute(f"select {', '.join(COLUMNS)} from {source}")
    return [dict(zip(COLUMNS, row)) for row in result.fetchall()]


def with_pandas(name):
    times = ["start_time", "end_time", "window_start_time"]
    read = {
        "parquet": lambda: pandas.read_parquet(name),
        "arrow": lambda: pandas.read_feather(name),
        # The usual parser of pandas is off by a last digit now and then.
        "csv": lambda: pandas.read_csv(name, parse_dates=times, float_precision="round_trip"),
    }
    frame = read[name.rsplit(".")[-1]]()
    assert sorted(frame.columns) == sorted(COLUMNS), (name, list(frame.columns))
    assert all(str(frame[t].dtype).startswith("datetime64") and frame[t].dt.tz is not None for t in times), frame.dtypes
    assert all(frame[c].dtype == "int64" for c in COUNTS), frame.dtypes
    return frame.astype(object).to_dict("records")


def with_polars(name):
    read = {
        "parquet": lambda: polars.read_parquet(name),
        "arrow": lambda: polars.read_ipc(name, memory_map=False),
        "csv": lambda: polars.read_csv(name, try_parse_dates=True, infer_schema_length=None),
    }
    return read[name.rsplit(".")[-1]]().select(COLUMNS).to_dicts()


def check_sql():
    """The same in SQL, as an analyst would write it."""
    rows = duckdb.sql("""
        with r as (select *, 1 - target::decimal(18, 12)::double as beta from 'windows.parquet' where valid > 0)
        select count(*) from r
        where abs(sli - good / valid) > 1e-12 or abs(burn_rate - bad / valid / beta) > 1e-9 * (1 + burn_rate)
           or abs(window_sli - window_good / window_valid) > 1e-12 or (budget_remaining < 0) = met""").fetchall()
    assert rows == [(0,)], rows


def check_slices():
    """The slices file holds the counts of each indicator, and all events."""
    rows = duckdb.sql("""
        select indicator, sum(good)::bigint, sum(good + bad)::bigint from 'shop.slices.parquet'
        where kind = 'counts' group by indicator""").fetchall()
    want = {(TRUTH[slo]["good"], TRUTH[slo]["valid"]) for slo in ["availability", "strict", "latency"]}
    assert {(good, valid) for _, good, valid in rows} == want, (rows, want)
    events = duckdb.sql("select sum(events)::bigint from 'shop.slices.parquet' where kind = 'activity'").fetchall()
    assert events == [(TRUTH["events"],)], events


def check_alerts_and_incidents():
    """Each encoding of a small table reads as the same rows, and an incident spends what its counts say."""
    for command in ["alerts", "incidents"]:
        rows = [json.loads(line) for line in open(f"{command}.ndjson")]
        assert rows, command
        numbers = [name for name, value in rows[0].items() if isinstance(value, (int, float)) and not isinstance(value, bool)]
        want = [[row[name] for name in numbers] for row in rows]
        columns = ", ".join(f'"{name}"' for name in numbers)
        for file in [f"{command}.parquet", f"{command}.csv"]:
            seen = [list(row) for row in duckdb.sql(f"select {columns} from '{file}'").fetchall()]
            assert seen == want, (file, seen[:1], want[:1])
        seen = polars.read_ipc(f"{command}.arrow", memory_map=False).select(numbers).rows()
        assert [list(row) for row in seen] == want, command
        with_nulls = duckdb.sql(f"select count(*) from '{command}.parquet' where start_time is null or end_time < start_time")
        assert with_nulls.fetchall() == [(0,)], command


def main():
    reference = None
    for name in WINDOWS:
        for reader in [with_duckdb, with_pandas, with_polars]:
            rows = reader(name)
            where = f"{reader.__name__} {name}"
            check_table(rows, where)
            seen = canonical(rows)
            reference = reference or seen
            different = [(a, b) for a, b in zip(seen, reference) if a != b]
            assert len(seen) == len(reference) and not different, (where, different[:1])
    check_sql()
    check_slices()
    check_alerts_and_incidents()


main()
