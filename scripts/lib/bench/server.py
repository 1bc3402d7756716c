"""What one server does with very large executions: a Distributed Map, and a loop without an end."""
import json, pathlib, shutil, tempfile, threading, time

from bench.interpreter import run_json
from bench.processes import Processes, status
from bench.towline import JOB, Towline

CHILDREN = 100_000
LOOP = 500_000  # twice as many transitions
SITE_WIDTH = 40  # characters

SITES = {"StartAt": "Sites", "States": {"Sites": {
    "Type": "Map", "ItemReader": {
        "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSONL"},
        "Parameters": {"Bucket": "bench", "Key": "items.jsonl"}},
    "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Add", "States": {"Add": {
            **JOB, "Parameters": {"JobType": "add-numbers", "Payload.$": "$"}, "End": True}}},
    "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject",
                     "Parameters": {"Bucket": "bench", "Prefix": "out"}}, "End": True}}}
COUNT = {"StartAt": "More", "States": {
    "More": {"Type": "Choice", "Choices": [
        {"Variable": "$.n", "NumericLessThan": LOOP, "Next": "Add"}], "Default": "Done"},
    "Add": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "More"},
    "Done": {"Type": "Succeed"}}}


class Watched:
    """The resident memory of a process while something runs, in MB: at a tenth of it, and most."""

    def __init__(self, process):
        self.process, self.samples, self.over = process, [], threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.over.wait(0.1):
            self.samples.append(status(self.process.pid, "VmRSS") / 1024)

    def __enter__(self):
        self.began = time.time()
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.seconds = time.time() - self.began
        self.over.set()
        self.thread.join()

    def early(self):
        return max(self.samples[:max(1, len(self.samples) // 10)])

    def most(self):
        return max(self.samples)


def create(towline, name, definition):
    path = towline.folder / f"{name}.asl.json"
    path.write_text(json.dumps(definition))
    towline.cli("machine", "create", name, path)


def with_server(run, measure):
    processes = Processes()
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="towline-bench-"))
    try:
        measure(Towline(processes, run.binaries, scratch / "towline"))
    finally:
        processes.stop_all()
        shutil.rmtree(scratch, ignore_errors=True)


def distributed(run):
    """A Distributed Map of 100,000 children with a job each, from a file and into files."""
    def measure(towline):
        bucket = towline.folder / "data" / "objects" / "bench"
        bucket.mkdir(parents=True)
        with open(bucket / "items.jsonl", "w") as items:
            for i in range(CHILDREN):
                row = {"a": i, "b": 1, "site": f"plant-{i}".ljust(SITE_WIDTH)}
                items.write(json.dumps(row) + "\n")
        create(towline, "sites", SITES)
        w1 = towline.load("w1", "closed", 512, run.seconds * 3, '{"a":1,"b":2}', '{"sum":3}')
        with Watched(towline.server) as server:
            towline.cli("start", "sites", "--wait")
        run.note("children_per_s", CHILDREN / server.seconds)
        run.note("children_w1_per_s", w1["per_s"])
        run.ratio("children_vs_w1", "children_per_s", "children_w1_per_s")
        run.note("children_rss_mb", server.most())
    with_server(run, measure)


def million(run):
    """A loop of a million transitions in one execution, and every page of its history."""
    def measure(towline):
        create(towline, "count", COUNT)
        with Watched(towline.server) as server:
            towline.cli("start", "count", "--name", "one", "--input", '{"n":0}', "--wait")
        run.note("million_transitions_per_s", 2 * LOOP / server.seconds)
        run.note("million_rss_mb", server.most())
        run.note("million_rss_growth_mb", server.most() - server.early())
        pages = run_json(run.binaries / "towline-bench-history", towline.address, "count/one")
        run.note("million_history_events", pages["events"])
        run.note("million_history_page_p50_ms", pages["p50_ms"])
        run.note("million_history_page_max_ms", pages["max_ms"])
    with_server(run, measure)
