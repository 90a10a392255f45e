#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which lines and toggles of rtl/ the benches of tests/rtl meet, per file: builds them with Verilator's counters, runs
them, and adds up what each model leaves behind.

A line is covered when every block that holds it ran in some model; a bit of a signal of up to 32 bits when it rose and
fell. What no configuration of the benches elaborates has no counters. Ends with 0; with 1 when a bench failed; with 2
when nothing could be said.
"""

import argparse
import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from mutate import Problem, write_json

ROOT = pathlib.Path(__file__).resolve().parent.parent
OPTIONS = ["-G", "Ninja", "-Wno-dev", "-DCMAKE_BUILD_TYPE=Release", "-DTERN_RTL_COVERAGE=ON", "-DTERN_BENCH=OFF",
           "-DTERN_AARCH64=OFF", "-DCMAKE_CATCH_DISCOVER_TESTS_DISCOVERY_MODE=PRE_TEST"]
FALL_AND_RISE = 2


def run(command, **options):
    try:
        done = subprocess.run(command, cwd=ROOT, text=True, errors="replace", stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    except FileNotFoundError as error:
        raise Problem(f"{command[0]} is missing") from error
    return done.returncode, done.stdout


def must(what, command):
    code, output = run(command)
    if code != 0:
        raise Problem(f"{what}: {output[-2000:].strip()}")


def benches(chosen):
    paths = sorted(p.relative_to(ROOT / "tests").with_suffix("").as_posix() for p in (ROOT / "tests/rtl").rglob("*_test.cc"))
    paths = [path for path in paths if chosen.search(path)]
    if not paths:
        raise Problem(f"no bench matches {chosen.pattern!r}")
    return paths


def lines_of(text):
    """12-15,17 -> 12, 13, 14, 15, 17"""
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


class Counts:
    """Of all models together: a point of the source is one, however often it was elaborated."""

    def __init__(self):
        self.blocks = collections.Counter()   # (file, line, column, name, lines)
        self.toggles = collections.Counter()  # (file, line, column, bit)

    def add(self, path):
        for number, row in enumerate(path.read_text().splitlines(), 1):
            if row.startswith("#"):
                continue
            found = re.fullmatch(r"C '(.*)' (\d+)", row)
            if not found:
                raise Problem(f"{path}:{number}: no counter of Verilator: {row[:80]!r}")
            point = dict(field.split("\2", 1) for field in found[1].split("\1") if field)
            file = pathlib.Path(point["f"])
            try:
                file = file.resolve().relative_to(ROOT).as_posix()
            except ValueError as error:
                raise Problem(f"{path}:{number}: {file} is not of this tree") from error
            if not file.startswith("rtl/"):
                continue
            place = (file, int(point["l"]), int(point["n"]), point["o"])
            if point["page"].startswith("v_toggle/"):
                self.toggles[place] += int(found[2])
            else:
                self.blocks[*place, point.get("S", point["l"])] += int(found[2])

    def files(self):
        """A record per file."""
        lines, bits = collections.defaultdict(dict), collections.defaultdict(dict)
        for (file, *_, covers), count in self.blocks.items():
            for line in lines_of(covers):
                lines[file][line] = lines[file].get(line, True) and count > 0
        for (file, line, column, bit), count in self.toggles.items():
            bits[file][line, column, bit] = count >= FALL_AND_RISE
        return [{"file": file, "lines": len(lines[file]), "lines_covered": sum(lines[file].values()),
                 "toggles": len(bits[file]), "toggles_covered": sum(bits[file].values()),
                 "uncovered_lines": sorted(line for line, covered in lines[file].items() if not covered),
                 "uncovered_toggles": [f"{line}: {bit}" for (line, _, bit), covered in sorted(bits[file].items())
                                       if not covered]}
                for file in sorted(lines.keys() | bits.keys())]


def percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "-"


def table(records, verbose):
    rows = [(r["file"], r["lines_covered"], r["lines"], r["toggles_covered"], r["toggles"]) for r in records]
    rows.append(("all", *(sum(row[i] for row in rows) for i in range(1, 5))))
    print(f"{'file':<36}{'lines':>16}{'toggles':>20}  uncovered lines")
    for row, record in zip(rows, [*records, {"uncovered_lines": []}]):
        name, lines, of_lines, bits, of_bits = row
        print(f"{name:<36}{percent(lines, of_lines):>8}{f'{of_lines:,}':>8}{percent(bits, of_bits):>10}{f'{of_bits:,}':>10}"
              f"  {' '.join(map(str, record['uncovered_lines']))}".rstrip())
        for bit in record["uncovered_toggles"] if verbose and "file" in record else ():
            print(f"    {bit}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", metavar="REGEX", type=re.compile, default=re.compile(""),
                        help="only benches whose path below tests matches")
    parser.add_argument("--build", metavar="DIR", type=pathlib.Path, default=ROOT / "build/coverage",
                        help="begins with what is built there (default: build/coverage)")
    parser.add_argument("--jobs", metavar="N", type=int, default=os.cpu_count(), help="compilers at a time")
    parser.add_argument("--bits", action="store_true", help="list the bits that did not toggle as well")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="write the record of each file to FILE")
    return parser.parse_args()


def main():
    options = arguments()
    paths, build = benches(options.filter), options.build.resolve()
    if options.json and (options.json.is_dir() or not os.access(options.json.absolute().parent, os.W_OK)):
        raise Problem(f"cannot write {options.json}")
    begin = time.monotonic()
    must("cmake", ["cmake", "-S", ".", "-B", str(build), *OPTIONS])
    counts, failed = Counts(), []
    for path in paths:
        print(f"{path}: building", file=sys.stderr, flush=True)
        must("ninja", ["ninja", "-C", str(build), f"-j{options.jobs}", path.split("/")[-1]])
        with tempfile.TemporaryDirectory(prefix="tern-coverage-") as folder:
            print(f"{path}: running", file=sys.stderr, flush=True)
            code, output = run([str(build / "tests" / path)], env=os.environ | {"TERN_COVERAGE": folder})
            left = sorted(pathlib.Path(folder).glob("*.dat"))
            if code != 0:
                failed.append(path)
                print(output[-2000:], file=sys.stderr)
            elif not left:
                raise Problem(f"{path} left no counters")
            for dat in left:
                counts.add(dat)
    records = counts.files()
    table(records, options.bits)
    print(f"\n{len(paths) - len(failed)} of {len(paths)} benches passed; {(time.monotonic() - begin) / 60:.1f} min")
    if options.json:
        write_json(options.json, records)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except (Problem, OSError) as problem:
        print(f"coverage.py: {problem}", file=sys.stderr)
        sys.exit(2)
