"""What the tests of `tapeline decode` share: running it, and reading what it wrote."""

import datetime
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
from decimal import Decimal

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "tests/data"
SESSION = DATA / "session.pcap"
TIMEOUT_S = 60
EPOCH = datetime.datetime(1970, 1, 1)


def nanoseconds(text):
    """Of an ISO time in UTC with nanoseconds."""
    whole, fraction = text.rstrip("Z").split(".")
    seconds = datetime.datetime.fromisoformat(whole) - EPOCH
    return (seconds.days * 86400 + seconds.seconds) * 10**9 + int(fraction)


class DecodeTest(unittest.TestCase):
    program = ""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tapeline-decode-"))
        self.addCleanup(shutil.rmtree, self.folder, True)

    def run_decode(self, *arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE):
        return subprocess.run([self.program, "decode", *map(str, arguments)], stdin=stdin,
                              stdout=stdout, stderr=subprocess.PIPE, text=True, cwd=self.folder,
                              timeout=TIMEOUT_S, check=False)

    def decode(self, *arguments):
        """What it writes, when all is well and there is nothing to be told."""
        result = self.run_decode(*arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def rows(self, *arguments):
        return [json.loads(line, parse_float=Decimal)
                for line in self.decode(*arguments, "--format", "json").splitlines()]

    def refuse(self, exit_code, *arguments):
        """The one line on stderr of a command that does not do its work."""
        result = self.run_decode(*arguments)
        lines = result.stderr.splitlines()
        self.assertEqual((result.returncode, len(lines)), (exit_code, 1), result.stderr)
        self.assertTrue(lines[0].startswith("tapeline: "), lines[0])
        return lines[0]

    def write(self, name, content):
        (self.folder / name).write_bytes(content)
        return self.folder / name


def main():
    """Runs the tests of the program that is called: TEST.py PATH_OF_TAPELINE [arguments]."""
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} PATH_OF_TAPELINE [unittest arguments]")
    DecodeTest.program = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main(module="__main__", verbosity=1)
