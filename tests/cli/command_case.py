"""What the tests of `towline` against a live server share: one installation for all of them, and
the commands that have been tried."""

import json
import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "integration"))

from harness import BIN, PATIENCE, Installation  # noqa: E402

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
FAIL = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Site.Fire", "Cause": "hall 2"}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}
ADD = {"StartAt": "Add", "States": {"Add": {
    "Type": "Task", "Resource": "arn:towline:states:::job:run", "TimeoutSeconds": 240,
    "Parameters": {"JobType": "add-numbers", "Payload.$": "$"}, "End": True}}}
VANISH = {"StartAt": "Vanish", "States": {"Vanish": {
    "Type": "Task", "Resource": "arn:towline:states:::job:run", "TimeoutSeconds": 240,
    "Parameters": {"JobType": "vanish", "Payload.$": "$"}, "End": True}}}
PAINT = {"StartAt": "P", "States": {"P": {
    "Type": "Task", "Resource": "arn:towline:states:local:default:activity:paint",
    "TimeoutSeconds": 240, "End": True}}}
BROKEN = '{\n  "StartAt": "A",\n  "States": {"A": {"Type": "Pass", "Next": "B"}}\n}\n'

on = Installation()
tried = set()


class CommandTest(unittest.TestCase):
    maxDiff = None

    def towline(self, *arguments, code=0, stdin="", env=None, patience=PATIENCE):
        """Runs it; the exit code must be `code`."""
        words = [str(a) for a in arguments]
        tried.update((words[0], " ".join(words[:2])))
        done = subprocess.run([str(BIN / "towline"), *words], input=stdin, capture_output=True,
                              text=True, timeout=patience, cwd=on.folder,
                              env={**os.environ, "TOWLINE_SERVER": on.address, **(env or {})})
        self.assertEqual(done.returncode, code, f"towline {words}: {done.stdout}{done.stderr}")
        if code > 1:
            self.assertRegex(done.stderr, r"\Atowline: [^\n]+\n\Z", "one line says why")
            self.assertEqual(done.stdout, "", "results only on standard output")
        return done

    def json(self, *arguments, **options):
        done = self.towline(*arguments, "--json", **options)
        self.assertEqual(done.stdout.count("\n"), 1, "one line for programs")
        return json.loads(done.stdout)

    def rows(self, *arguments, **options):
        """A table: its head and its rows, cells by the columns of the head."""
        lines = self.towline(*arguments, **options).stdout.splitlines()
        starts = [m.start() for m in re.finditer(r"\S+(?: \S+)*", lines[0])]
        ends = starts[1:] + [None]
        cells = [[line[a:b].strip() for a, b in zip(starts, ends)] for line in lines]
        return cells[0], cells[1:]

    def write(self, name, text):
        path = on.folder / name
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        return path
