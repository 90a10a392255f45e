#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Area and clock of Tern's units in any standard-cell library: yosys maps, OpenSTA measures.

Every design is mapped by several recipes for one clock and keeps the best: of the recipes that meet the clock the
smallest, or the fastest if none does. Areas are of the unit alone; paths run from register to register, between banks of
registers at its ports, without wires. Without --clock, the period is 65 delays of an inverter that drives four like
it (FO4), measured in the library, so that libraries compare.
"""

import argparse
import concurrent.futures
import dataclasses
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # the source tree stays as it is

import designs as catalogue
import flow
import liberty
import table
from problem import Problem, ToolFailed
from tools import Tools

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DEFAULT_LIBERTY = "/usr/share/qflow/tech/osu018/osu018_stdcells.lib"
FO4_PER_CYCLE = 65
ASSUMPTIONS = ["no wires: cell delays and pin capacitances alone", "ideal clock", "one corner, that of the Liberty file",
               "area of cells, no utilisation", "memories named in designs.toml counted as bits, not as area"]


def parse(arguments):
    parser = argparse.ArgumentParser(prog="synthesis.py", description=__doc__, epilog=(
        "example: synthesis.py --designs 'dot_.*/1x64' --liberty sky130hd_tt.lib.gz --dont-use 'lpflow|probe' --json r.json"),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--liberty", nargs="+", metavar="FILE", default=[DEFAULT_LIBERTY],
                        help=f".lib or .lib.gz; several files of one library are merged (default: {DEFAULT_LIBERTY}, of "
                             "Debian's qflow-tech-osu018)")
    parser.add_argument("--dont-use", metavar="REGEX", default="", help="cells whose name holds this are not used")
    parser.add_argument("--designs", metavar="REGEX", default="",
                        help="whole names of designs (default: all that are not large)")
    parser.add_argument("--present", action="store_true", help="skip designs whose module is not in the tree")
    parser.add_argument("--recipes", metavar="REGEX", default="", help="whole names of recipes (default: all)")
    parser.add_argument("--clock", metavar="NS", type=float, help=f"the period (default: {FO4_PER_CYCLE} FO4)")
    parser.add_argument("--json", metavar="FILE", help="where results go; - is standard output")
    parser.add_argument("--update", action="store_true",
                        help="keep what --json FILE holds of designs that are not run; refused if its library, clock, "
                             "recipes or tools differ")
    parser.add_argument("--jobs", metavar="N", type=int, default=len(os.sched_getaffinity(0)),
                        help="mappings at a time (default: CPUs of this process)")
    parser.add_argument("--work", metavar="DIR", help="keep scripts, logs and netlists there")
    parser.add_argument("--list", action="store_true", help="list designs and recipes, map nothing")
    parser.add_argument("--table", nargs="+", metavar="FILE", 
                        help="print the Markdown table of results, or of --designs alone; map nothing")
    parser.add_argument("--designs-file", metavar="FILE", default=str(HERE / "designs.toml"), help="(default: designs.toml)")
    parser.add_argument("--recipes-file", metavar="FILE", default=str(HERE / "recipes.toml"), help="(default: recipes.toml)")
    options = parser.parse_args(arguments)
    if options.clock is not None and not 0 < options.clock < 1e6:
        raise Problem(f"--clock {options.clock:g}: expected a period in ns, above 0")
    if options.jobs < 1:
        raise Problem(f"--jobs {options.jobs}: expected at least 1")
    if options.update and options.json in (None, "-"):
        raise Problem("--update: needs --json FILE, the results to update")
    return options


def select(options):
    """The designs to map, and the source files."""
    path = options.designs_file
    found, sources = catalogue.load_designs(path)
    for file in sources:
        if not file.is_file():
            raise Problem(f"{path}: sources: {file}: no such file")
    if options.designs:
        wanted = catalogue.chosen(found, options.designs, "--designs", path)
    else:
        wanted = [d for d in found if not d.large]
    modules = {name for file in sources for name in re.findall(r"^\s*module\s+(\w+)", file.read_text(), re.MULTILINE)}
    absent = [d for d in wanted if d.top not in modules]
    if absent and not options.present and not options.list:
        names = sorted({d.top for d in absent})
        raise Problem(f"{path}: design {absent[0].name}: top: no file of `sources` defines {', '.join(names)}: mend the row "
                      "or pass --present")
    if absent and options.present:
        say(f"skipped, no such module: {', '.join(d.name for d in absent)}")
        wanted = [d for d in wanted if d not in absent]
        if not wanted:
            raise Problem(f"{path}: none of the chosen designs has its module in the tree")
    return wanted, sources, absent


def say(text):
    print(text, file=sys.stderr, flush=True)


def provenance(tools):
    def git(*arguments):
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""
    commit = git("rev-parse", "--short=12", "HEAD")
    if commit and git("status", "--porcelain", "-uno"):
        commit += "-dirty"
    version = re.search(r"project\(tern VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"tern_version": version.group(1) if version else "", "git_commit": commit,
            "created_utc": now.strftime("%Y-%m-%dT%H:%M:%SZ")} | tools.versions


def library_record(process, options):
    library = process.library
    return {"name": library.name, "files": library.files, "nom_voltage_v": float(library.nom_voltage or 0),
            "nom_temperature_c": float(library.nom_temperature or 0), "dont_use": options.dont_use,
            "cells": len(library.cells), "nand2": process.nand2.name, "nand2_area_um2": process.nand2.area,
            "inverter": process.inverter.name, "fo4_ns": round(process.fo4_ns, 6),
            "register_ns": round(process.register_ns, 6)}


def run(options):
    wanted, sources, absent = select(options)
    recipes = catalogue.load_recipes(options.recipes_file, options.recipes)
    if options.list:
        for design in wanted:
            parameters = ", ".join(f"{k}={v}" for k, v in design.parameters.items())
            notes = ["large"] * design.large + ["no such module yet"] * (design in absent)
            print(f"{design.group:10} {design.name:28} {design.top}({parameters})" + "".join(f" [{n}]" for n in notes))
        for recipe in recipes:
            print(f"{'recipe':10} {recipe.name:28} {recipe.about}")
        return
    with Work(options.work) as work:
        map_all(options, wanted, sources, recipes, work)


class Work:
    """The folder of scripts and logs: kept if it was asked for or if a program failed in it."""

    def __init__(self, path):
        self.asked = path is not None
        if self.asked:
            self.path = pathlib.Path(path).resolve()
            try:
                self.path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise Problem(f"--work {path}: {error.strerror}") from error
        else:
            self.path = pathlib.Path(tempfile.mkdtemp(prefix="tern-synthesis-"))

    def __enter__(self):
        return self.path

    def __exit__(self, kind, value, trace):
        if not self.asked and not (kind and issubclass(kind, ToolFailed)):
            shutil.rmtree(self.path, ignore_errors=True)


def map_all(options, wanted, sources, recipes, work):
    tools = Tools()
    library = liberty.load(options.liberty, options.dont_use)
    process = in_thread(tools, flow.prepare_process, tools, library, work)
    process.clock_ns = options.clock or round(FO4_PER_CYCLE * process.fo4_ns, 4)
    rule = "given" if options.clock else f"{FO4_PER_CYCLE} FO4"
    head = {"schema": "tern.synthesis", "schema_version": 1, "provenance": provenance(tools),
            "library": library_record(process, options), "clock_ns": process.clock_ns, "clock_rule": rule,
            "assumptions": ASSUMPTIONS, "recipes": [dataclasses.asdict(recipe) for recipe in recipes]}
    old = previous(options.json, head) if options.update and os.path.exists(options.json) else []
    writable(options.json)
    say(f"{process.library.name}: {len(process.library.cells)} cells, FO4 {1000 * process.fo4_ns:.1f} ps, clock "
        f"{process.clock_ns:g} ns ({rule}); {len(wanted)} designs x {len(recipes)} recipes")
    folders = {}
    for number, design in enumerate(wanted):
        folders[design.name] = work / f"{number:03}_{re.sub('[^A-Za-z0-9]+', '_', design.name)}"
        folders[design.name].mkdir(exist_ok=True)
    rows = mapped(tools, process, wanted, sources, recipes, folders, options.jobs)
    results = []
    for design in wanted:
        own = [rows[design.name, recipe.name] for recipe in recipes if (design.name, recipe.name) in rows]
        best = flow.best(own)
        kinds = best["cells_by_type"]
        for row in own:
            del row["cells_by_type"]
        results.append({"design": design.name, "group": design.group, "top": design.top, "parameters": design.parameters,
                        "lanes": design.lanes, "multiplier_free": design.multiplier_free,
                        "git_commit": head["provenance"]["git_commit"], "best": best["recipe"], "recipes": own,
                        "cells_by_type": kinds})
    fresh = {result["design"] for result in results}
    order = {design.name: n for n, design in enumerate(catalogue.load_designs(options.designs_file)[0])}
    results += [result for result in old if result["design"] not in fresh]
    results.sort(key=lambda result: order.get(result["design"], len(order)))
    document = head | {"results": results}
    if options.json:
        write_whole(options.json, json.dumps(document, indent=1) + "\n")
    if options.json != "-":
        print(table.markdown([document]))


def in_thread(tools, function, *arguments):
    """Calls it where no signal can come between the start of a program and its entry in the list of what runs."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except KeyboardInterrupt:
            tools.end()
            raise


