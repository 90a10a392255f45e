# SPDX-License-Identifier: Apache-2.0
"""From a design to area and register-to-register timing: yosys elaborates and maps, OpenSTA measures.

The unit stands between two banks of registers, so that every path of it starts and ends in a register. Hierarchy is
kept at that border: the unit is mapped as it is alone, and the banks' area is not counted.
"""

import collections
import dataclasses
import json
import re
import time

from liberty import Cell
from problem import Problem, ToolFailed

CLOCK, RESET = "clk_i", "rst_ni"
CHAINS = (4, 12)  # inverters of the two chains whose difference is the FO4 delay
LOAD_INVERTERS = 4  # what each output of a unit drives while it is mapped


@dataclasses.dataclass
class Process:
    """A library made ready: its file, what is measured of it, the clock that all designs have to meet."""
    library: object
    path: object  # the Liberty file without power
    nand2: Cell
    inverter: Cell
    fo4_ns: float = 0.0
    register_ns: float = 0.0  # clock to output plus set-up: what a cycle has left no logic for
    clock_ns: float = 0.0


def prepare_process(tools, library, folder):
    """Writes the library and measures, in OpenSTA, an inverter that drives four."""
    if not any(cell.flip_flop for cell in library.cells.values()):
        raise Problem(f"{library.files[0]['name']}: library {library.name} has no flip-flop (no cell with a group ff): "
                      "add the file that holds them to --liberty")
    path = folder / "library.lib"
    path.write_text(library.text)
    (folder / "full_adder.v").write_text(full_adder_map(library))
    process = Process(library, path, library.smallest("two-input NAND", Cell.is_nand2),
                      library.smallest("inverter", Cell.is_inverter))
    inverter = process.inverter
    pin_in, pin_out = next(iter(inverter.inputs)), next(iter(inverter.outputs))
    body = []
    for chain, stages in enumerate(CHAINS):
        body.append(f"reg from{chain}, to{chain}; wire [{stages}:0] n{chain}; assign n{chain}[0] = from{chain};")
        body.append(f"always @(posedge {CLOCK}) begin from{chain} <= d; to{chain} <= n{chain}[{stages}]; end")
        body.append(f"assign q[{chain}] = to{chain};")
        for stage in range(stages):
            for load in range(4):
                out = f"n{chain}[{stage + 1}]" if load == 0 else ""
                body.append(f"(* keep *) \\{inverter.name} i{chain}_{stage}_{load} "
                            f"(.{pin_in}(n{chain}[{stage}]), .{pin_out}({out}));")
    (folder / "fo4.v").write_text(f"module fo4(input {CLOCK}, input d, output [1:0] q);\n" + "\n".join(body)
                                  + "\nendmodule\n")
    tools.yosys(folder, "fo4", ["read_verilog fo4.v", "proc", "simplemap", f"dfflibmap -liberty {path}",
                                f"abc -liberty {path} -script +strash;map", "splitnets", "write_verilog -noattr fo4_mapped.v"])
    delays = sorted(1.0 - slack for _, slack, _, _ in paths_of(tools, process, folder, "fo4", "fo4_mapped.v", 1.0, 16))
    if len(delays) != 2:
        raise ToolFailed(f"{library.name}: expected two chains of {inverter.name}, OpenSTA finds {len(delays)}: see "
                      f"{folder}/fo4.sta.log")
    process.fo4_ns = (delays[1] - delays[0]) / (CHAINS[1] - CHAINS[0])
    process.register_ns = delays[0] - CHAINS[0] * process.fo4_ns
    return process


