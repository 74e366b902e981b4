#!/usr/bin/env python3
"""Runs clang-tidy over a build's compile_commands.json, a file for each processor at a time.

The static analyzer follows calls in full depth where bytes from outside are read (codec, net) and
in the pool; in app it stays inside functions, which takes a third of the time. A file that passed
is not checked again until it, a header of ours that it includes, its command line or .clang-tidy
changes. Usage: tidy.py BUILD_DIRECTORY [FILE_PART...]
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = "clang-tidy-14"
SHALLOW = [f"--extra-arg={arg}"
           for arg in ("-Xclang", "-analyzer-config", "-Xclang", "mode=shallow")]
INCLUDE = re.compile(rb'^\s*#\s*include\s*"([^"]+)"', re.M)


def closure(path, seen):
    """All files of ours that `path` includes, itself included."""
    if path in seen or not path.is_file():
        return
    seen.add(path)
    for name in INCLUDE.findall(path.read_bytes()):
        for base in (ROOT, path.parent):
            closure((base / name.decode()).resolve(), seen)


def key_of(entry, tool_version):
    digest = hashlib.sha256(tool_version + (ROOT / ".clang-tidy").read_bytes())
    digest.update(" ".join(depth_of(entry["file"])).encode())
    digest.update(entry["command"].replace(str(ROOT), "").encode())
    seen = set()
    closure(pathlib.Path(entry["file"]), seen)
    for path in sorted(seen):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


def depth_of(file):
    return SHALLOW if pathlib.Path(file).relative_to(ROOT).parts[0] == "app" else []


def check(build, entry):
    result = subprocess.run([TOOL, "--quiet", "-p", str(build), *depth_of(entry["file"]),
                             entry["file"]],
                            capture_output=True, text=True, check=False)
    return entry["file"], result.returncode, result.stdout


def main():
    build = pathlib.Path(sys.argv[1])
    wanted = sys.argv[2:]
    cache_home = os.environ.get("XDG_CACHE_HOME", str(pathlib.Path.home() / ".cache"))
    cache = pathlib.Path(cache_home) / "tapeline" / "tidy"
    cache.mkdir(parents=True, exist_ok=True)
    version = subprocess.run([TOOL, "--version"], capture_output=True, check=True).stdout
    entries = {e["file"]: e for e in json.loads((build / "compile_commands.json").read_text())
               if "verify_interface" not in e["file"]}
    if wanted:
        entries = {file: e for file, e in entries.items()
                   if pathlib.Path(file).relative_to(ROOT).parts[0] in wanted}
    keys = {file: key_of(e, version) for file, e in entries.items()}
    stale = [e for file, e in sorted(entries.items())
            if not (cache / keys[file]).exists()]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for file, code, output in pool.map(lambda e: check(build, e), stale):
            if code == 0:
                (cache / keys[file]).touch()
            else:
                failed += 1
                print(output, flush=True)
    print(f"clang-tidy: {len(entries)} files, {len(stale)} checked, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
