#!/usr/bin/env python3
"""Makes a historian's database: two tags, a value a minute for a day."""

import sqlite3
import sys

database = sqlite3.connect(sys.argv[1])
with database:
    database.execute("CREATE TABLE samples (tag TEXT NOT NULL, at INTEGER NOT NULL, value REAL)")
    for tag, step in (("FT-101", 0.5), ("TT-7", 1)):
        database.executemany("INSERT INTO samples VALUES (?, ?, ?)",
                             [(tag, 60 * minute, step * minute) for minute in range(24 * 60)])
    database.execute("CREATE INDEX by_tag ON samples (tag, at)")
database.close()