def full_adder_map(library):
    """Verilog that makes the library's smallest full adder of yosys's $fa; nothing if it has none."""
    adders = [cell for cell in library.cells.values() if cell.area and cell.full_adder()]
    if not adders:
        return ""
    cell = min(adders, key=lambda c: (c.area, c.name))
    pins = "".join(f".{pin}({wire}[i]), " for pin, wire in zip(cell.inputs, "ABC"))
    roles = cell.full_adder()
    (sum_pin, sum_not), (carry_pin, carry_not) = roles["sum"], roles["carry"]
    return ("(* techmap_celltype = \"$fa\" *)\nmodule tern_full_adder #(parameter WIDTH = 1)\n"
            "  (input [WIDTH-1:0] A, B, C, output [WIDTH-1:0] X, Y);\n  genvar i;\n"
            "  generate for (i = 0; i < WIDTH; i = i + 1) begin\n    wire s, c;\n"
            f"    \\{cell.name} u_adder ({pins}.{sum_pin}(s), .{carry_pin}(c));\n"
            f"    assign Y[i] = {'~' * sum_not}s, X[i] = {'~' * carry_not}c;\n  end endgenerate\nendmodule\n")


def paths_of(tools, process, folder, name, netlist, clock_ns, count=1, what=""):
    """The worst paths between registers: [(rank, slack_ns, start pin, end pin)]. Ports are unconstrained."""
    text = tools.sta(folder, name, [
        f"read_liberty {process.path}", f"read_verilog {netlist}", f"link_design {name if name == 'fo4' else 'tern_timed'}",
        "set_cmd_units -time ns", f"create_clock -name clock -period {clock_ns:.6f} [get_ports {CLOCK}]",
        "set rank 0",
        f"foreach path [find_timing_paths -path_delay max -group_count {count}] {{",
        "  set start [get_full_name [get_property $path startpoint]]",
        "  set end [get_full_name [get_property $path endpoint]]",
        "  puts \"path [incr rank] [get_property $path slack] $start $end\"", "}",
        "report_checks -path_delay max"], what)
    return [(int(rank), float(slack), start, end)
            for rank, slack, start, end in re.findall(r"^path (\d+) (\S+) (\S+) (\S+)$", text, re.MULTILINE)]


def elaborate(tools, design, sources, folder):
    """unit.il: the design alone, flat, as RTL; and the banks of registers around it."""
    lines = [f"read_verilog -sv {' '.join(map(str, sources))}"]
    if design.parameters:  # not by hierarchy -chparam, which fails on an internal assertion where it elaborates twice
        settings = " ".join(f"-set {name} {value}" for name, value in design.parameters.items())
        lines.append(f"chparam {settings} {design.top}")
    lines += [f"hierarchy -check -top {design.top}", "proc"]
    lines += [f"setattr -mod -set keep_hierarchy 1 *{module}*" for module in design.modules]
    lines += ["flatten", "opt_expr", "opt_clean"]
    if design.multiplier_free:
        lines.append("select -assert-none t:$mul t:$macc t:$div t:$mod t:$pow")
    tools.yosys(folder, "elaborate", lines + ["rename -top tern_unit", "write_rtlil unit.il", "delete c:*",
                                              "opt_clean -purge", "write_json ports.json"], f"{design.name}: elaborate")
    modules = json.loads((folder / "ports.json").read_text())["modules"]
    name_modules(folder / "unit.il", [name for name in modules if name != "tern_unit"])
    module = modules["tern_unit"]
    ports = {name: (port["direction"], len(port["bits"])) for name, port in module["ports"].items()}
    (folder / "timed.v").write_text(banks(ports))


def name_modules(path, names):
    """Names without backslashes for the modules that stay: those with parameters have them, and not every reader takes them."""
    text = path.read_text()
    for number, name in enumerate(sorted(names)):
        plain = re.search(r"\\(\w+)", "\\" + name).group(1)
        old = name if name.startswith("$") else "\\" + name
        text = re.sub(rf"(?<= ){re.escape(old)}(?=\s)", lambda _: f"\\{plain}__{number}", text)
    path.write_text(text)


