"""The interpreter and its expressions alone, beside npm packages that do the same under node."""
import json, pathlib, shutil, subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
DATA = ROOT / "tests" / "bench"


def run_json(*argv):
    """What a measuring program prints: one JSON line, its last."""
    done = subprocess.run([str(part) for part in argv], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(str(part) for part in argv)}: {done.stderr.strip()}")
    return json.loads(done.stdout.splitlines()[-1])


def transitions(binaries, seconds=0.5, figure=""):
    program = pathlib.Path(binaries) / "towline-bench-transitions"
    return run_json(program, DATA, seconds, *([figure] if figure else []))


def find_packages(arguments):
    """The folder whose node_modules the yardsticks stand in; None with one line that says why."""
    folder = pathlib.Path(arguments.packages or pathlib.Path(arguments.build) / "bench-npm")
    wanted = json.loads((DATA / "package.json").read_text())["dependencies"]
    absent = [program for program in ("node", "npm") if shutil.which(program) is None]
    if absent:
        print("no yardsticks, absolute figures only; install: "
              + " ".join({"node": "nodejs"}.get(program, program) for program in absent))
        return None
    if all((folder / "node_modules" / name).is_dir() for name in wanted):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(DATA / name, folder / name)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder,
                          capture_output=True, text=True)
    if done.returncode:
        why = (done.stderr.strip() or "no reason given").splitlines()[-1]
        print(f"no yardsticks, absolute figures only; npm cannot install "
              f"{' and '.join(wanted)}: {why}")
        return None
    return folder


def states(run):
    """Transitions, Parameters and Map; a loop and a Map against an interpreter in JavaScript."""
    for name, value in transitions(run.binaries, run.seconds / 5).items():
        run.note(name, value)
    if run.packages is None:
        return
    theirs = run_json("node", DATA / "machines.mjs", DATA / "machines.json", run.packages,
                      run.seconds)
    for name, value in theirs.items():
        run.note(f"node_{name}", value)
        run.ratio(name.replace("_per_s", "_vs_node"), name, f"node_{name}")


def jsonata(run):
    """One evaluation of a small, a medium and a large expression of states."""
    plan = DATA / "jsonata.json"
    ours = run_json(run.binaries / "towline-bench-jsonata", plan, run.seconds)
    theirs = None
    if run.packages is not None:
        theirs = run_json("node", DATA / "jsonata.mjs", plan, run.packages, run.seconds)
    for name, value in ours.items():
        run.note(f"jsonata_{name}_per_s", 1e6 / value["us"])
        if theirs is None:
            continue
        if theirs[name]["result"] != value["result"]:
            raise SystemExit(f"{plan}: {name} gives another result in node")
        run.note(f"node_jsonata_{name}_per_s", 1e6 / theirs[name]["us"])
        run.ratio(f"jsonata_{name}_vs_node", f"jsonata_{name}_per_s",
                  f"node_jsonata_{name}_per_s")
