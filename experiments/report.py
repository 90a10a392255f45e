#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""compare.json -> report.html (one self-contained file) and report.png (a summary picture).

Usage: report.py compare.json FOLDER
Draws and words what the JSON says; computes nothing that is not in it but factors for axes.
"""

import html
import io
import json
import os
import sys

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
except ImportError:
    sys.exit("report.py: matplotlib is missing; install it with: apt-get install python3-matplotlib")

INK, GRID, MUTED = "#1f2933", "#e4e7eb", "#616e7c"
COLOUR = {"ternary": "#0b7285", "fp16": "#d9480f"}
NAME = {"ternary": "ternary", "fp16": "FP16"}
FLAVOURS = ("ternary", "fp16")
PHASES = ("prefill", "decode")
WORKS = ("linear layers", "whole token")
SCOPES = ("arithmetic", "core", "system")
# One colour per component, in the order in which they are met; colour-blind safe (Okabe-Ito).
PALETTE = ["#0072B2", "#56B4E9", "#009E73", "#F0E442", "#E69F00", "#CC79A7", "#999999", "#332288", "#882255"]
DRAM_COLOUR = "#495057"

plt.rcParams.update(
    {
        "font.family": "DejaVu Sans", "font.size": 9, "text.color": INK, "axes.labelcolor": INK,
        "axes.edgecolor": "#9aa5b1", "xtick.color": INK, "ytick.color": INK, "axes.titlesize": 10,
        "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.spines.top": False,
        "axes.spines.right": False, "axes.axisbelow": True, "figure.facecolor": "white",
        "legend.frameon": False, "svg.hashsalt": "tern",
    }
)


def si(value, unit="", digits=3):
    """Three digits and an SI prefix."""
    if not value:
        return f"0 {unit}".strip()
    for factor, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"), (1e-6, "µ"),
                           (1e-9, "n"), (1e-12, "p")):
        if abs(value) >= 0.9995 * factor:
            break
    scaled = value / factor
    places = max(0, digits - len(str(int(abs(scaled) + 0.0005))))
    return f"{scaled:.{places}f} {prefix}{unit}"


def factor_text(value):
    return f"{value:.1f}×" if value < 99.95 else f"{value:.0f}×"


def select(records, **wanted):
    return [r for r in records if all(r.get(k) == v for k, v in wanted.items())]


def one(records, **wanted):
    found = select(records, **wanted)
    return found[0] if found else None


class Report:
    """compare.json with the choices that the pictures and sentences share."""

    def __init__(self, data):
        self.data = data
        self.levels = data["simulated_levels"]
        self.level = self.levels[-1] if self.levels else None
        self.technologies = [t["name"] for t in data["technologies"]]
        self.titles = {t["name"]: t["title"] for t in data["technologies"]}
        # The newest technology is the one the summary speaks of.
        self.technology = self.technologies[-1]
        self.isas = data["isas"]
        self.isa = self.isas[-1]
        components = []
        for record in data["energy_components"]:
            if record["component"] not in components:
                components.append(record["component"])
        logic = [c for c in components if c != "dram"]
        self.components = logic + (["dram"] if "dram" in components else [])
        self.component_colour = {c: PALETTE[i % len(PALETTE)] for i, c in enumerate(logic)}
        self.component_colour["dram"] = DRAM_COLOUR

    def energy(self, flavour, technology, phase, work, scope):
        return one(self.data["energy"], flavour=flavour, level=self.level, technology=technology, phase=phase,
                   work=work, scope=scope)

    def ratio(self, metric, **wanted):
        return one(self.data["ratios"], metric=metric, **wanted)


# ---------------------------------------------------------------- pictures


def grouped_bars(axes, groups, values, errors=None, label=lambda v: si(v), log=False, legend=True):
    """values[flavour][i] for groups[i]; errors[flavour] = (below[], above[])."""
    width = 0.38
    top = 0
    for offset, flavour in ((-width / 2 - 0.01, "ternary"), (width / 2 + 0.01, "fp16")):
        xs = [i + offset for i in range(len(groups))]
        heights = values[flavour]
        bars = errors[flavour] if errors else None
        axes.bar(xs, heights, width, color=COLOUR[flavour], label=NAME[flavour], yerr=bars, capsize=2.5,
                 error_kw={"elinewidth": 1, "ecolor": INK})
        for i, (x, height) in enumerate(zip(xs, heights)):
            above = height + (bars[1][i] if bars else 0)
            top = max(top, above)
            axes.annotate(label(height), (x, above), xytext=(0, 2), textcoords="offset points", ha="center",
                          va="bottom", fontsize=7.5)
    axes.set_xticks(range(len(groups)), groups)
    axes.grid(axis="y", color=GRID)
    axes.tick_params(axis="x", length=0)
    if log:
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        axes.set_ylim(low, high * 2.5)
    else:
        axes.set_ylim(0, top * 1.14 if top else 1)
    if legend:
        axes.legend(loc="best", fontsize=8)


def draw_footprint(axes, report):
    rows = {f: one(report.data["footprint"], flavour=f) for f in FLAVOURS}
    fields = (("linear_bytes", "linear layers"), ("weight_bytes", "all weights"),
              ("kv_cache_bytes_at_context", "KV cache\n(full context)"))
    values = {f: [rows[f][field] / 1e6 for field, _ in fields] for f in FLAVOURS}
    grouped_bars(axes, [name for _, name in fields], values, label=lambda v: f"{v:.2f}")
    axes.set_ylabel("MB")
    axes.set_title("Memory")


def draw_cpu_speed(axes, report, phase, legend=True):
    values, errors = {}, {}
    for flavour in FLAVOURS:
        rows = [one(report.data["cpu_speed"], flavour=flavour, isa=isa, phase=phase) for isa in report.isas]
        values[flavour] = [r["tokens_per_s"] for r in rows]
        errors[flavour] = ([r["tokens_per_s"] - r["tokens_per_s_q1"] for r in rows],
                           [r["tokens_per_s_q3"] - r["tokens_per_s"] for r in rows])
    grouped_bars(axes, report.isas, values, errors, legend=legend)
    axes.set_ylabel("tokens/s")
    axes.set_title(f"CPU, {phase} (measured)")


def draw_accelerator_speed(axes, report, legend=True):
    groups, values = [], {f: [] for f in FLAVOURS}
    for phase in PHASES:
        for work in WORKS:
            rows = {f: one(report.data["accelerator_speed"], flavour=f, level=report.level, phase=phase, work=work)
                    for f in FLAVOURS}
            if not all(rows.values()):
                continue
            groups.append(f"{phase}\n{work}")
            for flavour in FLAVOURS:
                values[flavour].append(rows[flavour]["tokens_per_s"])
    grouped_bars(axes, groups, values, legend=legend)
    axes.set_ylabel("tokens/s")
    axes.set_title("Accelerator (simulated, cycle model = RTL)" if len(report.levels) > 1 else "Accelerator (simulated)")


def draw_energy(axes, report, technology, phase, work="whole token", legend=True):
    values, errors = {}, {}
    for flavour in FLAVOURS:
        rows = [report.energy(flavour, technology, phase, work, scope) for scope in SCOPES]
        values[flavour] = [r["energy_j_per_token"] for r in rows]
        errors[flavour] = ([r["energy_j_per_token"] - r["energy_j_per_token_low"] for r in rows],
                           [r["energy_j_per_token_high"] - r["energy_j_per_token"] for r in rows])
    grouped_bars(axes, SCOPES, values, errors, label=lambda v: si(v, "J"), log=True, legend=legend)
    axes.set_ylabel("J per token")
    axes.set_title(f"{phase}, {work}, {technology}")


def draw_stack(axes, report, technology, scopes, title, legend=True):
    """Horizontal stacks by component; whiskers of the sum."""
    bars = [(phase, flavour) for phase in reversed(PHASES) for flavour in reversed(FLAVOURS)]
    met = set()
    for y, (phase, flavour) in enumerate(bars):
        left = 0
        for component in report.components:
            rows = [r for r in select(report.data["energy_components"], flavour=flavour, technology=technology,
                                      phase=phase, component=component) if r["scope"] in scopes]
            joules = sum(r["energy_j_per_token"] for r in rows)
            if not joules:
                continue
            axes.barh(y, joules, 0.62, left=left, color=report.component_colour[component],
                      label=component.replace("_", " ") if component not in met else None)
            met.add(component)
            left += joules
        axes.annotate(si(left, "J"), (left, y), xytext=(4, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(bars)), [f"{phase}, {NAME[flavour]}" for phase, flavour in bars])
    axes.set_xlim(0, axes.get_xlim()[1] * 1.12)
    axes.grid(axis="x", color=GRID)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_formatter(lambda v, _: si(v, "J", 2) if v else "0")
    axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5))
    axes.set_title(title)
    if legend:
        axes.legend(fontsize=7.5, loc="lower right")


def ladder(report, technology, phase="decode"):
    """The energy factor as the scope widens: (label, low, nominal, high)."""
    steps = []
    paper = one(report.data["paper_formula"], technology=technology)
    if paper:
        steps.append(("the papers' formula\n(adds of 8 bits, 512 tokens)", paper["ratio"], paper["ratio"], paper["ratio"]))
    for work, scope, label in (("linear layers", "arithmetic", "arithmetic,\nlinear layers"),
                               ("linear layers", "core", "+ SRAM and registers"),
                               ("linear layers", "system", "+ DRAM"),
                               ("whole token", "system", "+ head, attention, norms:\nwhole token")):
        row = report.ratio("accelerator joules/token", level=report.level, technology=technology, phase=phase,
                           work=work, scope=scope)
        if row:
            steps.append((label, row["ratio_low"], row["ratio"], row["ratio_high"]))
    return steps


def draw_ladder(axes, report, technology, phase="decode"):
    steps = ladder(report, technology, phase)
    ys = list(range(len(steps)))[::-1]
    for y, (_, low, nominal, high) in zip(ys, steps):
        axes.barh(y, nominal, 0.5, color="#99c9d1" if y else COLOUR["ternary"])
        axes.plot([low, high], [y, y], color=INK, lw=1.2, marker="|", ms=7)
        axes.annotate(factor_text(nominal), (max(high, nominal), y), xytext=(6, 0), textcoords="offset points",
                      va="center", fontsize=9, fontweight="bold")
    axes.set_yticks(ys, [step[0] for step in steps])
    axes.set_xlim(0, axes.get_xlim()[1] * 1.1)
    axes.axvline(1, color=MUTED, lw=0.8, ls=":")
    axes.grid(axis="x", color=GRID)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("FP16 joules / ternary joules, per token")
    axes.set_title(f"What is left of the factor ({phase}, {technology})")


def svg(figure):
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg"):]


def pictures(report):
    result = {}
    figure, axes = plt.subplots(1, 1, figsize=(5.2, 2.9))
    draw_footprint(axes, report)
    result["footprint"] = svg(figure)

    figure, axes = plt.subplots(1, 2, figsize=(10, 2.9), layout="constrained")
    for panel, phase in zip(axes, PHASES):
        draw_cpu_speed(panel, report, phase, legend=phase == "prefill")
    result["cpu"] = svg(figure)
    if not report.level:
        return result

    figure, axes = plt.subplots(1, 1, figsize=(7.6, 3))
    draw_accelerator_speed(axes, report)
    result["accelerator"] = svg(figure)

    count = len(report.technologies)
    figure, axes = plt.subplots(1, count, figsize=(5.4 * count, 2.9), squeeze=False, layout="constrained")
    for panel, technology in zip(axes[0], report.technologies):
        draw_ladder(panel, report, technology)
    result["ladder"] = svg(figure)

    figure, axes = plt.subplots(2, count, figsize=(5.2 * count, 5.8), squeeze=False, layout="constrained")
    for row, phase in zip(axes, PHASES):
        for panel, technology in zip(row, report.technologies):
            draw_energy(panel, report, technology, phase, legend=panel is axes[0][0])
    result["energy"] = svg(figure)

    figure, axes = plt.subplots(count, 2, figsize=(11, 2.6 * count), squeeze=False, layout="constrained")
    for row, technology in zip(axes, report.technologies):
        draw_stack(row[0], report, technology, SCOPES, f"Everything, {technology}", legend=False)
        draw_stack(row[1], report, technology, ("arithmetic", "core"), f"On chip alone, {technology}", legend=False)
    handles = {}
    for panel in axes.flat:
        for handle, label in zip(*panel.get_legend_handles_labels()):
            handles.setdefault(label, handle)
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=6, fontsize=8)
    result["stack"] = svg(figure)
    return result


def summary_picture(report, path):
    if report.level:
        figure, axes = plt.subplots(2, 3, figsize=(15, 7.6), layout="constrained")
        draw_footprint(axes[0][0], report)
        draw_cpu_speed(axes[0][1], report, "decode", legend=False)
        draw_accelerator_speed(axes[0][2], report, legend=False)
        draw_energy(axes[1][0], report, report.technology, "decode", legend=False)
        draw_stack(axes[1][1], report, report.technology, ("arithmetic", "core"),
                   f"On-chip joules per token, {report.technology}")
        draw_ladder(axes[1][2], report, report.technology)
    else:
        figure, axes = plt.subplots(1, 3, figsize=(15, 4), layout="constrained")
        draw_footprint(axes[0], report)
        for panel, phase in zip(axes[1:], PHASES):
            draw_cpu_speed(panel, report, phase, legend=False)
    figure.suptitle(headline(report), fontsize=13, fontweight="bold", x=0.01, ha="left")
    figure.savefig(path, format="png", dpi=110)
    plt.close(figure)


# ---------------------------------------------------------------- words


def headline(report):
    row = report.level and report.ratio("accelerator joules/token", level=report.level, technology=report.technology,
                                        phase="decode", work="whole token", scope="system")
    if not row:
        speed = report.ratio("CPU tokens/s", isa=report.isa, phase="decode")
        return f"Ternary against FP16: {factor_text(speed['ratio'])} the tokens/s on this CPU" if speed else "Ternary against FP16"
    arithmetic = report.ratio("accelerator joules/token", level=report.level, technology=report.technology,
                              phase="decode", work="linear layers", scope="arithmetic")
    return (f"Ternary against FP16, decode: {factor_text(arithmetic['ratio'])} less arithmetic energy in the linear "
            f"layers, {factor_text(row['ratio'])} fewer joules per token in all")


def badge(evidence):
    return f'<span class="badge {html.escape(evidence)}">{html.escape(evidence)}</span>'


def cards(report):
    wanted = [("Memory, linear layers", "bytes of the linear layers", {}, "fewer bytes"),
              (f"CPU decode, {report.isa}", "CPU tokens/s", {"isa": report.isa, "phase": "decode"}, "the tokens/s")]
    if report.level:
        wanted += [("Accelerator decode", "accelerator tokens/s",
                    {"level": report.level, "phase": "decode", "work": "whole token"}, "the tokens/s"),
                   (f"Joules per token, decode, {report.technology}", "accelerator joules/token",
                    {"level": report.level, "technology": report.technology, "phase": "decode",
                     "work": "whole token", "scope": "system"}, "fewer joules")]
    items = []
    for title, metric, where, what in wanted:
        row = report.ratio(metric, **where)
        if not row:
            continue
        span = ""
        if row["ratio_high"] > row["ratio_low"] * 1.005:
            span = f" <small>({row['ratio_low']:.1f} to {row['ratio_high']:.1f})</small>"
        items.append(f'<div class="card"><h3>{html.escape(title)}</h3><p class="big">{factor_text(row["ratio"])}</p>'
                     f"<p>{what}{span} {badge(row['evidence'])}</p></div>")
    return '<div class="cards">' + "".join(items) + "</div>"


def agreement(report):
    rows = report.data["agreement"]
    good = all(r["same"] for r in rows)
    products = sum(r["products"] for r in rows)
    dots = sum(r["dot_products"] for r in rows)
    jobs = sum(r["jobs"] for r in rows)
    verdict = ("All levels computed the same, bit for bit." if good else "THE LEVELS DISAGREE.")
    detail = (f"{products:,} products with {dots:,} dot products compared in this run"
              + (f"; cycles of {jobs:,} jobs equal in the cycle model and the RTL." if jobs else "."))
    body = []
    for r in rows:
        state = "same" if r["same"] else "DIFFERENT: " + r["difference"]
        body.append([NAME[r["flavour"]], r["level"], r["reference"], state, f"{r['tokens']:,}", f"{r['products']:,}",
                     f"{r['dot_products']:,}", f"{r['macs']:,}", f"{r['jobs']:,}" if r["jobs"] else "–"])
    head = ["model", "level", "held against", "tokens and outputs", "tokens", "products", "dot products",
            "multiply-accumulates", "jobs of equal cycles"]
    return (f'<p class="verdict {"good" if good else "bad"}"><b>{verdict}</b> {detail}</p>'
            + details("Every pair of levels", table(head, body, text_columns=4)))


def table(head, body, text_columns=1):
    """Cells are text; those of badge() are HTML and marked by it."""
    def cell(value, column):
        value = str(value)
        inner = value if value.startswith('<span class="badge') else html.escape(value)
        return f'<td{"" if column < text_columns else " class=n"}>{inner}</td>'
    lines = ["<table><thead><tr>"]
    lines += [f'<th{"" if i < text_columns else " class=n"}>{html.escape(h)}</th>' for i, h in enumerate(head)]
    lines.append("</tr></thead><tbody>")
    for row in body:
        lines.append("<tr>" + "".join(cell(v, i) for i, v in enumerate(row)) + "</tr>")
    lines.append("</tbody></table>")
    return "".join(lines)


def details(title, inner, is_open=False):
    return f'<details{" open" if is_open else ""}><summary>{html.escape(title)}</summary><div class="scroll">{inner}</div></details>'


def span(row, field, unit=""):
    return f"{si(row[field], unit)} ({si(row[field + '_low'], unit)} – {si(row[field + '_high'], unit)})"


def footprint_table(report):
    rows = {f: one(report.data["footprint"], flavour=f) for f in FLAVOURS}
    names = (("linear_weights", "weights in linear layers", ""), ("linear_bytes", "their bytes", "B"),
             ("linear_bits_per_weight", "bits per weight there", ""), ("weight_bytes", "bytes of all weights", "B"),
             ("bits_per_weight", "bits per weight, all", ""), ("file_bytes", "checkpoint file", "B"),
             ("kv_cache_bytes_per_token", "KV cache per token", "B"),
             ("kv_cache_bytes_at_context", "KV cache at full context", "B"))
    body = []
    for field, name, unit in names:
        t, f = rows["ternary"][field], rows["fp16"][field]
        body.append([name, si(t, unit, 4), si(f, unit, 4), f"{f / t:.2f}×" if t else "–", badge("measured")])
    return table(["", "ternary", "FP16", "FP16 / ternary", "evidence"], body)


def speed_table(report):
    body = []
    for phase in PHASES:
        for isa in report.isas:
            rows = {f: one(report.data["cpu_speed"], flavour=f, isa=isa, phase=phase) for f in FLAVOURS}
            if not all(rows.values()):
                continue
            def shown(r):
                return f"{si(r['tokens_per_s'])} ({si(r['tokens_per_s_q1'])} – {si(r['tokens_per_s_q3'])})"
            body.append([f"CPU {isa}", phase, "whole token", shown(rows["ternary"]), shown(rows["fp16"]),
                         f"{rows['ternary']['tokens_per_s'] / rows['fp16']['tokens_per_s']:.2f}×", badge("measured")])
    for level in report.levels:
        for phase in PHASES:
            for work in WORKS:
                rows = {f: one(report.data["accelerator_speed"], flavour=f, level=level, phase=phase, work=work)
                        for f in FLAVOURS}
                if not all(rows.values()):
                    continue
                body.append([level, phase, work] + [si(rows[f]["tokens_per_s"]) for f in FLAVOURS]
                            + [f"{rows['ternary']['tokens_per_s'] / rows['fp16']['tokens_per_s']:.2f}×",
                               badge("simulated")])
    return table(["level", "phase", "work", "ternary tokens/s (quartiles)", "FP16 tokens/s (quartiles)",
                  "ternary / FP16", "evidence"], body, text_columns=3)


def energy_table(report, technology):
    body = []
    for level in report.levels:
        for phase in PHASES:
            for work in WORKS:
                for scope in SCOPES:
                    rows = {f: one(report.data["energy"], flavour=f, level=level, technology=technology, phase=phase,
                                   work=work, scope=scope) for f in FLAVOURS}
                    ratio = report.ratio("accelerator joules/token", level=level, technology=technology, phase=phase,
                                         work=work, scope=scope)
                    if not all(rows.values()) or not ratio:
                        continue
                    body.append([level, phase, work, scope] + [span(rows[f], "energy_j_per_token", "J") for f in FLAVOURS]
                                + [f"{ratio['ratio']:.2f}× ({ratio['ratio_low']:.2f} – {ratio['ratio_high']:.2f})",
                                   badge(rows["ternary"]["evidence"])])
    return table(["level", "phase", "work", "scope", "ternary, per token (low – high)", "FP16, per token (low – high)",
                  "FP16 / ternary", "weakest evidence"], body, text_columns=4)


def cpu_energy_table(report):
    body, methods = [], []
    for phase in PHASES:
        for isa in report.isas:
            rows = {f: one(report.data["cpu_energy"], flavour=f, isa=isa, phase=phase) for f in FLAVOURS}
            if not all(rows.values()):
                continue
            for row in rows.values():
                if row["method"] not in methods:
                    methods.append(row["method"])
            body.append([isa, phase] + [span(rows[f], "energy_j_per_token", "J") for f in FLAVOURS]
                        + [f"{rows['fp16']['energy_j_per_token'] / rows['ternary']['energy_j_per_token']:.2f}×",
                           badge(rows["ternary"]["evidence"])])
    head = ["ISA", "phase", "ternary, per token (low – high)", "FP16, per token (low – high)", "FP16 / ternary", "evidence"]
    return (table(head, body, text_columns=2) + "<p class=note>Method: "
            + html.escape("; ".join(methods)) + ".</p>")


def component_table(report, technology):
    body = []
    for phase in PHASES:
        for flavour in FLAVOURS:
            rows = select(report.data["energy_components"], flavour=flavour, technology=technology, phase=phase)
            for r in rows:
                body.append([phase, NAME[flavour], r["scope"], r["component"].replace("_", " "),
                             span(r, "energy_j_per_token", "J"), f"{100 * r['share']:.1f} %", badge(r["evidence"])])
            total = report.energy(flavour, technology, phase, "whole token", "system")
            if total:
                body.append([phase, NAME[flavour], "system", "sum of the above", span(total, "energy_j_per_token", "J"),
                             f"{100 * sum(r['share'] for r in rows):.1f} %", badge(total["evidence"])])
    return table(["phase", "model", "scope", "component", "per token (low – high)", "share", "evidence"], body, text_columns=4)


def price_table(report, technology):
    body, met = [], set()
    for r in report.data["energy_lines"]:
        key = (r["event"], r["bits"], r["memory_bytes"])
        if r["technology"] != technology or key in met:
            continue
        met.add(key)
        memory = si(r["memory_bytes"], "B") if r["memory_bytes"] else "–"
        body.append([r["event"].replace("_", " "), str(r["bits"]), memory,
                     f"{r['price_pj']:.4g} ({r['price_pj_low']:.4g} – {r['price_pj_high']:.4g})", badge(r["evidence"]),
                     r["source"] + (". " + r["note"] if r["note"] else "")])
    return table(["event", "bits", "memory", "pJ (low – high)", "evidence", "source"], body, text_columns=6)


STYLE = """
:root{--ink:#1f2933;--muted:#616e7c;--line:#e4e7eb;--teal:#0b7285}
*{box-sizing:border-box}body{font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--ink);
margin:0;background:#f5f7fa}main{max-width:1080px;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.65rem;line-height:1.25;margin:0 0 .4rem}h2{font-size:1.2rem;margin:0 0 .5rem}
h3{font-size:.82rem;color:var(--muted);font-weight:600;margin:0}
section{background:#fff;border:1px solid var(--line);border-radius:10px;padding:1.25rem 1.4rem;margin-top:1.1rem}
.sub,.note{color:var(--muted);font-size:.9rem}.note{margin:.5rem 0 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(215px,1fr));gap:.9rem;margin-top:1.1rem}
.card{background:#fff;border:1px solid var(--line);border-top:4px solid var(--teal);border-radius:10px;padding:.9rem 1.1rem}
.card p{margin:.1rem 0;font-size:.88rem}.card .big{font-size:2.1rem;font-weight:700;color:var(--teal);line-height:1.2}
.verdict{border-radius:8px;padding:.7rem 1rem;margin:0 0 .6rem}.good{background:#e6f6ec;border-left:5px solid #2b8a3e}
.bad{background:#ffe3e3;border-left:5px solid #c92a2a}
svg{max-width:100%;height:auto;display:block;margin:.4rem 0}
table{border-collapse:collapse;width:100%;font-size:.83rem}th,td{padding:.3rem .55rem;border-bottom:1px solid var(--line);
text-align:left;vertical-align:top}th{color:var(--muted);font-weight:600;background:#fafbfc}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.scroll{overflow-x:auto}
details{margin-top:.7rem}summary{cursor:pointer;color:var(--teal);font-weight:600;font-size:.92rem}
.badge{font-size:.72rem;padding:.05rem .45rem;border-radius:9px;background:#e9ecef;white-space:nowrap}
.measured{background:#d3f9d8}.characterised{background:#d0ebff}.simulated{background:#d0ebff}
.published{background:#e5dbff}.secondary{background:#fff3bf}.assumed{background:#ffe8cc}
blockquote{margin:.3rem 0 .8rem;padding:.5rem .9rem;border-left:4px solid var(--line);background:#fafbfc;font-style:italic}
li{margin:.2rem 0}code{font-size:.85em;background:#f1f3f5;padding:.05rem .3rem;border-radius:4px}
@media print{body{background:#fff}section,.card{break-inside:avoid}}
"""

LEGEND = (("measured", "run on this host, or read from the files"), ("simulated", "cycles of the model and the RTL"),
          ("characterised", "a netlist or a cell library"), ("published", "read in the cited work"),
          ("secondary", "read in a work that cites it, or interpolated"), ("assumed", "ours, with the reason beside it"))


def machine_text(report):
    machine = report.data["machines"].get("ternary") or report.data["machines"].get("fp16")
    if not machine:
        return ""
    return (f"Machine <b>{html.escape(machine['name'])}</b>: {machine['rows']} rows × {machine['lanes']} lanes at "
            f"{machine['clock_ghz']:g} GHz, up to {machine['max_tokens']} tokens share a pass over the weights; "
            f"{machine['dram_gb_per_s']:g} GB/s of DRAM, {machine['dram_latency_ns']:g} ns latency. The FP16 twin is the same "
            "machine with another dot-product unit and 16-bit weights.")


def page(report):
    data, images = report.data, pictures(report)
    provenance, settings = data["provenance"], data.get("settings", {})
    ternary = data["models"].get("ternary", {})
    parts = [f"<h1>{html.escape(headline(report))}</h1>",
             f'<p class="sub">{html.escape(ternary.get("name") or "model")} and its FP16 twin, the same checkpoints on every '
             f"level; {html.escape(provenance['cpu'])}; Tern {html.escape(provenance['tern_version'])}"
             f"{', commit ' + html.escape(provenance['git_commit']) if provenance['git_commit'] else ''}; "
             f"{html.escape(provenance['created_utc'])}</p>", cards(report)]

    def section(title, *inner):
        parts.append(f"<section><h2>{html.escape(title)}</h2>" + "".join(i for i in inner if i) + "</section>")

    stories = "".join(f"<h3>{NAME[f]}</h3><blockquote>{html.escape(data['models'][f]['text'])}</blockquote>"
                      for f in FLAVOURS if f in data["models"])
    section("Do all levels compute the same?", agreement(report), details("The generated text", stories))
    if report.level:
        section("What is left of the famous factor?",
                "<p>The papers price additions and multiplications alone. The more of the machine is counted, the less the "
                "arithmetic matters: memory traffic decides, and there the factor is that of the bytes.</p>",
                images["ladder"],
                '<p class="note">Whiskers: all prices at their low and at their high ends.</p>')
        section("Joules per token", f"<p>{machine_text(report)} DRAM priced as {html.escape(data['dram']['title'])}. Scopes nest: "
                "arithmetic &lt; core (plus SRAM, registers, idle cycles) &lt; system (plus DRAM). Whiskers: low to high prices. "
                "Logarithmic axes.</p>", images["energy"],
                *[details(f"Figures, {report.titles[t]}", energy_table(report, t)) for t in report.technologies])
        section("Where the joules go", images["stack"],
                *[details(f"Components, {report.titles[t]}", component_table(report, t)) for t in report.technologies],
                *[details(f"Prices and their sources, {report.titles[t]}", price_table(report, t)) for t in report.technologies])
    section("Tokens per second", f"<p>CPU: {settings.get('threads', 1)} thread(s), medians and quartiles of interleaved "
            "repetitions." + (f" {machine_text(report)}" if report.level else "") + "</p>", images["cpu"],
            images.get("accelerator", ""), details("Figures", speed_table(report)),
            details("CPU joules per token", cpu_energy_table(report)))
    section("Memory", images["footprint"], details("Figures", footprint_table(report), True))
    legend = "".join(f"<li>{badge(name)} {html.escape(text)}</li>" for name, text in LEGEND)
    limits = "".join(f"<li>{html.escape(item)}</li>" for item in data["not_modelled"])
    section("What is not modelled", f"<ul>{limits}</ul>")
    section("Evidence", f"<ul>{legend}</ul>")
    rows = [[k, v] for k, v in provenance.items()] + [["config hash", data.get("config_hash", "")]]
    rows += [[k, v if isinstance(v, str) else json.dumps(v)] for k, v in settings.items()]
    section("Made by", table(["", ""], rows, text_columns=2))
    return ("<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width,"
            "initial-scale=1'><title>Tern: ternary against FP16</title><style>" + STYLE + "</style></head><body><main>"
            + "\n".join(parts) + "</main></body></html>\n")


def write(path, content):
    """Whole or not at all."""
    with open(path + ".part", "wb") as file:
        file.write(content)
    os.replace(path + ".part", path)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: report.py compare.json FOLDER")
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            data = json.load(file)
    except (OSError, ValueError) as error:
        sys.exit(f"report.py: {sys.argv[1]}: {error}")
    if data.get("schema") != "tern.compare" or data.get("schema_version") != 1:
        sys.exit(f"report.py: {sys.argv[1]}: expected schema tern.compare, version 1")
    report = Report(data)
    picture = io.BytesIO()
    summary_picture(report, picture)
    text = page(report)
    write(os.path.join(sys.argv[2], "report.png"), picture.getvalue())
    write(os.path.join(sys.argv[2], "report.html"), text.encode("utf-8"))


if __name__ == "__main__":
    main()
