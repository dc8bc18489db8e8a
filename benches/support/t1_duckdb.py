"""T1 in DuckDB, over a log in nginx's `combined` with times and host. Its quickest way that we know: the quote is the delimiter, so
an intact line has nine columns. Counts are made by the text of the minute, which is read as a time once per group.

usage: t1_duckdb.py LOG > minute,route,events,status_good,latency_good"""

import csv
import sys

import duckdb

COLUMNS = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(1, 10))


def routes(column):
    def cases(name):
        likes = " OR ".join(f"{column} LIKE '/{name}{end}%'" for end in "/? ")
        return f"WHEN {likes} THEN '{name}'"

    return f"CASE {' '.join(cases(name) for name in ('api', 'static', 'checkout', 'search'))} ELSE '' END"


QUERY = f"""
SELECT epoch(strptime(minute, '%d/%b/%Y:%H:%M'))::BIGINT, route, sum(events), sum(fine), sum(quick) FROM (
    SELECT substr(c1, position('[' IN c1) + 1, 17) AS minute, {routes("substr(c2, position(' ' IN c2) + 1, 11)")} AS route,
           count(*) AS events, count_if(CAST(substr(c3, 2, 3) AS INTEGER) < 500) AS fine,
           count_if(CAST(trim(c7) AS DOUBLE) <= 0.3) AS quick
    FROM read_csv($log, auto_detect = false, header = false, delim = '"', quote = '', escape = '', ignore_errors = true,
                  strict_mode = true, parallel = true, columns = {{{COLUMNS}}})
    GROUP BY 1, 2)
GROUP BY 1, 2
"""

connection = duckdb.connect()
connection.execute("SET preserve_insertion_order = false")
csv.writer(sys.stdout).writerows(connection.execute(QUERY, {"log": sys.argv[1]}).fetchall())
