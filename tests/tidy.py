#!/usr/bin/env python3
"""The house rules that a machine can check: who may include whom, sizes, banned words, dead files.

  tests/tidy.py              checks the tree it stands in; one line per finding, exit 1 if any
  tests/tidy.py --self-test  plants one violation of each rule in a scratch tree and finds it
"""

import ast
import os
import re
import sys
import tempfile
from pathlib import Path

COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 70
CODE_LINES_MAX = 400
TEST_LINES_MAX = 600

# Packages, by how an #include of them begins.
PACKAGES = {
    "boost_json": ("boost/json",),
    "curl": ("curl/",),
    "cxxopts": ("cxxopts",),
    "gtest": ("gtest/", "gmock/"),
    "grpc": ("grpc/", "grpcpp/", "grpc++/"),
    "icu": ("unicode/",),
    "mosquitto": ("mosquitto",),
    "openssl": ("openssl/",),
    "pcre2": ("pcre2",),
    "postgres": ("libpq-fe.h", "libpq/", "postgresql/"),
    "protobuf": ("google/",),
    "pugixml": ("pugixml",),
    "spdlog": ("spdlog/", "fmt/"),
    "sqlite": ("SQLiteCpp/", "sqlite3"),
    "tomlpp": ("toml++/", "toml.hpp"),
    "zlib": ("zlib.h",),
    "zstd": ("zstd.h",),
    "boost_other": ("boost/",),
}

CORE = "statemachines/"
BASE = CORE + "base/"
LOG = BASE + "log.h"
API_PROTOS = "proto/towline/v1/"
STORED_PROTOS = "proto/stored/"
BLOBS = "orchestrator/blobs/"
STORE_SEAMS = ("orchestrator/store/store.h", "orchestrator/store/event_codec.h",
               "orchestrator/store/map_run_codec.h", "orchestrator/store/spec_codec.h")

