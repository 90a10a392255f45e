#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breaks the kernels on purpose, one mutation of tests/mutations/*.toml at a time, and shows that a test fails.

Works on a copy of the tracked files: the tree itself is never touched. Ends with 0 when every mutation that this host
can run was caught; with 1 when one survived, did not apply or did not build; with 2 when nothing could be said.
"""

import argparse
import collections
import dataclasses
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
KINDS = ("sign", "tail", "offset", "saturation", "decode", "rounding", "table", "check", "sync")
FIELDS = {"file", "kind", "old", "new", "after", "test", "arch", "isa", "env"}
COMMON = ["-G", "Ninja", "-Wno-dev", "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=ON", "-DTERN_BENCH=OFF",
          "-DTERN_AARCH64=OFF", "-DCMAKE_CATCH_DISCOVER_TESTS_DISCOVERY_MODE=PRE_TEST"]
# "rtl" is no architecture but a build of its own as well: the whole project, whose tests verilate rtl/.
OPTIONS = {"rtl": ["-DTERN_EDA=ON"]}
# A fault of one module has the models of all others generated anew, as they were.
CACHE = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
KERNELS = ["-DTERN_KERNELS_ONLY=ON", "-DTERN_EDA=OFF"]
ARCHES = ("x86_64", "aarch64", "rtl")
CROSS = {"aarch64": ("cmake/aarch64.cmake", "aarch64-linux-gnu-g++", ["qemu-aarch64", "-cpu", "max"])}


class Problem(Exception):
    """What the caller has to mend: said in one line."""


@dataclasses.dataclass
class Mutation:
    """One entry: `old` becomes `new`, at its only place in `file`, or at its first one behind the only `after`."""
    source: str  # the TOML file
    file: str
    kind: str
    old: str
    new: str
    test: str
    after: str = ""
    arch: str = "x86_64"
    isa: str = ""  # what the host must have for the test to meet the code
    env: str = ""

    @property
    def family(self):
        return pathlib.Path(self.source).stem

    def place(self, text):
        """Where `old` begins in the text of the file."""
        start = 0
        if self.after:
            start = self.only(text, self.after) + len(self.after)
            at = text.find(self.old, start)
            if at < 0:
                raise Problem(f"{self}: not behind '{self.after}': {self.old!r}")
            return at
        return self.only(text, self.old)

    def only(self, text, part):
        if (count := text.count(part)) != 1:
            raise Problem(f"{self}: occurs {count} times, expected once: {part!r}")
        return text.index(part)

    def applied(self, text):
        at = self.place(text)
        return text[:at] + self.new + text[at + len(self.old):]

    def __str__(self):
        return f"{self.source}: {self.file}: {self.kind}"


def load(folder):
    """Entries of all TOML files: a table per mutated file, whose keys hold for its mutations unless they differ."""
    mutations = []
    for path in sorted(folder.glob("*.toml")):
        try:
            tables = tomllib.loads(path.read_text())
        except tomllib.TOMLDecodeError as error:
            raise Problem(f"{path}: {error}") from error
        for file, table in tables.items():
            for number, own in enumerate(table.get("mutations", ())):
                entry = {"file": file} | {k: v for k, v in table.items() if k != "mutations"} | own
                where = f"{path}: {file}: mutation {number + 1}"
                if unknown := entry.keys() - FIELDS:
                    raise Problem(f"{where}: unknown: {', '.join(sorted(unknown))}")
                if missing := {"kind", "old", "new", "test"} - entry.keys():
                    raise Problem(f"{where}: lacks {', '.join(sorted(missing))}")
                if entry["kind"] not in KINDS or entry.get("arch", "x86_64") not in ARCHES:
                    raise Problem(f"{where}: expected a kind of {', '.join(KINDS)}, an arch of {', '.join(ARCHES)}")
                if entry["old"] == entry["new"]:
                    raise Problem(f"{where}: changes nothing")
                mutations.append(Mutation(source=path.name, **entry))
    return mutations


def check(mutations):
    """Every entry applies, names a test that is there, and every source file of kernels/ is broken at least once."""
    problems, texts = [], {}
    targets = set(re.findall(r"tern_test\(kernels/(\w+)", (ROOT / "tests/kernels/CMakeLists.txt").read_text()))
    rtl = {path.relative_to(ROOT / "tests").with_suffix("").as_posix() for path in (ROOT / "tests/rtl").rglob("*_test.cc")}
    for m in mutations:
        try:
            if m.file not in texts:
                texts[m.file] = (ROOT / m.file).read_text()
            m.applied(texts[m.file])
            if m.test not in (rtl if m.arch == "rtl" else targets):
                raise Problem(f"{m}: no test {m.test}")
        except FileNotFoundError:
            problems.append(f"{m}: no such file")
        except Problem as problem:
            problems.append(str(problem))
    for path in sorted((ROOT / "kernels").rglob("*.cc")):
        if (name := path.relative_to(ROOT).as_posix()) not in texts:
            problems.append(f"{name}: no mutation breaks it")
    return problems


def run(command, cwd, timeout=None, env=None):
    """(exit code or None for a timeout, output). Whatever it started ends with it."""
    process = subprocess.Popen(command, cwd=cwd, env=env, text=True, errors="replace", stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=timeout)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        return None, ""
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def copy_tree(to):
    """The tracked files as they are now. One that differs gets a new time: what was built of it is stale."""
    code, names = run(["git", "ls-files", "-z"], ROOT)
    if code != 0:
        raise Problem(f"git ls-files: {names.strip()}")
    tracked = {name for name in names.split("\0") if name and (ROOT / name).is_file()}
    for path in [p for p in to.rglob("*") if p.is_file() and p.relative_to(to).as_posix() not in tracked]:
        path.unlink()
    for name in tracked:
        target, content = to / name, (ROOT / name).read_bytes()
        if not target.exists() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def lacking(arch):
    """What keeps this host from building and running for an architecture, or nothing."""
    if arch == platform.machine():
        return ""
    if arch == "rtl":
        return "" if shutil.which("verilator") else "verilator"
    if arch not in CROSS:
        return arch
    _, compiler, emulator = CROSS[arch]
    return ", ".join(tool for tool in (compiler, emulator[0]) if shutil.which(tool) is None)


class Build:
    """A build of the copy for one architecture, which after every mutation is again what it was."""

    def __init__(self, scratch, arch, jobs):
        self.source, self.folder, self.pristine = scratch / "source", scratch / arch, scratch / f"{arch}.pristine"
        self.arch, self.jobs = arch, jobs
        toolchain, _, emulator = CROSS[arch] if arch in CROSS and arch != platform.machine() else ("", "", [])
        self.emulator = emulator
        self.limits = {}  # (test, env) -> seconds
        self.isas = {}
        command = ["cmake", "-S", ".", "-B", str(self.folder), *COMMON, *CACHE, *OPTIONS.get(arch, KERNELS)]
        code, output = run(command + [f"-DCMAKE_TOOLCHAIN_FILE={toolchain}"] * bool(toolchain), self.source)
        if code != 0:
            raise Problem(f"{arch}: cmake: {output.strip()}")

    def build(self, *targets):
        return run(["ninja", "-C", str(self.folder), f"-j{self.jobs}", *(name.split("/")[-1] for name in targets)],
                   self.source)

    def test(self, target, env, timeout, *arguments):
        command = [*self.emulator, str(self.folder / "tests" / ("" if "/" in target else "kernels") / target), *arguments]
        return run(command, self.source, timeout, os.environ | dict(v.split("=", 1) for v in env.split()))

    def prepare(self, mutations):
        """Builds what the mutations need, sees that it passes, and keeps it."""
        targets = sorted({m.test for m in mutations} | ({"isa_test"} if self.arch != "rtl" else set()))
        print(f"{self.arch}: building {', '.join(targets)}", flush=True)
        code, output = self.build(*targets)
        if code != 0:
            raise Problem(f"{self.arch}: does not build without mutations: {output[-2000:]}")
        for isa in {m.isa for m in mutations if m.isa}:
            code, _ = self.test("isa_test", f"TERN_REQUIRE_ISA={isa}", 60,
                                "the host has every ISA that TERN_REQUIRE_ISA promises")
            self.isas[isa] = code == 0
        for key in sorted({(m.test, m.env) for m in mutations}):
            begin = time.monotonic()
            code, output = self.test(*key, 1200)
            if code != 0:
                raise Problem(f"{self.arch}: {' '.join(key)} fails without mutations: {output[-2000:]}")
            self.limits[key] = 20 + 2 * (time.monotonic() - begin)
        shutil.rmtree(self.pristine, ignore_errors=True)
        shutil.copytree(self.folder, self.pristine)

    def restore(self):
        """With their times, so that nothing is built twice."""
        for path in [p for p in self.folder.rglob("*") if p.is_file()]:
            kept = self.pristine / path.relative_to(self.folder)
            if not kept.exists():
                path.unlink()
            elif kept.stat().st_mtime_ns != path.stat().st_mtime_ns:
                shutil.copy2(kept, path)

    def outcome(self, m):
        """(result, what caught it or went wrong)"""
        if m.isa and not self.isas[m.isa]:
            return "not run", f"host lacks {m.isa}"
        path = self.source / m.file
        text, times = path.read_text(), path.stat()
        try:
            path.write_text(m.applied(text))
        except Problem as problem:
            return "does not apply", str(problem)
        code, output = self.build(m.test)
        if code != 0:
            errors = [line for line in output.splitlines() if "error" in line]
            result = "does not build", (errors or output.splitlines() or [""])[0]
        else:
            code, output = self.test(m.test, m.env, self.limits[m.test, m.env], "--abort")
            if code is None:
                result = "caught", "timeout"
            elif code == 0:
                result = "survived", m.test
            else:
                # The name of a case stands between two rules, sections below it indented.
                found = re.search(r"^-{70,}\n(.+?)^-{70,}$", output, re.DOTALL | re.MULTILINE)
                case = " ".join(line.strip() for line in found[1].splitlines()) if found else "no case"
                crash = "crash: " if code < 0 or code > 128 or "due to a fatal error" in output else ""
                result = "caught", crash + case
        path.write_text(text)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        self.restore()
        return result


def write_json(path, results):
    """Whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps(results, indent=1) + "\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def cpu_name():
    try:
        return re.search(r"model name\s*: (.+)", pathlib.Path("/proc/cpuinfo").read_text())[1]
    except (OSError, TypeError):
        return platform.processor()


