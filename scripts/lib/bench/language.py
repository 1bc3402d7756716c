"""The figures of the language: expressions, states, Maps."""
import pathlib, statistics

from bench import interpreter, server

# What each figure must reach.
TARGETS = {"transitions_per_s": (">=", 2_000_000), "parameters_states_per_s": (">=", 400_000),
           "map_iterations_per_s": (">=", 300_000), "loop_transitions_vs_node": (">=", 40),
           "map_iterations_vs_node": (">=", 10), "jsonata_E1_vs_node": (">=", 10),
           "jsonata_E2_vs_node": (">=", 10), "jsonata_E3_vs_node": (">=", 10),
           "children_vs_w1": (">=", 0.7), "children_rss_mb": ("<=", 150),
           "million_rss_growth_mb": ("<=", 10), "million_history_page_max_ms": ("<=", 50)}

# Measured in turn in every round, so that all see the same noise: functions of a Run.
ROUNDS = {"states": interpreter.states, "jsonata": interpreter.jsonata}
# Measured once: they take long, and have their yardsticks inside.
ONCE = {"distributed": server.distributed, "million": server.million}
SECTIONS = {**ROUNDS, **ONCE}


class Run:
    """Where to find the programs, how long to measure, and what came out: medians of the rounds."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.binaries = pathlib.Path(arguments.build).resolve() / "bin"
        self.seconds = arguments.seconds
        self.packages = interpreter.find_packages(arguments)
        self.figures, self.rounds, self.ratios = {}, {}, {}

    def note(self, name, value):
        self.rounds.setdefault(name, []).append(value)
        self.figures[name] = statistics.median(self.rounds[name])

    def ratio(self, name, ours, theirs):
        """Of two noted figures, of their medians."""
        self.figures[name] = self.figures[ours] / self.figures[theirs]


def measure(arguments):
    run = Run(arguments)
    wanted = arguments.only or SECTIONS
    for _ in range(arguments.rounds):
        for name in ROUNDS:
            if name in wanted:
                ROUNDS[name](run)
    for name in ONCE:
        if name in wanted:
            ONCE[name](run)
    return run.figures


def verdict(name, value):
    """What the figure must reach and whether it does; empty for those that are only recorded."""
    if name not in TARGETS:
        return ""
    relation, bound = TARGETS[name]
    reached = value >= bound if relation == ">=" else value <= bound
    return f"  {relation} {bound:,}" + ("" if reached else "  MISSED")
