#!/usr/bin/env python3
"""A job: adds two numbers, slowly enough to be watched.

The input is JSON on standard input, the result JSON on standard output. Lines of JSON on file
descriptor 3 are progress. Any other exit code than 0 fails the task with what stands on standard
error as its cause.
"""

import json
import os
import sys
import time

STEPS = 4


def progress(percent, message):
    os.write(3, json.dumps({"percent": percent, "message": message}).encode() + b"\n")


job = json.load(sys.stdin)
if not all(isinstance(job.get(key), (int, float)) for key in ("a", "b")):
    sys.exit(f"a and b must be numbers, but the input is {json.dumps(job)}")
for step in range(1, STEPS):
    time.sleep(float(os.environ.get("EXAMPLE_SECONDS", "2")) / STEPS)
    progress(100 * step // STEPS, f"step {step} of {STEPS}")
print(json.dumps({"sum": job["a"] + job["b"]}))