# Room: (path prefixes it may include besides its own, packages it may use). A room includes what
# stands below it, never above. LOG is not part of BASE here: the core never logs.
ROOMS = {
    CORE + "base": ((), ("boost_json", "openssl")),
    CORE + "jsonpath": ((BASE,), ("boost_json", "openssl")),
    CORE + "jsonata": ((BASE,), ("boost_json", "icu", "pcre2")),
    CORE + "asl": ((BASE, CORE + "jsonpath/", CORE + "jsonata/"), ("boost_json",)),
    CORE + "interpreter": (
        (BASE, CORE + "jsonpath/", CORE + "jsonata/", CORE + "asl/"), ("boost_json",)),
    CORE + "mapdata": ((BASE,), ("boost_json", "zlib", "zstd")),
    CORE + "teststate": (
        (BASE, CORE + "jsonpath/", CORE + "jsonata/", CORE + "asl/", CORE + "interpreter/",
         CORE + "mapdata/"), ("boost_json",)),
    "proto/jobs": ((BASE, LOG), ("boost_json", "mosquitto", "openssl")),
    "proto/pki": ((BASE,), ("openssl",)),
    "net": ((BASE,), ("curl",)),
    "orchestrator/objects": (
        (BASE, LOG, CORE + "mapdata/", "net/"), ("boost_json", "openssl", "pugixml")),
    "orchestrator/store": (
        (BASE, LOG, CORE + "asl/", CORE + "interpreter/", STORED_PROTOS),
        ("boost_json", "sqlite", "protobuf")),
    "orchestrator/blobs": ((BASE,), ()),
    "orchestrator/engine": (
        (BASE, LOG, BLOBS, CORE + "asl/", CORE + "interpreter/") + STORE_SEAMS,
        ("boost_json", "openssl")),
    "orchestrator/logs": (
        (BASE, LOG, "orchestrator/engine/tokens.h", "orchestrator/engine/watch.h",
         "orchestrator/store/store.h", "orchestrator/store/sqlite_connection.h"), ()),
    "orchestrator/dispatch": (
        (BASE, LOG, BLOBS, "orchestrator/engine/", "orchestrator/logs/log_sink.h", "proto/jobs/") +
        STORE_SEAMS, ("boost_json",)),
    "orchestrator/children": (
        (BASE, LOG, BLOBS, CORE + "asl/", CORE + "interpreter/", CORE + "mapdata/",
         "orchestrator/engine/", "orchestrator/objects/") + STORE_SEAMS, ("boost_json",)),
    "orchestrator/local": (
        (BASE, CORE + "asl/", CORE + "interpreter/", "orchestrator/engine/",
         "orchestrator/children/", "orchestrator/objects/") + STORE_SEAMS, ("boost_json",)),
    "orchestrator/api": (
        (BASE, LOG, BLOBS, CORE + "asl/", CORE + "interpreter/", CORE + "teststate/",
         "orchestrator/engine/", "orchestrator/dispatch/", "orchestrator/logs/logs.h",
         "proto/jobs/topics.h", "proto/jobs/invitation.h", "proto/pki/", API_PROTOS) + STORE_SEAMS,
        ("boost_json", "grpc", "protobuf", "openssl")),
    "orchestrator/api/https": (
        (BASE, LOG, BLOBS, "orchestrator/api/", "proto/jobs/topics.h", "proto/pki/"),
        ("boost_json", "boost_other", "openssl")),
    "orchestrator": (
        (CORE, LOG, "proto/", "net/", "orchestrator/"),
        ("boost_json", "cxxopts", "tomlpp", "grpc")),
    "worker/sdk": ((BASE,), ("boost_json",)),
    "worker/handlers": (
        (BASE, "proto/jobs/json_text.h", "net/", "worker/sdk/"),
        ("boost_json", "sqlite", "postgres")),
    "examples/own-handler": (("worker/agent_main.h", "worker/sdk/"), ("boost_json",)),
    "worker": ((BASE, LOG, "proto/jobs/", "proto/pki/certificates.h", "net/"),
               ("boost_json", "sqlite", "cxxopts", "tomlpp", "pcre2", "openssl")),
    "cli": (
        (BASE, CORE, API_PROTOS, "orchestrator/local/", "orchestrator/objects/local_store.h",
         "proto/jobs/mqtt_probe.h", "proto/pki/"),
        ("boost_json", "grpc", "protobuf", "cxxopts")),
}
# Single files whose purpose is the package.
FILE_PACKAGES = {BASE + "log.cc": ("spdlog",), "orchestrator/api/audit.cc": ("spdlog",)}

# The core knows no thread, file, socket, clock or random number.
IMPURE_HEADERS = {
    "thread", "mutex", "shared_mutex", "condition_variable", "future", "atomic", "fstream",
    "iostream", "filesystem", "random", "unistd.h", "fcntl.h", "pthread.h", "sys/socket.h",
    "sys/stat.h", "sys/time.h", "ctime", "time.h",
}
IMPURE_WORDS = re.compile(
    r"\b(?:system_clock|steady_clock|high_resolution_clock)::now\b|\bstd::random_device\b"
    r"|\bgetenv\s*\(|\bfopen\s*\(")

BANNED = (
    (re.compile(r"\b(?:TODO|FIXME|XXX)\b"), "a promise: do it or write an issue"),
    (re.compile(r"\bstd::thread\b"), "std::jthread joins by itself"),
    (re.compile(r"\bsleep_(?:for|until)\b|\busleep\s*\(|\bnanosleep\s*\("),
     "nothing sleeps: wait for the event itself, with a deadline"),
    (re.compile(r"[.>]detach\s*\("), "a detached thread outlives its owner"),
)

SKIPPED_FOLDERS = {".git", "build", "node_modules", ".towline", "__pycache__", ".cache"}
CPP = (".cc", ".h", ".cpp")
SCRIPT_FOLDERS = ("scripts/", ".ci/", "examples/")


