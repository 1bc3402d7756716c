"""Programs that answer one line of JSON for each line of JSON: the reference and our driver."""

import json
import queue
import subprocess
import threading

ANSWER_SECONDS_MAX = 20


def encode(case):
    question = {"expr": case["expr"]}
    if "data" in case:
        question["data"] = case["data"]
    return (json.dumps(question) + "\n").encode()


class Answerer:
    """One program, started again after a case at which it dies or falls silent."""

    def __init__(self, command):
        self.command = command
        self.process = None
        self.lines = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, args=(self.process, self.lines), daemon=True).start()

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @staticmethod
    def read(process, lines):
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    @staticmethod
    def write(process, cases):
        try:
            for case in cases:
                process.stdin.write(encode(case))
            process.stdin.flush()
        except OSError:
            pass  # it has died: the reader tells

    def next(self):
        """The next answer, or {"lost"} with the reason."""
        try:
            line = self.lines.get(timeout=ANSWER_SECONDS_MAX)
        except queue.Empty:
            return {"lost": f"no answer within {ANSWER_SECONDS_MAX} s"}
        if line is None:
            return {"lost": f"exit code {self.process.wait()}"}
        # A lone surrogate may come as the three bytes that its number has in UTF-8.
        return json.loads(line.decode("utf-8", "surrogatepass"))

    def ask(self, cases):
        """An answer for each case."""
        answers = []
        while len(answers) < len(cases):
            if self.process is None:
                self.start()
            rest = cases[len(answers):]
            threading.Thread(target=self.write, args=(self.process, rest), daemon=True).start()
            for _ in rest:
                answers.append(self.next())
                if "lost" in answers[-1]:
                    self.stop()
                    break
        return answers


def ask_all(answerers, cases):
    """The answers of each, all at work at the same time."""
    found = [None] * len(answerers)

    def work(index):
        found[index] = answerers[index].ask(cases)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(answerers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
