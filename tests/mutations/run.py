#!/usr/bin/env python3
"""Breaks the service on purpose, one way at a time, and shows which tests notice.

All mutations are built into one scratch copy at once, each behind a switch that an environment variable turns on, so one
build serves every run. Writes docs/mutations.md; with names, only their rows. Exit 1 when a mutation is not noticed, or when a test fails without any.

    python3 tests/mutations/run.py [NAME…]
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPY = ROOT / "target" / "mutations"
SWITCH = """
/// Whether this way of breaking the service is asked for; stands in the scratch copy of the mutation run only.
pub fn mutation(n: u32) -> bool {
    static ASKED: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *ASKED.get_or_init(|| std::env::var("DOORKNOCK_MUTATION").ok().and_then(|v| v.parse().ok()).unwrap_or(0)) == n
}
"""


def copy_tree():
    """The sources as git knows them, into the scratch copy; files that did not change keep their time."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
    for name in filter(None, names):
        source, target = ROOT / name, COPY / "tree" / name
        if not source.is_file():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        yield name, source, target


def mutated(table):
    """Contents of the files that mutations change."""
    texts = {}
    for number, m in enumerate(table, 1):
        text = texts.get(m["file"]) or (ROOT / m["file"]).read_text()
        found = text.count(m["find"])
        if found != 1:
            sys.exit(f"{m['name']}: its place stands {found} times in {m['file']}")
        on = re.sub(r"\bON\b", f"crate::mutation({number})", m["with"])
        texts[m["file"]] = text.replace(m["find"], on)
    texts["src/lib.rs"] = (ROOT / "src/lib.rs").read_text() + SWITCH
    return texts


def build(table):
    texts = mutated(table)
    for name, source, target in copy_tree():
        content = texts[name].encode() if name in texts else source.read_bytes()
        if not target.exists() or target.read_bytes() != content:
            target.write_bytes(content)
            shutil.copymode(source, target)
    command = [os.environ.get("CARGO", "cargo"), "test", "--locked", "--test", "it", "--no-run", "--target-dir", str(COPY / "target")]
    done = subprocess.run(command, cwd=COPY / "tree", stderr=subprocess.PIPE, text=True)
    found = re.search(r"Executable .*\((.+)\)", done.stderr)
    if done.returncode or not found:
        sys.exit(done.stderr[-4000:])
    path = pathlib.Path(found.group(1))
    return path if path.is_absolute() else COPY / "tree" / path


def run(binary, number, filters):
    env = {**os.environ, "DOORKNOCK_MUTATION": str(number), "DOORKNOCK_FAULT_RUNS": "2", "RUST_BACKTRACE": "0"}
    began = time.monotonic()
    try:
        done = subprocess.run([binary, "--test-threads", "2", *filters], cwd=COPY / "tree", env=env, capture_output=True, text=True, timeout=600)
        text, late = done.stdout, False
    except subprocess.TimeoutExpired as error:
        text, late = (error.stdout or b"").decode(), True
    failed = sorted(set(re.findall(r"^test (\S+) \.\.\. FAILED", text, re.M)) | set(re.findall(r"^    (\w+(?:::\w+)+)$", text, re.M)))
    ran = re.search(r"(\d+) passed", text)
    if late and not failed:
        failed = ["(does not end within ten minutes)"]
    return failed, int(ran.group(1)) + len(failed) if ran else len(failed), time.monotonic() - began


def write_page(table, rows):
    """The table of docs/mutations.md; what did not run now stands as it was found before."""
    page = ROOT / "docs" / "mutations.md"
    earlier = re.findall(r"^\| \d+ \| (.+?) \| `.+?` \| (.+) \|$", page.read_text(), re.M) if page.exists() else []
    found = {**dict(earlier), **rows}
    lines = [f"| {n} | {m['name']} | `{m['file']}` | {found.get(m['name'], 'not run yet')} |" for n, m in enumerate(table, 1)]
    page.write_text(
        "# Broken on purpose\n\n"
        "What `make mutations` found when it was last run: the service broken in one way at a time, and the tests of `tests/it`\n"
        "that noticed. The ways are in `tests/mutations/mutations.toml`.\n\n"
        "| | the service, broken so that | where | noticed by |\n|---|---|---|---|\n" + "\n".join(lines) + "\n"
    )


def main():
    table = tomllib.loads((ROOT / "tests/mutations/mutations.toml").read_text())["mutation"]
    asked = sys.argv[1:]
    binary = build(table)
    everything = sorted({f for m in table if not asked or m["name"] in asked for f in m["tests"]})
    failed, ran, took = run(binary, 0, everything)
    print(f"unbroken: {ran} tests, {len(failed)} failed, {took:.0f} s", flush=True)
    if failed:
        sys.exit("these fail without any mutation: " + ", ".join(failed))
    rows, missed = {}, []
    for number, m in enumerate(table, 1):
        if asked and m["name"] not in asked:
            continue
        failed, ran, took = run(binary, number, m["tests"])
        print(f"{'caught' if failed else 'MISSED':7} {m['name']}: {len(failed)} of {ran} tests, {took:.0f} s {failed[:3]}", flush=True)
        if not failed:
            missed.append(m["name"])
        shown = ", ".join(f"`{name}`" for name in failed[:3]) + (f" and {len(failed) - 3} more" if len(failed) > 3 else "")
        rows[m["name"]] = shown or "**nobody**"
    write_page(table, rows)
    print(f"{len(rows)} mutations, {len(missed)} missed")
    sys.exit(1 if missed else 0)


main()