def summary(records):
    """What was caught of what, by family and kind."""
    kinds = [k for k in KINDS if any(r["kind"] == k for r in records)]
    ran = [r for r in records if r["result"] != "not run"]

    def cell(**wanted):
        rows = [r for r in ran if all(r[k] == v for k, v in wanted.items())]
        return f"{sum(r['result'] == 'caught' for r in rows)}/{len(rows)}" if rows else "-"

    print("\n" + f"{'caught of run':<16}" + "".join(f"{k:>11}" for k in [*kinds, "all"]))
    for family in dict.fromkeys(r["family"] for r in records):
        row = [cell(family=family, kind=k) for k in kinds] + [cell(family=family)]
        print(f"{family:<16}" + "".join(f"{c:>11}" for c in row))
    print(f"{'all':<16}" + "".join(f"{c:>11}" for c in [cell(kind=k) for k in kinds] + [cell()]))


def mutate(mutations, scratch, jobs):
    """A record per mutation."""
    copy_tree(scratch / "source")
    builds = {}
    for arch in dict.fromkeys(m.arch for m in mutations):
        builds[arch] = None if lacking(arch) else Build(scratch, arch, jobs)
        if builds[arch]:
            builds[arch].prepare([m for m in mutations if m.arch == arch])
    records = []
    for number, m in enumerate(mutations, 1):
        begin = time.monotonic()
        build = builds[m.arch]
        result, said = build.outcome(m) if build else ("not run", f"host lacks {lacking(m.arch)}")
        seconds = time.monotonic() - begin
        print(f"[{number:>3}/{len(mutations)}] {seconds:5.1f} s  {result:<8}  {m.file}  {m.kind}  "
              f"{m.old.strip()[:40]!r}  {said}", flush=True)
        records.append(dataclasses.asdict(m) | {"family": m.family, "result": result, "said": said,
                                                "seconds": round(seconds, 1)})
    return records


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--filter", metavar="REGEX", type=re.compile, default=re.compile(""),
                        help="only mutations whose line of --list matches")
    parser.add_argument("--list", action="store_true", help="list the mutations and end")
    parser.add_argument("--check", action="store_true", help="that all apply and all kernels have one; builds nothing")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path, help="write what came of each to FILE")
    parser.add_argument("--keep-build", metavar="DIR", type=pathlib.Path, help="work in DIR, beginning with what is there")
    parser.add_argument("--jobs", metavar="N", type=int, default=os.cpu_count(), help="compilers at a time")
    parser.add_argument("--from", metavar="DIR", type=pathlib.Path, default=ROOT / "tests/mutations", dest="folder",
                        help="where the *.toml are (default: %(default)s)")
    return parser.parse_args()