def mapped(tools, process, wanted, sources, recipes, folders, jobs):
    """{(design, recipe): row}. Everything is elaborated before anything is mapped, so that mistakes show early."""
    rows = {}
    pool = concurrent.futures.ThreadPoolExecutor(jobs)
    try:
        for future in [pool.submit(flow.elaborate, tools, d, sources, folders[d.name]) for d in wanted]:
            future.result()
        for fallback in (False, True):
            pairs = [(design, recipe) for design in wanted for recipe in recipes if recipe.fallback == fallback
                     and not any(row["meets_clock"] for (name, _), row in rows.items() if name == design.name)]
            tasks = {pool.submit(flow.run_recipe, tools, process, design, recipe, folders[design.name]): (design, recipe)
                     for design, recipe in pairs}
            for done, future in enumerate(concurrent.futures.as_completed(tasks), 1):
                design, recipe = tasks[future]
                row = rows[design.name, recipe.name] = future.result()
                say(f"[{done}/{len(tasks)}] {design.name} {recipe.name}: {row['area_um2']:.6g} um2, {row['kge']:.2f} kGE, "
                    f"{row['fmax_mhz']:.0f} MHz{'' if row['meets_clock'] else ', too slow'}, "
                    f"{row['yosys_s'] + row['sta_s']:.0f} s")
        return rows
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        if sys.exc_info()[0]:
            tools.end()
            pool.shutdown(wait=True)


