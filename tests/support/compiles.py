#!/usr/bin/env python3
"""Checks that sources compile, without building them: compiles.py BUILD_DIRECTORY FOLDER..."""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def check(entry):
    command = entry["command"].replace(" -flto=auto", "") + " -fsyntax-only"
    return subprocess.run(command, shell=True, cwd=entry["directory"], check=False).returncode


def main():
    folders = [str(ROOT / folder) + "/" for folder in sys.argv[2:]]
    entries = [entry for entry in json.loads(
        (pathlib.Path(sys.argv[1]) / "compile_commands.json").read_text())
               if entry["file"].startswith(tuple(folders))]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        failed = sum(code != 0 for code in pool.map(check, entries))
    print(f"compiles: {len(entries)} files, {failed} do not")
    return 1 if failed or not entries else 0


if __name__ == "__main__":
    sys.exit(main())