def main():
    options = arguments()
    mutations = load(options.folder)
    if options.check:
        problems = check(mutations)
        print("\n".join(problems) or f"{len(mutations)} mutations apply")
        return 1 if problems else 0
    lines = [f"{m.family} {m.arch} {m.file} {m.kind} {m.test} {m.isa} {m.old!r} -> {m.new!r}" for m in mutations]
    chosen = [(m, line) for m, line in zip(mutations, lines) if options.filter.search(line)]
    if options.list:
        print("\n".join(line for _, line in chosen))
        return 0
    if not chosen:
        raise Problem(f"no mutation matches {options.filter.pattern!r}")
    if options.json and (options.json.is_dir() or not os.access(options.json.absolute().parent, os.W_OK)):
        raise Problem(f"cannot write {options.json}")
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tern-mutate-") as folder:
        scratch = options.keep_build.resolve() if options.keep_build else pathlib.Path(folder)
        records = mutate([m for m, _ in chosen], scratch, options.jobs)
    summary(records)
    counts = collections.Counter(r["result"] for r in records)
    minutes = (time.monotonic() - begin) / 60
    print(f"\n{', '.join(f'{n} {result}' for result, n in counts.items())}; {minutes:.1f} min on {cpu_name()}")
    if options.json:
        write_json(options.json, {"cpu": cpu_name(), "minutes": round(minutes, 1), "mutations": records})
    return 0 if counts.keys() <= {"caught", "not run"} else 1


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    except (Problem, OSError) as problem:
        print(f"mutate.py: {problem}", file=sys.stderr)
        sys.exit(2)
