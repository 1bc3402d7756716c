#!/bin/sh
# A job: lists the tags that begin with the input's prefix. The input comes on standard input and
# goes to the database as a parameter, never as a part of a command.
exec python3 -c '
import json, sqlite3, sys
prefix = json.load(sys.stdin)["prefix"]
database = sqlite3.connect("file:historian.db?mode=ro", uri=True)
rows = database.execute("SELECT DISTINCT tag FROM samples WHERE substr(tag, 1, ?) = ? ORDER BY tag",
                        (len(prefix), prefix))
print(json.dumps([tag for tag, in rows]))'