def banks(ports):
    """The Verilog of tern_timed: the unit between registers. Clock and asynchronous reset come straight in."""
    straight = [p for p in (CLOCK, RESET) if p in ports]
    data = [(name, direction, bits) for name, (direction, bits) in ports.items() if name not in straight]
    header = [f"input {CLOCK}"] + [f"input {p}" for p in straight if p != CLOCK]
    header += [f"{direction} [{bits - 1}:0] {name}" for name, direction, bits in data]
    wires, pins = [], [f".{p}({p})" for p in straight]
    for name, direction, bits in data:
        wires.append(f"wire [{bits - 1}:0] r_{name};")
        pins.append(f".{name}(r_{name})")
        ends = (name, f"r_{name}") if direction == "input" else (f"r_{name}", name)
        wires.append(f"tern_bank #({bits}) u_{name}(.clk({CLOCK}), .d({ends[0]}), .q({ends[1]}));")
    return (f"module tern_timed({', '.join(header)});\n" + "\n".join(wires)
            + f"\ntern_unit u_unit({', '.join(pins)});\nendmodule\n"
            "(* keep_hierarchy *) module tern_bank #(parameter W = 1)(input clk, input [W-1:0] d, output reg [W-1:0] q);\n"
            "always @(posedge clk) q <= d;\nendmodule\n")


def run_recipe(tools, process, design, recipe, folder):
    """One row of results: the design mapped by one recipe."""
    name, began = recipe.name, time.monotonic()
    logic_ps = max(1, round(1000 * (process.clock_ns - process.register_ns)))
    (folder / f"{name}.abc").write_text(recipe.abc.replace("{D}", f"-D {logic_ps}") + "\n")
    load_ff = LOAD_INVERTERS * sum(process.inverter.inputs.values()) * capacitance_ff(process.library)
    (folder / f"{name}.constr").write_text(f"set_driving_cell {process.inverter.name}\nset_load {load_ff:.4f} [all_outputs]\n")
    synth = f"synth -top tern_timed -flatten -noabc {' '.join(recipe.synth)}"
    lines = ["read_rtlil unit.il", "setattr -mod -set keep_hierarchy 1 tern_unit", "read_verilog timed.v",
             f"{synth} -run begin:fine"]
    if design.macros:
        named = " ".join(f"c:{m}" + " %u" * (number > 0) for number, m in enumerate(design.macros))
        lines += [f"select -set macros {named} t:$mem_v2 %i",
                  "setattr -set keep 1 @macros", "chtype -set tern_macro @macros",
                  f"tee -q -o {name}.macros dump t:tern_macro"]
    lines.append(f"{synth} -run fine:check")
    if recipe.full_adders:
        lines += [f"tee -q -o {name}.adders extract_fa -fa", f"write_rtlil {name}.il"]
        tools.yosys(folder, f"{name}_adders", lines, f"{design.name}: {name}")
        mend_full_adders(folder / f"{name}.il", (folder / f"{name}.adders").read_text())
        lines = [f"read_rtlil {name}.il", f"techmap -map {process.path.parent}/full_adder.v", "techmap", "opt_clean"]
    lines += ["rename -wire -suffix _reg", f"dfflibmap -liberty {process.path}",
              f"abc -liberty {process.path} -script {name}.abc -constr {name}.constr -D {logic_ps}", "splitnets -ports",
              "opt_clean -purge", f"tee -q -o {name}.stat stat -json", "delete t:tern_macro", "setundef -zero",
              f"write_verilog -noattr -noexpr {name}.v"]
    where = f"{design.name}: {name}"
    tools.yosys(folder, name, lines, where)
    mapped = time.monotonic()
    row = {"recipe": name} | area_of(process, (folder / f"{name}.stat").read_text(), where)
    memory = (folder / f"{name}.macros").read_text() if design.macros else ""
    row["macro_bits"] = macro_bits(memory)
    if design.macros and not row["macro_bits"]:
        raise ToolFailed(f"{design.name}: macros: no memory has a name like {design.macros}: memories are named in "
                         f"{folder}/{name}.log")
    paths = paths_of(tools, process, folder, name, f"{name}.v", process.clock_ns, what=where)
    if not paths:
        raise ToolFailed(f"{where}: OpenSTA finds no path between registers: see {folder}/{name}.sta.log")
    _, slack, start, end = paths[0]
    row |= timing(process.clock_ns, slack)
    row |= {"startpoint": start, "endpoint": end, "yosys_s": round(mapped - began, 2),
            "sta_s": round(time.monotonic() - mapped, 2)}
    return row


