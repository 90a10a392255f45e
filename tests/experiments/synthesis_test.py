#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""experiments/synthesis on designs of a few cells, in the library of Debian's qflow-tech-osu018.

State space: cell areas and counts; register-to-register paths; which recipe is kept; one Liberty file in two halves;
full-adder cells, plain and inverting; memories that are macros; results that are updated; everything that can be wrong.
Parameters: CASES, what is wrong with an input and what the one sentence has to name.
"""

import gzip
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TOOL = ROOT / "experiments/synthesis/synthesis.py"
sys.path.insert(0, str(TOOL.parent))

import designs
import flow
import liberty
import table

OSU = pathlib.Path("/usr/share/qflow/tech/osu018/osu018_stdcells.lib")
NAND2, NAND3, INV, DFF, FAX = 24, 36, 16, 96, 120  # um2, read off the file by eye

RTL = """
module two(input clk_i, input [1:0] d_i, output logic q_o);
  always_ff @(posedge clk_i) q_o <= ~(d_i[0] & d_i[1]);
endmodule
module comb(input [6:0] d_i, output [2:0] n_o);
  wire [1:0] a, b, c;
  assign a = {d_i[0] & d_i[1] | d_i[0] & d_i[2] | d_i[1] & d_i[2], d_i[0] ^ d_i[1] ^ d_i[2]};
  assign b = {d_i[3] & d_i[4] | d_i[3] & d_i[5] | d_i[4] & d_i[5], d_i[3] ^ d_i[4] ^ d_i[5]};
  assign c = {a[0] & b[0] | a[0] & d_i[6] | b[0] & d_i[6], a[0] ^ b[0] ^ d_i[6]};
  assign n_o[0] = c[0];
  assign n_o[1] = a[1] ^ b[1] ^ c[1];
  assign n_o[2] = a[1] & b[1] | a[1] & c[1] | b[1] & c[1];
endmodule
module store #(parameter int Words = 16) (input clk_i, input we_i, input [$clog2(Words)-1:0] at_i, input [4:0] d_i,
                                          output logic [4:0] q_o);
  logic [4:0] cells [Words];
  always_ff @(posedge clk_i) begin
    if (we_i) cells[at_i] <= d_i;
    q_o <= cells[at_i] ^ d_i;
  end
endmodule
module nand_row #(parameter int Twos = 1) (input clk_i, input [2*Twos-1:0] d_i, output [Twos-1:0] q_o);
  for (genvar i = 0; i < Twos; i++) begin : gen_two
    two u_two(.clk_i, .d_i(d_i[2*i +: 2]), .q_o(q_o[i]));
  end
endmodule
module nand_rows(input clk_i, input [14:0] d_i, output logic [6:0] q_o);
  logic [6:0] q;
  nand_row #(.Twos(3)) u_a(.clk_i, .d_i(d_i[5:0]), .q_o(q[2:0]));
  nand_row #(.Twos(3)) u_b(.clk_i, .d_i(d_i[11:6]), .q_o(q[5:3]));
  nand_row #(.Twos(1)) u_c(.clk_i, .d_i(d_i[13:12]), .q_o(q[6]));
  assign q_o = {q[6], q[5:0] ^ {6{d_i[14]}}};
endmodule
module skewed(input [23:0] d_i, output [15:0] n_o);
  for (genvar i = 0; i < 8; i++) begin : gen_adder
    wire [2:0] t = d_i[3*i +: 3] ^ 3'(i);
    assign n_o[2*i] = ^d_i[3*i +: 3];
    assign n_o[2*i+1] = t[0] & t[1] | t[0] & t[2] | t[1] & t[2];
  end
endmodule
module product(input [3:0] a_i, b_i, output [7:0] p_o);
  assign p_o = a_i * b_i;
