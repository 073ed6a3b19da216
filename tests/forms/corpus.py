#!/usr/bin/env python3
"""Converts public spreadsheets with this program and with the reference converter, and compares what clients would see.

    python3 tests/forms/corpus.py --check 'target/debug/doorknock form check {file} --xform {out}' [--engine DIR] DIR...

Needs `pip install pyxform` (a development dependency; none of its files are in this repository). DIR... hold the spreadsheets: the
public test fixtures of pyxform (in its repository) and of rxform (in its package), and our own forms. `{files}` in the command stands for the
names of files that the form uses. With `--engine`, DIR is a folder in which `npm install @getodk/xforms-engine` was run: each of
our XForms is then opened in that engine too (tests/forms/engine.mjs).

Compared are paths, types of binds, kinds of controls and choices. Exit 0 if at least 95 % of those that pyxform converts agree.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
from xml.etree import ElementTree

# Rules of this program that forms of other projects need not keep.
OWN_RULES = ("entity list but doors", "submission_url", "public_key", "form_id", "bindings")
XF = "{http://www.w3.org/2002/xforms}"


def local(tag):
    return tag.rsplit("}", 1)[-1]


def reference(path):
    """The XForm that pyxform makes, or None."""
    from pyxform.xls2xform import convert

    try:
        return convert(str(path), validate=False).xform
    except Exception:  # a faulty form, or one that the converter does not know
        return None


def leaves(node, path, out):
    for child in node:
        here = f"{path}/{local(child.tag)}"
        out.add(here)
        leaves(child, here, out)


def shape(text):
    """Paths, type of each bind, control of each path, choices of each list."""
    root = ElementTree.fromstring(text)
    model = next(e for e in root.iter() if local(e.tag) == "model")
    instances = [e for e in model if local(e.tag) == "instance"]
    data = instances[0][0]
    paths = set()
    leaves(data, "/" + local(data.tag), paths)
    binds = {e.get("nodeset"): e.get("type") for e in model if local(e.tag) == "bind" and e.get("type")}
    controls = {}
    for element in root.iter():
        if local(element.tag) in ("input", "select1", "select", "upload", "trigger", "range", "rank"):
            controls[element.get("ref")] = local(element.tag)
    lists = {}
    for instance in instances[1:]:
        names = [e.text for e in instance.iter() if local(e.tag) == "name"]
        lists[instance.get("id")] = [n for n in names if n] or instance.get("src")
    return {"paths": paths, "types": binds, "controls": controls, "choices": lists}


def expressions(text):
    """Every expression of a bind, blanks squeezed."""
    root = ElementTree.fromstring(text)
    found = {}
    for element in root.iter(XF + "bind"):
        for name in ("relevant", "constraint", "calculate", "required", "readonly"):
            if element.get(name):
                found[element.get("nodeset"), name] = re.sub(r"\s+", "", element.get(name))
    return found


def files_of(text):
    """Names of files that an XForm uses."""
    named = re.findall(r"jr://[a-z-]+/([^<\"'&]+)", text) + [f"{n}.csv" for n in re.findall(r"search\(\s*['\"]([^'\"]+)", text)]
    return sorted({name for name in named if name != "-"})


def ours(command, path, out, files):
    out.unlink(missing_ok=True)
    words = []
    for word in command.split():
        words += files if word == "{files}" else [word.replace("{file}", str(path)).replace("{out}", str(out))]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", timeout=60)
    if done.returncode == 0 and out.exists():
        return out.read_text(encoding="utf-8"), ""
    return None, done.stderr.strip()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", required=True)
    parser.add_argument("--engine")
    parser.add_argument("dirs", nargs="+")
    given = parser.parse_args()
    sheets = sorted(p for d in given.dirs for p in pathlib.Path(d).rglob("*") if p.suffix.lower() in (".xlsx", ".xls", ".ods"))
    count = {"spreadsheets": len(sheets), "both": 0, "neither": 0, "only ours": 0, "only pyxform": 0, "refused by our own rules": 0, "same shape": 0, "same expressions": 0}
    differing, opened, failed = [], 0, []
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.xml"
        for path in sheets:
            theirs = reference(path)
            mine, said = ours(given.check, path, out, files_of(theirs or ""))
            if theirs is not None and mine is None and said and all(any(r in line for r in OWN_RULES) for line in said.splitlines()):
                count["refused by our own rules"] += 1
                continue
            key = {(True, True): "both", (False, False): "neither", (True, False): "only ours", (False, True): "only pyxform"}
            count[key[mine is not None, theirs is not None]] += 1
            if theirs is not None and mine is None:
                differing.append(f"{path.name}: not taken: {said.splitlines()[0] if said else '?'}")
            if mine is not None and theirs is not None:
                a, b = shape(mine), shape(theirs)
                wrong = [k for k in a if a[k] != b[k]]
                count["same shape"] += not wrong
                count["same expressions"] += expressions(mine) == expressions(theirs)
                if wrong:
                    differing.append(f"{path.name}: differs in {', '.join(wrong)}: {difference(a, b, wrong[0])}")
            if mine is not None and given.engine:
                script = pathlib.Path(__file__).with_name("engine.mjs")
                run = subprocess.run(["node", str(script), given.engine, str(out)], capture_output=True, encoding="utf-8", timeout=60)
                opened += run.returncode == 0
                if run.returncode:
                    failed.append(f"{path.name}: engine: {run.stderr.strip().splitlines()[-1] if run.stderr.strip() else '?'}")
    for line in differing + failed:
        print(line)
    for name, number in count.items():
        print(f"{name}: {number}")
    if given.engine:
        print(f"opened in the engine: {opened} of {count['both'] + count['only ours']}")
    wanted = count["both"] + count["only pyxform"]
    share = count["same shape"] / wanted if wanted else 1
    print(f"agree: {share:.1%} of {wanted} that pyxform converts")
    return 0 if share >= 0.95 else 1


def difference(a, b, key):
    if isinstance(a[key], set):
        return f"ours alone {sorted(a[key] - b[key])[:3]}, theirs alone {sorted(b[key] - a[key])[:3]}"
    names = [n for n in a[key].keys() | b[key].keys() if a[key].get(n) != b[key].get(n)]
    return "; ".join(f"{n}: {str(a[key].get(n))[:60]} / {str(b[key].get(n))[:60]}" for n in sorted(names, key=str)[:3])


if __name__ == "__main__":
    sys.exit(main())
