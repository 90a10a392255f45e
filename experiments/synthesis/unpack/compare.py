#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Codes of five trits in a byte: is each one a code, and what does its decoder cost?

    compare.py LIBERTY...     # the files of one library (.lib or .lib.gz); prints a table

Every decoder has ports code_i, nonzero_o, negative_o, illegal_o; those with a parameter Zero decode
illegal bytes to anything or to zeros. Columns: the trits alone, with illegal_o, and with illegal
bytes decoded to zeros; in units of the library, and of its smallest NAND2. Cells and their depth of
the last. Each area is the smallest of several ABC scripts.
"""

import gzip
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
RTL = "../../../rtl/unpack"
CODES = [  # name, files, module, parameters, values of Zero
    ("base 3", "tern_base3.sv", "tern_base3", {}, "01"),
    ("base 3 of trit + 1", "tern_base3.sv", "tern_base3", {"Offset": 1}, "01"),
    ("base-3 fraction (TQ1_0)", "tern_base3_fraction.sv", "tern_base3_fraction", {}, "01"),
    ("Muller (CUTIE)", "tern_muller.sv", "tern_muller", {}, "01"),
    ("pairs, by hand", "tern_pairs.sv", "tern_pairs", {}, "01"),
    ("pairs, searched, illegal bytes free", "tern_free.sv", "tern_free", {}, "0"),
    ("pairs, searched: tern_unpack_t5", f"tern_t5.sv {RTL}/tern_unpack_t5.sv", "tern_t5", {}, "1"),
]
RESHAPE = ("", "dc2; ", "dc2; dc2; dc2; dc2; dch; ", "ifraig; dc2; dch -f; ", "dch; ",
           "collapse; strash; dc2; dch; ")
SCRIPTS = ["strash; " + reshape + fit for reshape in RESHAPE
           for fit in ("map -a", "map", "amap", "&get -n; &nf -a 10; &put")]
LEGAL = {(n, s) for n in range(32) for s in range(32) if s & ~n == 0}


def yosys(script):
    run = subprocess.run(["yosys", "-p", script], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit(run.stdout[-2000:] + run.stderr)
    return run.stdout


def merged(paths, folder):
    """One file of all cells: ABC takes one."""
    out = os.path.join(folder, "cells.lib")
    texts = []
    for path in paths:
        with (gzip.open if path.endswith(".gz") else open)(path, "rt") as f:
            texts.append(f.read())
    head = texts[0][: texts[0].rindex("}")]
    cells = [t[re.search(r"^\s*cell\s*\(", t, re.M).start(): t.rindex("}")] for t in texts[1:]]
    with open(out, "w") as f:
        f.write(head + "\n".join(cells) + "}\n")
    return out


def read(path, module, params):
    files = " ".join(os.path.join(HERE, file) for file in path.split())
    values = "".join(f"-set {name} {value} " for name, value in params.items())
    return f"read_verilog -sv {files}; chparam {values}{module}; synth -flatten -top {module}; "


def check(name, path, module, params):
    rows = re.findall(r"^\s*8'(\d+)\s*\|?\s*5'(\d+)\s+5'(\d+)\s+1'(\d)", yosys(
        read(path, module, params) +
        "eval -table code_i -show nonzero_o -show negative_o -show illegal_o"), re.M)
    rows = [tuple(int(v, 2) for v in row) for row in rows]
    good = [(n, s) for _, n, s, illegal in rows if not illegal]
    zeros = all(n == 0 and s == 0 for _, n, s, illegal in rows if illegal)
    if len(rows) != 256 or len(good) != 243 or set(good) != LEGAL:
        sys.exit(f"{name}: {len(rows)} rows, {len(good)} legal, {len(set(good))} distinct: no code")
    if params.get("Zero", 1) and not zeros:
        sys.exit(f"{name}: illegal bytes are no zeros")


def cost(path, module, params, liberty, folder, flag):
    """Area, cells and depth in cells of the smallest netlist."""
    blif = os.path.join(folder, "decoder.blif")
    cut = "" if flag else "delete -output w:illegal_o; "
    yosys(read(path, module, params) + f"{cut}opt_clean -purge; write_blif {blif}")
    runs = "; ".join(f"read_blif {blif}; {script}; print_stats" for script in SCRIPTS)
    text = subprocess.run(["yosys-abc", "-c", f"read_lib -w {liberty}; {runs}"],
                          capture_output=True, text=True, check=True).stdout
    text = re.sub(r"\x1b\[[\d;]*m", "", text)
    found = re.findall(r"nd =\s*(\d+).*?area =\s*([\d.]+).*?lev =\s*(\d+)", text)
    if len(found) != len(SCRIPTS):
        sys.exit(text)
    return min((float(area), int(cells), int(depth)) for cells, area, depth in found)


def main():
    with tempfile.TemporaryDirectory() as folder:
        liberty = merged(sys.argv[1:], folder)
        with open(liberty) as f:
            nand2 = min(float(area) for area in re.findall(
                r"cell\s*\(\s*\"?\w*(?:nand2_|NAND2)\w*\"?\s*\)\s*\{.{1,3000}?\barea\s*:\s*"
                r"([\d.]+)",
                f.read(), re.S))
        print("| code | trits | with flag | with zeros | cells | depth |")
        print("| --- | ---: | ---: | ---: | ---: | ---: |")
        for name, path, module, params, zeros in CODES:
            def of(zero, flag):
                params_zero = params if zeros == "1" else {**params, "Zero": zero}
                return cost(path, module, params_zero, liberty, folder, flag)
            free = {"Zero": 0} if zeros != "1" else {}
            check(name, path, module, {**params, **free})
            cells = [of(0, False), of(0, True)]
            if "1" in zeros:
                if len(zeros) == 2:
                    check(name, path, module, {**params, "Zero": 1})
                cells.append(of(1, True))
            areas = [f"{area:.2f} ({area / nand2:.1f})" for area, _, _ in cells]
            areas += ["–"] * (3 - len(areas))
            print(f"| {name} | {' | '.join(areas)} | {cells[-1][1]} | {cells[-1][2]} |", flush=True)


if __name__ == "__main__":
    main()
