#!/usr/bin/env python3
"""Every built-in function and error code of the JSONata room has a case in tests/jsonata/cases.

Exit: 0 all have, 1 some have none; one line for each.
"""
import pathlib, re, sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    sources = sorted((ROOT / "statemachines" / "jsonata").glob("*.cc"))
    cases = "\n".join(path.read_text() for path in
                      sorted((ROOT / "tests" / "jsonata" / "cases").glob("*.txt")))
    names, codes = set(), set()
    for path in sources:
        text = path.read_text()
        codes |= set(re.findall(r'"([A-Z]\d{4})"', text))
        if path.name.startswith("functions_"):
            names |= set(re.findall(r'\{"(\w+)",\s*"<', text))
    absent = [f"no case calls ${name}" for name in sorted(names)
              if not re.search(rf"\${name}\b", cases)]
    absent += [f"no case gives {code}" for code in sorted(codes) if f"! {code}" not in cases]
    if len(names) < 60 or len(codes) < 80:
        absent.append(f"only {len(names)} functions and {len(codes)} codes found: look elsewhere")
    print("\n".join(absent) or f"{len(names)} functions, {len(codes)} error codes: all have cases")
    return 1 if absent else 0


if __name__ == "__main__":
    sys.exit(main())