endmodule
"""
ROW = '[[design]]\nname = "{0}"\ntop = "{0}"\ngroup = "unit"\n'
DESIGNS = ('sources = ["rtl.sv"]\n' + ROW.format("two") + ROW.format("comb") + "lanes = 7\n" + ROW.format("store")
           + ROW.format("product") + "multiplier_free = true\nlarge = true\n"
           + '[[design]]\nname = "macro"\ntop = "store"\ngroup = "engine"\nmacros = ["c*lls"]\nparameters = {Words = 64}\n'
           + ROW.format("skewed") + ROW.format("nand_rows") + 'modules = ["nand_row", "two"]\n'
           + '[[design]]\nname = "absent"\ntop = "no_module"\ngroup = "unit"\nlarge = true\n')


class Case(unittest.TestCase):

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tern-synthesis-test-"))
        self.addCleanup(shutil.rmtree, self.folder)
        (self.folder / "rtl.sv").write_text(RTL)
        (self.folder / "designs.toml").write_text(DESIGNS)
        (self.folder / "tmp").mkdir()

    def command(self, *arguments):
        return ["/usr/bin/python3", str(TOOL), "--designs-file", str(self.folder / "designs.toml"), *map(str, arguments)]

    def environment(self, **changes):
        return os.environ | {"TMPDIR": str(self.folder / "tmp")} | changes

    def run_tool(self, *arguments, **changes):
        return subprocess.run(self.command(*arguments), capture_output=True, text=True, env=self.environment(**changes),
                              check=False, timeout=120)

    def results(self, *arguments):
        """The JSON of a run that has to succeed."""
        path = self.folder / "results.json"
        done = self.run_tool(*arguments, "--json", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(path.read_text())

    def refused(self, *arguments, **changes):
        """The one sentence of a run that has to fail."""
        path = self.folder / "none.json"
        done = self.run_tool(*arguments, "--json", path, **changes)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertFalse(path.exists())
        last = done.stderr.strip().splitlines()[-1]
        self.assertTrue(last.startswith("synthesis.py: "), done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        return last

    def library(self, text, name="some.lib"):
        path = self.folder / name
        path.write_text(text)
        return path


def row(document, design, recipe):
    result = next(r for r in document["results"] if r["design"] == design)
    return next(r for r in result["recipes"] if r["recipe"] == recipe)


class Measures(Case):

    def test_area_is_the_sum_of_the_cells_and_registers_at_the_ports_do_not_count(self):
        document = self.results("--designs", "two", "--recipes", "area", "--clock", "100")
        self.assertEqual(document["results"][0]["cells_by_type"], {"DFFPOSX1": 1, "NAND2X1": 1})
        found = row(document, "two", "area")
        self.assertEqual(found["area_um2"], DFF + NAND2)
        self.assertEqual(found["kge"], (DFF + NAND2) / NAND2 / 1000)
        self.assertEqual((found["cells"], found["flip_flops"], found["macro_bits"]), (2, 1, 0))
        self.assertTrue(found["meets_clock"])

    def test_full_adders_become_cells_that_count_right(self):
        work = self.folder / "work"
        document = self.results("--designs", "comb", "--recipes", "adders_area", "--clock", "100", "--work", work)
        self.assertEqual(document["results"][0]["cells_by_type"], {"FAX1": 4})
        self.assertEqual(row(document, "comb", "adders_area")["area_um2"], 4 * FAX)
        self.assert_counts(work, OSU)

    def test_full_adders_with_inverted_outputs_count_right_too(self):
        text = OSU.read_text()
        cell = text[text.index("cell (FAX1)"):text.index("cell (HAX1)")]
        inverse = re.sub(r'function : "(.*)"', r'function : "(!\1)"', cell)
        self.assertEqual(inverse.count("(!"), 2)
        path, work = self.library(text.replace(cell, inverse)), self.folder / "work"
        document = self.results("--liberty", path, "--designs", "comb", "--recipes", "adders_area", "--work", work,
                                "--dont-use", "^HAX")
        self.assertEqual(document["results"][0]["cells_by_type"]["FAX1"], 4)
        self.assert_counts(work, path)

    def test_full_adders_with_inverted_inputs_compute_what_they_stand_for(self):
        work = self.folder / "work"
        document = self.results("--designs", "skewed", "--recipes", "adders_area", "--clock", "100", "--work", work)
        self.assertEqual(document["results"][0]["cells_by_type"]["FAX1"], 8)
        script = ("read_rtlil unit.il; rename tern_unit gold; splitnets -ports; design -stash gold; "
                  f"read_liberty -ignore_miss_func {OSU}; read_verilog adders_area.v; hierarchy -top tern_unit; flatten; "
                  "rename tern_unit gate; design -stash gate; design -copy-from gold gold; design -copy-from gate gate; "
                  "miter -equiv -flatten gold gate miter; sat -verify -prove trigger 0 miter")
        done = subprocess.run(["yosys", "-q", "-p", script], cwd=next(work.glob("*_skewed")), capture_output=True, text=True,
                              check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def assert_counts(self, work, library):
        """The mapped netlist counts the ones of seven bits, by yosys's model of the cells."""
        folder = next(work.glob("*_comb"))
        script = (f"read_liberty -ignore_miss_func {library}; read_verilog adders_area.v; hierarchy -top tern_unit; flatten; "
                  "read_verilog -sv count.v; flatten count; select count; "
                  "sat -verify -prove wrong 0 -show-inputs count")
        ports = " + ".join(f"d_i[{i}]" for i in range(7))
        pins = [rf".\d_i[{i}] (d_i[{i}])" for i in range(7)] + [rf".\n_o[{i}] (n[{i}])" for i in range(3)]
        (folder / "count.v").write_text(
            "module count(input [6:0] d_i, output wrong); wire [2:0] n;\n"
            f"tern_unit u({', '.join(pins)});\n"
            f"wire [2:0] sum = {ports}; assign wrong = n != sum;\nendmodule\n")
        done = subprocess.run(["yosys", "-q", "-p", script], cwd=folder, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_fmax_is_that_of_the_path_of_an_inverter_chain(self):
        stages = 7
        wires = "".join(f"INVX1 i{i} (.A(n{i}), .Y(n{i + 1}));\n" for i in range(stages))
        (self.folder / "chain.v").write_text(
            f"module tern_timed(clk_i, d, q); input clk_i, d; output q;\n"
            f"{''.join(f'wire n{i};' for i in range(stages + 1))}\nDFFPOSX1 a (.CLK(clk_i), .D(d), .Q(n0));\n{wires}"
            f"DFFPOSX1 b (.CLK(clk_i), .D(n{stages}), .Q(q));\nendmodule\n")
        import tools
        process = flow.Process(liberty.load([OSU]), OSU, None, None)
        for clock in (0.5, 3.0):  # missed and met
            (_, slack, start, end), = flow.paths_of(tools.Tools(), process, self.folder, "chain", "chain.v", clock)
            arrival, setup = self.path_by_hand(self.folder / "chain.v")
            self.assertEqual((start, end), ("a/Q", "b/D"))
            timing = flow.timing(clock, slack)
            self.assertEqual(timing["meets_clock"], clock == 3.0)
            self.assertAlmostEqual(timing["fmax_mhz"], 1000 / (arrival + setup), delta=0.02)

    def path_by_hand(self, netlist):
        """(arrival, set-up) in ns of the worst path, off a report of OpenSTA."""
        script = self.folder / "hand.tcl"
        script.write_text(f"read_liberty {OSU}\nread_verilog {netlist}\nlink_design tern_timed\n"
                          "create_clock -name c -period 10 [get_ports clk_i]\nreport_checks -path_delay max -digits 6\n")
        text = subprocess.run(["sta", "-no_init", "-no_splash", "-exit", str(script)], capture_output=True, text=True,
                              check=True).stdout
        return (float(re.search(r"(\S+)\s+data arrival time", text).group(1)),
                -float(re.search(r"(\S+)\s+\S+\s+library setup time", text).group(1)))

    def test_fmax_of_a_mapped_unit_is_that_of_its_netlist(self):
        work = self.folder / "work"
        document = self.results("--designs", "comb", "--recipes", "area", "--work", work)
        arrival, setup = self.path_by_hand(next(work.glob("*_comb")) / "area.v")
        self.assertAlmostEqual(row(document, "comb", "area")["fmax_mhz"], 1000 / (arrival + setup), delta=0.05)

    def test_the_period_is_65_delays_of_an_inverter_that_drives_four(self):
        delays = []
        for stages in (2, 6):
            wires = "".join(f"INVX1 i{i}_{j} (.A(n{i}), .Y({f'n{i + 1}' if j == 0 else f'o{i}_{j}'}));\n"
                            for i in range(stages) for j in range(4))
            path = self.folder / "chain.v"
            names = [f"n{i}" for i in range(stages + 1)] + [f"o{i}_{j}" for i in range(stages) for j in (1, 2, 3)]
            path.write_text(f"module tern_timed(clk_i, d, q); input clk_i, d; output q;\nwire {', '.join(names)};\n"
                            f"DFFPOSX1 a (.CLK(clk_i), .D(d), .Q(n0));\n{wires}"
                            f"DFFPOSX1 b (.CLK(clk_i), .D(n{stages}), .Q(q));\nendmodule\n")
            delays.append(sum(self.path_by_hand(path)))
        document = self.results("--designs", "two", "--recipes", "area")
        fo4 = (delays[1] - delays[0]) / 4
        self.assertAlmostEqual(document["library"]["fo4_ns"], fo4, delta=0.01 * fo4)
        self.assertEqual(document["clock_ns"], round(65 * document["library"]["fo4_ns"], 4))

    def test_fallbacks_are_tried_where_no_other_recipe_meets_the_clock(self):
        met = self.results("--designs", "comb", "--recipes", "area|speed", "--clock", "100")["results"][0]
        missed = self.results("--designs", "comb", "--recipes", "area|speed", "--clock", "0.5")["results"][0]
        self.assertEqual([r["recipe"] for r in met["recipes"]], ["area"])
        self.assertEqual([r["recipe"] for r in missed["recipes"]], ["area", "speed"])
        fastest = max(missed["recipes"], key=lambda r: r["fmax_mhz"])
        self.assertEqual((missed["best"], fastest["meets_clock"]), (fastest["recipe"], False))

    def test_memories_named_as_macros_are_bits_and_others_are_flip_flops(self):
        document = self.results("--designs", "macro|store", "--recipes", "area")
        macro, store = row(document, "macro", "area"), row(document, "store", "area")
        self.assertEqual(macro["macro_bits"], 64 * 5)
        self.assertLess(macro["flip_flops"], 20)
        self.assertEqual((store["macro_bits"], store["flip_flops"]), (0, 16 * 5 + 5))

    def test_modules_that_stay_count_as_often_as_they_stand_there(self):
        work = self.folder / "work"
        document = self.results("--designs", "nand_rows", "--recipes", "area", "--work", work)
        cells = document["results"][0]["cells_by_type"]
        self.assertEqual({kind: cells[kind] for kind in ("DFFPOSX1", "NAND2X1")}, {"DFFPOSX1": 7, "NAND2X1": 7})
        netlist = (next(work.glob("*_nand_rows")) / "area.v").read_text()
        self.assertEqual(netlist.count("NAND2X1 "), 1)  # mapped once
        found = row(document, "nand_rows", "area")
        self.assertEqual((found["flip_flops"], found["cells"]), (7, sum(cells.values())))
        arrival, setup = self.path_by_hand(next(work.glob("*_nand_rows")) / "area.v")
        self.assertAlmostEqual(found["fmax_mhz"], 1000 / (arrival + setup), delta=0.05)

    def test_a_row_with_configs_stands_for_each_configuration_and_arithmetic(self):
        (self.folder / "configs.cmake").write_text(
            "# set(TERN_RTL_CONFIGS none)\nset(TERN_RTL_CONFIGS a b)\nset(TERN_RTL_a Words=16 Skip=1\n  Other=3)\n"
            "set(TERN_RTL_b Skip=0 Words=32)\nset(TERN_RTL_FORMATS x:0:2 y:3:0)\n")
        path = self.folder / "designs.toml"
        engines = '[[design]]\nname = "e"\ntop = "store"\ngroup = "engine"\nconfigs = "{}"\nconfigured = ["{}"]\n'
        path.write_text(DESIGNS + engines.format("configs.cmake", "Words"))
        found = {d.name: d.parameters for d in designs.load_designs(path)[0] if d.name.startswith("e_")}
        self.assertEqual(found, {"e_a/x": {"Format": 0, "DotUnit": 2, "Words": 16},
                                 "e_a/y": {"Format": 3, "DotUnit": 0, "Words": 16},
                                 "e_b/x": {"Format": 0, "DotUnit": 2, "Words": 32},
                                 "e_b/y": {"Format": 3, "DotUnit": 0, "Words": 32}})
        for file, parameter, names in (("configs.cmake", "Other", ["configs.cmake", "b", "Other"]),
                                       ("none.cmake", "Words", ["none.cmake", "No such file"]),
                                       ("rtl.sv", "Words", ["rtl.sv", "TERN_RTL_CONFIGS"])):
            path.write_text(DESIGNS + engines.format(file, parameter))
            last = self.refused("--designs", "two")
            for name in names:
                self.assertIn(name, last)

    def test_the_best_recipe_is_the_smallest_that_meets_the_clock_or_else_the_fastest(self):
        def rows(*values):
            return [{"recipe": n, "area_um2": a, "fmax_mhz": f, "meets_clock": m} for n, a, f, m in values]
        self.assertEqual(flow.best(rows(("a", 10, 90, False), ("b", 30, 150, True), ("c", 20, 101, True)))["recipe"], "c")
        self.assertEqual(flow.best(rows(("a", 10, 90, False), ("b", 30, 95, False)))["recipe"], "b")
        self.assertEqual(flow.best(rows(("a", 10, 100, True), ("b", 10, 120, True)))["recipe"], "a")

    def test_a_library_in_two_halves_gives_what_the_whole_gives(self):
        text = OSU.read_text()
        cut = text.index("cell (FAX1)")
        header = text[:text.index("cell (AND2X1)")]
        first = self.library(text[:cut] + "}\n", "osu_first.lib")
        second = self.folder / "osu_second.lib.gz"
        second.write_bytes(gzip.compress((header + text[cut:]).encode()))
        self.assertEqual(liberty.load([first, second]).text, liberty.load([OSU]).text)  # what files share stands once
        whole = self.results("--designs", "two|comb")
        halves = self.results("--designs", "two|comb", "--liberty", first, second)
        self.assertEqual([f["name"] for f in halves["library"]["files"]], [first.name, second.name])
        for document in (whole, halves):
            for result in document["results"]:
                for recipe in result["recipes"]:
                    del recipe["yosys_s"], recipe["sta_s"]
            del document["library"]["files"]
        self.assertEqual(whole["results"], halves["results"])
        self.assertEqual(whole["library"], halves["library"])

    def test_an_update_keeps_other_designs_and_refuses_another_clock(self):
        path = self.folder / "kept.json"
        for names in ("comb", "two"):
            done = self.run_tool("--designs", names, "--recipes", "area", "--clock", "9", "--json", path, "--update")
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([r["design"] for r in json.loads(path.read_text())["results"]], ["two", "comb"])
        self.run_tool("--designs", "two", "--recipes", "area|speed", "--clock", "9", "--json", path)
        done = self.run_tool("--designs", "comb", "--recipes", "area", "--clock", "9", "--json", path, "--update")
        self.assertEqual(done.returncode, 0, done.stderr)  # a part of the file's recipes
        document = json.loads(path.read_text())
        self.assertEqual([r["name"] for r in document["recipes"]], ["area", "speed"])
        self.assertEqual([r["design"] for r in document["results"]], ["two", "comb"])
        before = path.read_bytes()
        done = self.run_tool("--designs", "two", "--recipes", "adders_area", "--clock", "9", "--json", path, "--update")
        self.assertEqual(done.returncode, 1)
        self.assertIn("recipes differs", done.stderr)
        done = self.run_tool("--designs", "two", "--recipes", "area", "--clock", "8", "--json", path, "--update")
        self.assertEqual(done.returncode, 1)
        self.assertIn("clock_ns differs", done.stderr)
        self.assertEqual(path.read_bytes(), before)


class Netlists(Case):
    """Units of rtl/ as mapped: proved to compute what their RTL does, from registers that hold zero."""

    def prove(self, design, recipe):
        work = self.folder / "work"
        done = subprocess.run(["/usr/bin/python3", str(TOOL), "--designs", design, "--recipes", recipe, "--jobs", "1",
                               "--work", str(work)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        unit = next(work.glob("000_*"))
        (unit / "equal.ys").write_text(
            "read_rtlil unit.il\nsynth -flatten -noabc -top tern_unit\nsplitnets -ports\nrename tern_unit gold\n"
            f"design -stash gold\nread_liberty -ignore_miss_func {OSU}\nread_verilog {recipe}.v\nhierarchy -top tern_unit\n"
            "proc\nflatten\nopt_clean\nrename tern_unit gate\ndesign -stash gate\ndesign -copy-from gold gold\n"
            "design -copy-from gate gate\nmiter -equiv -flatten gold gate miter\nhierarchy -top miter\ntechmap\nopt_clean\n"
            "dffunmap\nsetundef -zero\nzinit -all\naigmap\nopt_clean\nwrite_aiger miter.aig\n")
        done = subprocess.run(["yosys", "-q", "equal.ys"], cwd=unit, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = subprocess.run(["yosys-abc", "-c", "read_aiger miter.aig; dprove"], cwd=unit, capture_output=True, text=True,
                              check=False)
        return done.stdout

    def test_dot_ternary_by_full_adders(self):
        self.assertIn("Networks are equivalent", self.prove("dot_ternary/1x16", "adders_area"))

    def test_dot_ternary_lut2_by_full_adders(self):
        self.assertIn("Networks are equivalent", self.prove("dot_ternary_lut2/1x16", "adders_area"))

    def test_dot_ternary_by_gates(self):
        self.assertIn("Networks are equivalent", self.prove("dot_ternary/1x16", "area"))

    def test_dot_int8_by_full_adders(self):
        self.assertIn("Networks are equivalent", self.prove("dot_int8/1x16", "adders_area"))

    def test_unpack_t5_by_full_adders(self):
        self.assertIn("UNSATISFIABLE", self.prove("unpack_t5/5x16", "adders_area"))


class Liberty(unittest.TestCase):

    def test_boolean_functions_mean_what_liberty_says(self):
        laws = {"(!(A B))": lambda a, b, c: not (a and b), "A' + B": lambda a, b, c: not a or b,
                "A ^ B ^ C": lambda a, b, c: (a + b + c) % 2 == 1, "!A*B|C": lambda a, b, c: (not a and b) or c,
                "(A&B) | !(C)": lambda a, b, c: (a and b) or not c, "A B + C'": lambda a, b, c: (a and b) or not c,
                "A (B ^ C)'": lambda a, b, c: a and b == c}
        for text, law in laws.items():
            for values in liberty.TRIPLES:
                with self.subTest(text=text, values=values):
                    self.assertEqual(bool(liberty.evaluate(text, dict(zip("ABC", values)))), bool(law(*values)))

    def test_cells_of_osu018_are_read_as_they_stand(self):
        library = liberty.load([OSU])
        self.assertEqual((len(library.cells), library.time_ns, library.nom_voltage), (32, 1.0, "1.8"))
        areas = {"NAND2X1": NAND2, "NAND3X1": NAND3, "INVX1": INV, "DFFPOSX1": DFF, "FAX1": FAX}
        self.assertEqual({name: library.cells[name].area for name in areas}, areas)
        self.assertEqual(sorted(n for n, c in library.cells.items() if c.flip_flop), ["DFFNEGX1", "DFFPOSX1", "DFFSR"])
        self.assertEqual(library.cells["FAX1"].full_adder(), {"sum": ("YS", False), "carry": ("YC", False)})
        self.assertNotIn("internal_power", library.text)


class Table(unittest.TestCase):

    def test_ratios_are_of_area_per_lane_to_dot_ternary_of_that_size(self):
        def result(design, lanes, area, meets=True, bits=0, group="unit"):
            recipe = {"recipe": "r", "area_um2": area, "kge": area / 1000, "fmax_mhz": 123.4, "meets_clock": meets,
                      "macro_bits": bits}
            return {"design": design, "group": group, "lanes": lanes, "best": "r", "recipes": [recipe]}
        document = {"library": {"name": "lib"}, "clock_ns": 5.0, "results": [
            result("dot_ternary/1x64", 64, 6400.0), result("dot_ternary/5x16", 80, 4000.0),
            result("dot_int8/5x16", 80, 12000.0, meets=False), result("dot_fp16/1x16", 16, 16000.0),
            result("sum", 0, 12.5), result("engine_a/ternary", 10, 100.0, bits=2048, group="engine"),
            result("engine_a/fp16", 10, 450.0, group="engine")]}
        lines = table.markdown([document]).splitlines()[2:]
        self.assertEqual(lines, [
            "| `dot_ternary/1x64` | 6,400 (6.40) | 123 | x 1.00 |", "| `dot_ternary/5x16` | 4,000 (4.00) | 123 | x 1.00 |",
            "| `dot_int8/5x16` | 12,000 (12.00) | 123 (misses) | x 3.00 |",
            "| `dot_fp16/1x16` | 16,000 (16.00) | 123 | x 10.00 |", "| `sum` | 12.5 (0.01) | 123 |  |",
            "| `engine_a/ternary` | 100 (0.10) + 2,048 bits | 123 | x 1.00 |",
            "| `engine_a/fp16` | 450 (0.45) | 123 | x 4.50 |"])
        self.assertEqual(table.markdown([document], ".*/5x16").splitlines()[2:], lines[1:3])


class BadInput(Case):

    def test_each_ends_with_one_sentence_that_names_it(self):
        text = OSU.read_text()
        whole = self.folder / "whole.lib.gz"
        whole.write_bytes(gzip.compress(text.encode()))
        cut = self.folder / "cut.lib.gz"
        cut.write_bytes(whole.read_bytes()[:20000])
        open_ended = self.library(text[:len(text) // 2], "open.lib")
        no_flip_flop = self.library(re.sub(r"\bff \(.*?\}", "", text, flags=re.DOTALL), "dry.lib")
        ps = self.library(text.replace('time_unit : "1ns"', 'time_unit : "1ps"').replace("cell (", "cell (Z"), "ps.lib")
        no_area = self.library(text.replace("area : 24;", ""), "no_area.lib")
        words = self.library("Dear Sir", "letter.lib")
        library = self.library("library (empty) { time_unit : \"1ns\"; }", "empty.lib")
        other = self.folder / "other.toml"
        broken = self.folder / "broken.toml"
        broken.write_text(DESIGNS.replace('group = "unit"', 'group = "onion"'))
        cases = (
            (["--liberty", self.folder / "none.lib"], ["none.lib", "No such file"]),
            (["--liberty", cut], ["cut.lib.gz", "broken gzip"]),
            (["--liberty", open_ended], ["open.lib", "cut short"]),
            (["--liberty", words], ["letter.lib", "library"]),
            (["--liberty", library], ["empty.lib", "no cell"]),
            (["--liberty", no_flip_flop], ["dry.lib", "no flip-flop"]),
            (["--liberty", OSU, ps], ["ps.lib", "time_unit"]),
            (["--liberty", OSU, whole], ["whole.lib.gz", "AND2X1", "earlier file"]),
            (["--liberty", no_area], ["no_area.lib", "two-input NAND"]),
            (["--dont-use", "NAND2"], ["two-input NAND", "--dont-use"]),
            (["--dont-use", "("], ["--dont-use"]),
            (["--designs", "no_such"], ["no_such", "two", "comb"]),
            (["--designs", "["], ["--designs", "regular expression"]),
            (["--designs", "absent"], ["designs.toml", "absent", "no_module"]),
            (["--recipes", "none"], ["--recipes", "adders_area"]),
            (["--clock", "-1"], ["--clock -1"]),
            (["--jobs", "0"], ["--jobs 0"]),
            (["--designs-file", other], ["other.toml", "No such file"]),
            (["--designs-file", broken], ["broken.toml", "two", "onion"]),
            (["--designs", "product", "--recipes", "area"], ["product: elaborate", "Assertion failed", "$mul"]),
        )
        for arguments, names in cases:
            with self.subTest(arguments=[str(a) for a in arguments]):
                if "--designs" not in arguments and "--designs-file" not in arguments:
                    arguments = arguments + ["--designs", "two"]
                last = self.refused(*arguments)
                for name in names:
                    self.assertIn(name, last)

    def test_a_failure_of_yosys_names_its_log_and_other_failures_leave_no_folder(self):
        (self.folder / "rtl.sv").write_text(RTL + "module bad(input a_i; endmodule\n")
        last = self.refused("--designs", "two")
        log = pathlib.Path(last.rsplit(" ", 1)[1])
        self.assertIn("syntax error", log.read_text())
        shutil.rmtree(log.parent.parent)
        self.refused("--designs", "two", "--dont-use", "NAND2")
        self.assertEqual(list((self.folder / "tmp").iterdir()), [])

    def test_a_missing_program_is_named_with_its_package(self):
        some = self.folder / "bin"
        some.mkdir()
        (some / "yosys").symlink_to(shutil.which("yosys"))
        self.assertIn("apt-get install opensta", self.refused("--designs", "two", PATH=str(some)))

    def test_a_file_that_cannot_be_written_is_refused_before_the_work(self):
        done = self.run_tool("--designs", "two", "--json", self.folder / "no/such/folder.json")
        self.assertEqual(done.returncode, 1)
        self.assertIn("folder.json: cannot be written", done.stderr)
        self.assertNotIn("[1/", done.stderr)

    def test_results_that_are_none_are_no_table(self):
        for text in ("{", '{"schema": "tern.other", "schema_version": 1}', "[]"):
            path = self.library(text, "results.json")
            done = self.run_tool("--table", path)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("results.json", done.stderr)

    def test_an_interrupt_leaves_no_file_and_no_process(self):
        path, some = self.folder / "results.json", self.folder / "bin"
        some.mkdir()
        slow = some / "yosys"
        slow.write_text('#!/bin/sh\n[ "$1" = -V ] && echo Yosys 0 && exit\nsleep 300 &\n'
                        f'echo $! > {self.folder}/pid.new; mv {self.folder}/pid.new {self.folder}/pid; wait\n')
        slow.chmod(0o755)
        for number in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen(self.command("--json", path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                       env=self.environment(PATH=f"{some}:{os.environ['PATH']}"))
            while not (self.folder / "pid").exists():
                self.assertIsNone(process.poll())
                time.sleep(0.01)
            sleeper = int((self.folder / "pid").read_text())
            (self.folder / "pid").unlink()
            process.send_signal(number)
            _, errors = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 128 + number)
            self.assertEqual(errors.strip(), "synthesis.py: interrupted: nothing is written")
            self.assertFalse(path.exists())
            while self.lives(sleeper):  # a process that was killed takes a moment; one that was not, the test's timeout
                time.sleep(0.01)
            self.assertEqual(list((self.folder / "tmp").iterdir()), [])

    @staticmethod
    def lives(process):
        try:  # a zombie that init has not reaped is dead as well
            return pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False


if __name__ == "__main__":
    unittest.main()
