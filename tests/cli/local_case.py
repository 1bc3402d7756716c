"""What the tests of commands share that need no server."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

BIN = Path(os.environ["TOWLINE_BIN"])


class LocalCase(unittest.TestCase):
    """A folder of its own, and `towline` run there, where there is no server."""
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="towline-test-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name, value):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        return path

    def towline(self, *arguments, code=0):
        """Runs it; the exit code must be `code`."""
        words = [str(a) for a in arguments]
        done = subprocess.run([BIN / "towline", *words], capture_output=True, text=True, timeout=60,
                              cwd=self.folder, check=False,
                              env={**os.environ, "TOWLINE_SERVER": "127.0.0.1:1"})
        self.assertEqual(done.returncode, code, f"towline {words}: {done.stdout}{done.stderr}")
        return done
