"""What all kinds of conformance cases share: finding, running, judging, reporting."""

import json
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SKIPPED = 77


def fail(message):
    print(f"conformance: {message}", file=sys.stderr)
    sys.exit(2)


def driver(name, options):
    """The program that answers cases: as told, from $TOWLINE_BUILD, or the newest built one."""
    if options.driver:
        return options.driver
    if os.environ.get("TOWLINE_BUILD"):
        return str(Path(os.environ["TOWLINE_BUILD"], "bin", name))
    built = sorted(ROOT.glob("build/*/bin/" + name), key=lambda path: path.stat().st_mtime)
    if not built:
        fail(f"no {name} under build/*/bin; build it: ninja -C build/dev {name}")
    return str(built[-1])


def ask(command, lines, cases):
    """Gives the driver one line per case; one answer per case comes back, in order."""
    try:
        done = subprocess.run(command, input="".join(lines), stdout=subprocess.PIPE, text=True,
                              encoding="utf-8", check=False)
    except OSError as error:
        fail(f"cannot run {command[0]}: {error.strerror}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    if len(answers) < len(cases):
        fail(f"{Path(command[0]).name} ended with status {done.returncode} in case "
             f"{cases[len(answers)]['id']}")
    return answers


def corpus(name):
    shared = os.environ.get("TOWLINE_SHARED") or ROOT.parent / "shared"
    return Path(shared, "conformance", name)


def read_cases(path):
    try:
        with open(path, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines if line.strip()]
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror}")
    except ValueError as error:
        fail(f"{path} is not JSON lines: {error}")


def exceptions(kind):
    """The listed cases of {kind}_exceptions.txt: id, two spaces, reason."""
    reasons = {}
    path = HERE / f"{kind}_exceptions.txt"
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, reason = line.partition("  ")
            reasons[name] = reason.strip()
    return reasons


def show(results, differences_max):
    for result in results:
        print("FAILED " + result["id"])
        for difference in result["differences"][:differences_max]:
            print("    " + difference)


def judge(kind, results):
    """Failures must be listed, and what is listed must fail."""
    reasons = exceptions(kind)
    unlisted = [r for r in results if not r["passed"] and r["id"] not in reasons]
    show(unlisted, 5)
    stale = [r["id"] for r in results if r["passed"] and r["id"] in reasons]
    for name in stale:
        print(f"PASSES though listed in {kind}_exceptions.txt: {name}")
    unknown = set(reasons) - {result["id"] for result in results}
    for name in sorted(unknown):
        print(f"listed in {kind}_exceptions.txt, but not a case of the suite: {name}")
    return 1 if unlisted or stale or unknown else 0


def run(kind, module, options):
    """Runs the cases of `module` and returns the exit code."""
    paths = [Path(options.file)] if options.file else [corpus(name) for name in module.CORPUS]
    missing = [path for path in paths if not path.exists()]
    if options.suite and missing:
        print(f"conformance: skipped, there is no corpus at {missing[0]} (set TOWLINE_SHARED)")
        return SKIPPED
    if not options.file and not options.suite:
        fail("which FILE? (or --suite)")
    cases = [case for path in paths for case in read_cases(path)]
    if options.suite:
        cases = [case for case in cases if module.in_suite(case)]
    if options.only:
        cases = [case for case in cases if options.only in case["id"]]
    results = [{"id": case["id"], "passed": not differences, "differences": differences}
               for case, differences in zip(cases, module.differences(cases, options))]
    failed = [result for result in results if not result["passed"]]
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if options.list_failures or options.only:
        show(failed, 8)
    status = 1 if failed else 0
    if options.suite and not options.only:
        status = judge(kind, results)
    print(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    return status