class Tree:
    """The files of one source tree, read once."""

    def __init__(self, root):
        self.root = Path(root)
        self.texts = {}
        for folder, names, files in os.walk(self.root):
            names[:] = sorted(n for n in names if n not in SKIPPED_FOLDERS)
            for name in sorted(files):
                path = Path(folder, name)
                relative = path.relative_to(self.root).as_posix()
                if is_checked(relative) and not path.is_symlink():
                    self.texts[relative] = path.read_text(encoding="utf-8", errors="replace")

    def of(self, *suffixes):
        return [(path, text) for path, text in self.texts.items() if path.endswith(suffixes)]


def is_checked(path):
    name = path.rsplit("/", 1)[-1]
    return (path.endswith(CPP + (".py", ".sh", ".proto", ".cmake")) or name == "CMakeLists.txt"
            or path.startswith(SCRIPT_FOLDERS) and "." not in name)


def is_test(path):
    return path.startswith("tests/")


def room_of(path):
    folder = path.rsplit("/", 1)[0] if "/" in path else ""
    while folder:
        if folder in ROOMS:
            return folder
        folder = folder.rsplit("/", 1)[0] if "/" in folder else ""
    return None


def package_of(header):
    for package, prefixes in PACKAGES.items():
        if header.startswith(prefixes):
            return package
    return None


def blank_out(match):
    """Keeps the line breaks, so that line numbers stay."""
    return re.sub(r"[^\n]", " ", match.group(0))


NOISE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^\s()\\]{0,16})\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-zA-Z_])(?:u8|[uUL])?'(?:\\.|[^'\\\n])+'", re.S)


def without_noise(text):
    """C++ without comments and literals."""
    return NOISE.sub(blank_out, text)


INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def includes(text):
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match.group(1) == '"', match.group(2)


def check_includes(tree):
    for path, text in tree.of(*CPP):
        room = room_of(path)
        if room is None:
            continue
        allowed, packages = ROOMS[room]
        packages += FILE_PACKAGES.get(path, ())
        for line, quoted, header in includes(text):
            where = f"{path}:{line}"
            if quoted:
                own = header.startswith(room + "/")
                known = header.startswith(allowed) if allowed else False
                if header == LOG and LOG not in allowed and path != BASE + "log.cc":
                    yield where, f"{room} must not log: {header} is for the shell rooms"
                elif not own and not known:
                    yield where, f"{room} must not include {header}"
            else:
                package = package_of(header)
                if package and package not in packages:
                    yield where, f"{room} must not use {package} (<{header}>)"
                if path.startswith(CORE) and header in IMPURE_HEADERS and path != BASE + "log.cc":
                    yield where, f"the core is pure: no <{header}>"


def check_core_is_pure(tree):
    for path, text in tree.of(*CPP):
        if path.startswith(CORE) and path != BASE + "log.cc":
            code = without_noise(text)
            for match in IMPURE_WORDS.finditer(code):
                yield f"{path}:{code.count(chr(10), 0, match.start()) + 1}", \
                    f"the core is pure: {match.group(0).strip('( ')} comes from outside"


def check_rooms_exist(tree):
    """A new folder of code must be entered in the table before it can include anything."""
    for path, _ in tree.of(*CPP):
        if not is_test(path) and room_of(path) is None:
            yield path, "this folder is not in the table of rooms (tests/tidy.py, ROOMS)"


def check_lines(tree):
    for path, text in tree.texts.items():
        for number, line in enumerate(text.split("\n"), 1):
            where = f"{path}:{number}"
            measured = re.sub(r"\s*// NOLINT\S*$", "", line)
            if len(measured) > COLUMNS_MAX:
                yield where, f"{len(measured)} columns, at most {COLUMNS_MAX}"
            if line != line.rstrip():
                yield where, "trailing space"
            if "\t" in line:
                yield where, "tab"
        if text and not text.endswith("\n"):
            yield path, "no line break at the end"


def check_banned_words(tree):
    for path, text in tree.texts.items():
        if path == "tests/tidy.py":
            continue
        for number, line in enumerate(text.split("\n"), 1):
            for word, why in BANNED:
                match = word.search(line)
                if match:
                    yield f"{path}:{number}", f"banned: {match.group(0)} ({why})"


