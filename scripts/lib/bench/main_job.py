"""The main benchmark: whole executions of one job and of ten, against the yardstick."""
import pathlib, shutil, signal, statistics, tempfile, time

from bench.interpreter import transitions
from bench.processes import Processes, cpu_seconds, status
from bench.towline import Towline
from bench.yardstick import Yardstick, find


def directory_bytes(folder):
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def waiting(towline, count, figures):
    """Many executions that wait for a callback; then kill -9 and the way back."""
    towline.processes.stop(towline.server)  # checkpoints the WAL
    before = directory_bytes(towline.folder / "data")
    towline.start_server()
    started = towline.load("waiting", "start", count, 256, '{"a":1,"b":2}')
    figures["waiting_started_per_s"] = started["per_s"]
    time.sleep(5)
    figures["waiting_rss_mb"] = status(towline.server.pid, "VmRSS") / 1024
    towline.processes.stop(towline.server)
    figures["waiting_disk_bytes"] = (directory_bytes(towline.folder / "data") - before) / count
    towline.start_server()
    time.sleep(3)
    towline.processes.stop(towline.server, signal.SIGKILL)
    began = time.time()
    towline.start_server()
    ready = time.time()
    towline.cli("start", "w1", "--input", '{"a":1,"b":2}', "--wait")
    figures["recovery_ms"] = (time.time() - began) * 1000
    figures["recovery_ready_ms"] = (ready - began) * 1000


def measure(arguments):
    processes, figures, rounds = Processes(), {}, {}
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="towline-bench-"))
    binaries = pathlib.Path(arguments.build).resolve() / "bin"

    def note(name, value):
        rounds.setdefault(name, []).append(value)
        figures[name] = statistics.median(rounds[name])

    try:
        source = find(arguments)
        yardstick = Yardstick(processes, source, scratch / "skeleton") if source else None
        towline = Towline(processes, binaries, scratch / "towline")
        time.sleep(5)
        for name, process in (("server", towline.server), ("worker", towline.worker)):
            busy = cpu_seconds(process.pid)
            time.sleep(5)
            figures[f"idle_{name}_rss_mb"] = status(process.pid, "VmRSS") / 1024
            figures[f"idle_{name}_cpu_percent"] = (cpu_seconds(process.pid) - busy) / 5 * 100
        for _ in range(arguments.rounds):
            for name, expected in (("w1", '{"sum":3}'), ("w2", '{"sum":21}')):
                ours = towline.load(name, "closed", 512, arguments.seconds, '{"a":1,"b":2}',
                                    expected)
                note(f"{name}_per_s", ours["per_s"])
                if yardstick:
                    theirs = yardstick.load(name, "closed", 512, arguments.seconds)
                    note(f"skeleton_{name}_per_s", theirs["per_s"])
            ours = towline.load("w1", "open", 20, arguments.seconds * 2, '{"a":1,"b":2}',
                                '{"sum":3}')
            note("w1_p50_ms", ours["p50_ms"])
            note("w1_p99_ms", ours["p99_ms"])
            if yardstick:
                theirs = yardstick.load("w1", "open", 20, arguments.seconds * 2)
                note("skeleton_w1_p50_ms", theirs["p50_ms"])
                note("skeleton_w1_p99_ms", theirs["p99_ms"])
            exec_ = towline.load("w1exec", "closed", 16, arguments.seconds, "{}", '{"sum":3}')
            note("w1_exec_per_s", exec_["per_s"])
            note("transitions_per_s", transitions(binaries)["transitions_per_s"])
        if yardstick:
            for ours, theirs in (("w1_per_s", "w1_vs_skeleton"), ("w2_per_s", "w2_vs_skeleton"),
                                 ("w1_p50_ms", "w1_p50_vs_skeleton"),
                                 ("w1_p99_ms", "w1_p99_vs_skeleton")):
                figures[theirs] = figures[ours] / figures[f"skeleton_{ours}"]
        if arguments.waiting:
            waiting(towline, arguments.waiting, figures)
        shutil.rmtree(scratch, ignore_errors=True)
    finally:
        processes.stop_all()
    return figures