def previous(path, head):
    """Results of a file that was made as this run makes its own; its recipes may be more, and stay."""
    old = table.read(path)
    named = {recipe["name"]: recipe for recipe in old["recipes"]}
    if all(named.get(recipe["name"]) == json.loads(json.dumps(recipe)) for recipe in head["recipes"]):
        head["recipes"] = old["recipes"]
    for field in ("library", "clock_ns", "clock_rule", "recipes"):
        if old[field] != json.loads(json.dumps(head[field])):
            raise Problem(f"{path}: {field} differs from this run's: leave out --update to write it anew")
    for tool in ("yosys", "opensta"):
        if old["provenance"].get(tool) != head["provenance"][tool]:
            raise Problem(f"{path}: provenance: {tool} {old['provenance'].get(tool)} made it, here is "
                          f"{head['provenance'][tool]}: leave out --update to write it anew")
    return old["results"]


def writable(path):
    """Says before any work that a file cannot be written."""
    if path in (None, "-"):
        return
    folder = pathlib.Path(path).resolve().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK) or pathlib.Path(path).is_dir():
        raise Problem(f"--json {path}: cannot be written: name a file in a folder that exists")


def write_whole(path, text):
    if path == "-":
        print(text, end="")
        return
    scratch = f"{path}.{os.getpid()}.tmp"
    try:
        with open(scratch, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(scratch, path)
    except OSError as error:
        raise Problem(f"--json {path}: {error.strerror}") from error
    finally:
        if os.path.exists(scratch):
            os.unlink(scratch)


def main(arguments):
    def stop(number, _):
        signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt(number)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        options = parse(arguments)
        if options.table:
            print(table.markdown([table.read(path) for path in options.table], options.designs))
        else:
            run(options)
        sys.stdout.flush()
        return 0
    except Problem as problem:
        say(f"synthesis.py: {problem}")
        return 1
    except KeyboardInterrupt as interrupt:
        say("synthesis.py: interrupted: nothing is written")
        return 128 + (interrupt.args[0] if interrupt.args else signal.SIGINT)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