def check_file_sizes(tree):
    for path, text in tree.texts.items():
        lines = text.count("\n")
        limit = TEST_LINES_MAX if is_test(path) else CODE_LINES_MAX
        if lines > limit:
            yield path, f"{lines} lines, at most {limit}"


NOT_A_FUNCTION = re.compile(
    r"^\s*(?:(?:inline|export)\s+)?(?:namespace|class|struct|union|enum|extern)\b|=\s*$")


def functions(code):
    """Yields (first line, last line) of each function at namespace or class scope.

    `code` is free of comments and literals. A brace opens a function when the text before it, back
    to the last ; { or }, has a parameter list and does not begin a type or a namespace; whatever
    nests inside counts as part of it.
    """
    line, depth, inside, start, head, first = 1, 0, None, 1, [], None
    for char in code:
        if char == "\n":
            line += 1
        if inside is None:
            if char == "{":
                text = "".join(head)
                if ")" in text and not NOT_A_FUNCTION.search(text):
                    inside, start = depth, first or line
                head, first = [], None
            elif char in ";}":
                head, first = [], None
            else:
                if first is None and not char.isspace():
                    first = line
                head.append(char)
        if char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if inside is not None and depth <= inside:
                yield start, line
                inside = None


PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)


def check_function_sizes(tree):
    for path, text in tree.of(*CPP):
        code = PREPROCESSOR.sub(blank_out, without_noise(text))
        for first, last in functions(code):
            if last - first + 1 > FUNCTION_LINES_MAX:
                yield f"{path}:{first}", \
                    f"function of {last - first + 1} lines, at most {FUNCTION_LINES_MAX}"
    for path, text in tree.of(".py"):
        for node in ast.walk(ast.parse(text, filename=path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = node.end_lineno - node.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    yield f"{path}:{node.lineno}", \
                        f"function of {length} lines, at most {FUNCTION_LINES_MAX}"


def check_include_guards(tree):
    for path, text in tree.of(".h"):
        if not re.search(r"^#pragma once$", text, re.M):
            yield path, "no #pragma once"


def listed_in_cmake(tree, path):
    """Is the file named in a CMakeLists.txt of its folder or of one above?"""
    folder, name = path.rsplit("/", 1) if "/" in path else ("", path)
    relative = name
    while True:
        lists = (folder + "/" if folder else "") + "CMakeLists.txt"
        if re.search(r"(?<![\w/.-])" + re.escape(relative) + r"(?![\w.-])",
                     tree.texts.get(lists, "")):
            return True
        if not folder:
            return False
        folder, _, last = folder.rpartition("/")
        relative = last + "/" + relative


def check_dead_files(tree):
    included = {header for _, text in tree.of(*CPP) for _, _, header in includes(text)}
    for path, _ in tree.of(".cc", ".cpp", ".proto"):
        if not listed_in_cmake(tree, path):
            yield path, "dead: no CMakeLists.txt names it"
    for path, _ in tree.of(".h"):
        if path not in included:
            yield path, "dead: nobody includes it"


CHECKS = (check_includes, check_core_is_pure, check_rooms_exist, check_lines, check_banned_words,
          check_file_sizes, check_function_sizes, check_include_guards, check_dead_files)


def findings(root):
    tree = Tree(root)
    return [f"{where}: {what}" for check in CHECKS for where, what in check(tree)]


LONG_FUNCTION = "int Long(int a) {\n" + "  a += 1;\n" * 69 + "  return a;\n}\n"
SHORT_FUNCTION = "int Short(int a) {\n" + "  a += 1;\n" * 67 + "  return a;\n}\n"

# A scratch tree with one violation per rule, and what must be said about it.
BAD_TREE = {
    "statemachines/asl/CMakeLists.txt": "towline_room(towline_asl SOURCES a.cc b.cc long.cc)\n",
    "statemachines/asl/a.cc": '#include "orchestrator/engine/x.h"\n'
                              '#include "statemachines/base/log.h"\n'
                              "#include <grpcpp/grpcpp.h>\n#include <mutex>\n",
    "statemachines/asl/b.cc": "int F() { return 1; }  // TODO: more\n"
                              "auto Now() { return std::chrono::system_clock::now(); }\n"
                              "std::thread t;\nvoid G() { t.detach(); sleep_for(1); }\n",
    "statemachines/asl/long.cc": "namespace towline {\nstruct S {\n" + LONG_FUNCTION + "};\n}\n",
    "statemachines/asl/dead.cc": "int x = 0; \n\tint y;\nint z = " + "1 + " * 30 + "1;",
    "statemachines/asl/dead.h": "int x();\n",
    "somewhere/new.h": "#pragma once\n" + "int f();\n" * 401,
    "tests/t.py": "def long():\n" + "    pass\n" * 70,
}
BAD_FINDINGS = (
    "statemachines/asl/a.cc:1: statemachines/asl must not include orchestrator/engine/x.h",
    "statemachines/asl/a.cc:2: statemachines/asl must not log",
    "statemachines/asl/a.cc:3: statemachines/asl must not use grpc",
    "statemachines/asl/a.cc:4: the core is pure: no <mutex>",
    "statemachines/asl/b.cc:1: banned: TODO",
    "statemachines/asl/b.cc:2: the core is pure: system_clock::now",
    "statemachines/asl/b.cc:3: banned: std::thread",
    "statemachines/asl/b.cc:4: banned: .detach(",
    "statemachines/asl/b.cc:4: banned: sleep_for",
    "statemachines/asl/long.cc:3: function of 72 lines",
    "statemachines/asl/dead.cc:1: trailing space",
    "statemachines/asl/dead.cc:2: tab",
    "statemachines/asl/dead.cc:3: 130 columns",
    "statemachines/asl/dead.cc: no line break",
    "statemachines/asl/dead.cc: dead: no CMakeLists.txt names it",
    "statemachines/asl/dead.h: no #pragma once",
    "statemachines/asl/dead.h: dead: nobody includes it",
    "somewhere/new.h: this folder is not in the table",
    "somewhere/new.h: 402 lines",
    "tests/t.py:1: function of 71 lines",
)
GOOD_TREE = {
    "proto/jobs/CMakeLists.txt": "towline_room(towline_jobs SOURCES ok.cc)\n",
    "proto/jobs/ok.h": "#pragma once\nint Short(int a);\n",
    "proto/jobs/ok.cc": '#include "proto/jobs/ok.h"\n#include <mosquitto.h>\n#include <mutex>\n'
                        "// } unbalanced in a comment\nconst char* kBrace = \"{ TO\" \"DO\";\n"
                        "char16_t kUnit = u'{';\n"
                        'const char* kRaw = R"(\n{{{ " )";\nconstexpr int kTable[] = {\n'
                        + "    1,\n" * 80 + "};\n" + SHORT_FUNCTION,
}


def plant(root, files):
    for path, text in files.items():
        target = Path(root, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def self_test():
    problems = []
    with tempfile.TemporaryDirectory() as root:
        plant(root, BAD_TREE)
        found = findings(root)
        problems += [f"not found: {wanted}" for wanted in BAD_FINDINGS
                     if not any(line.startswith(wanted) for line in found)]
    with tempfile.TemporaryDirectory() as root:
        plant(root, GOOD_TREE)
        problems += [f"false alarm: {line}" for line in findings(root)]
    for problem in problems:
        print(problem)
    print(f"tidy self-test: {len(BAD_FINDINGS)} planted violations, {len(problems)} problems")
    return 1 if problems else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if sys.argv[1:]:
        print(__doc__.strip())
        return 2
    found = findings(Path(__file__).resolve().parent.parent)
    for line in found:
        print(line)
    print(f"tidy: {len(found)} findings" if found else "tidy: nothing to say")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