def mend_full_adders(path, log):
    """Inverts the sums that extract_fa of yosys 0.23 forgets to: those of adders with one or three inverted inputs."""
    text = path.read_text()
    for inverted, cell in re.findall(r"Majority with inverted ([ABCY ]+):\n.*\n +Created \$fa cell (\S+)\.\n", log):
        if len(re.findall("[ABC]", inverted)) % 2 == 0:
            continue
        start = text.index(f"cell $fa {cell}\n")
        end = text.index("\n  end\n", start) + len("\n  end\n")
        body, wire = text[start:end], f"$tern$sum${cell}"
        top = start - len(re.search(r"( *attribute [^\n]*\n)* *$", text[max(0, start - 4096):start]).group(0))
        total = re.search(r"connect \\Y (.*)\n", body).group(1)
        body = body.replace(f"connect \\Y {total}\n", f"connect \\Y {wire}\n")
        text = (text[:top] + f"  wire {wire}\n" + text[top:start] + body + f"  cell $_NOT_ $tern$not${cell}\n    connect \\A {wire}\n"
                f"    connect \\Y {total}\n  end\n" + text[end:])
    path.write_text(text)


def timing(clock_ns, slack_ns):
    return {"slack_ns": round(slack_ns, 6), "fmax_mhz": round(1e3 / (clock_ns - slack_ns), 3), "meets_clock": slack_ns >= 0}


def capacitance_ff(library):
    """Femtofarads of the library's unit of capacitance."""
    found = re.search(r"capacitive_load_unit\s*\(\s*\"?([\d.]+)\"?\s*,\s*\"?([pf])f\"?", library.text, re.IGNORECASE)
    if not found:
        raise Problem(f"{library.files[0]['name']}: capacitive_load_unit: expected (number, pf or ff)")
    return float(found.group(1)) * (1000.0 if found.group(2).lower() == "p" else 1.0)


def area_of(process, stat, where):
    """Area and cells of the unit alone, from yosys's counts and the library's areas."""
    modules = {n.lstrip("\\"): m["num_cells_by_type"] for n, m in modules_of(stat).items()}

    def cells(module):
        """Those of the modules in it as often as they stand there."""
        total = collections.Counter()
        for kind, number in modules[module].items():
            for inner, count in (cells(kind) if kind in modules else {kind: 1}).items():
                total[inner] += number * count
        return total
    counts = {kind: number for kind, number in sorted(cells("tern_unit").items()) if kind != "tern_macro"}
    for kind in counts:
        cell = process.library.cells.get(kind)
        if cell is None:
            remedy = ("has no flip-flop that serves" if "FF" in kind or "LATCH" in kind else "has no cell that serves")
            raise Problem(f"{where}: {process.library.name} {remedy} {kind}: add the file that holds one to --liberty")
        if cell.area is None:
            raise Problem(f"{process.library.files[0]['name']}: cell {kind}: no area: mend the file or --dont-use {kind}")
    area = sum(number * process.library.cells[kind].area for kind, number in counts.items())
    return {"area_um2": round(area, 6), "kge": round(area / process.nand2.area / 1000, 6), "cells": sum(counts.values()),
            "flip_flops": sum(n for kind, n in counts.items() if process.library.cells[kind].flip_flop),
            "cells_by_type": counts}


def modules_of(stat):
    """The modules of `stat -json`, of which yosys 0.23 spoils the rest where one stands in another."""
    key = '"modules":'
    return json.JSONDecoder().raw_decode(stat[stat.index(key) + len(key):].lstrip())[0]


def macro_bits(dump):
    """Bits of the memories that stand for macros, from the parameters of their $mem_v2 cells."""
    bits, size = 0, 0
    for name, value in re.findall(r"parameter (?:signed )?\\(SIZE|WIDTH) (\S+)", dump):
        number = int(value.split("'")[1], 2) if "'" in value else int(value)
        if name == "SIZE":
            size = number
        else:
            bits += size * number
    return bits


def best(rows):
    """The smallest that meets the clock; if none does, the fastest."""
    good = [row for row in rows if row["meets_clock"]]
    return min(good, key=lambda row: row["area_um2"]) if good else max(rows, key=lambda row: row["fmax_mhz"])
