# SPDX-License-Identifier: Apache-2.0
"""The pictures of the report: inline SVG for the page, one PNG as a summary."""

import io
import re

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.ticker import MaxNLocator

from report_data import (COLOUR, FLAVOURS, GRID, INK, MUTED, NAME, PHASES, SCOPES, WORKS, factor_text, headline, one,
                         select, si)

plt.rcParams.update(
    {
        "font.family": "DejaVu Sans", "font.size": 9, "text.color": INK, "axes.labelcolor": INK,
        "axes.edgecolor": "#9aa5b1", "xtick.color": INK, "ytick.color": INK, "axes.titlesize": 10,
        "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.spines.top": False,
        "axes.spines.right": False, "axes.axisbelow": True, "figure.facecolor": "white",
        "legend.frameon": False, "svg.hashsalt": "tern",
    }
)




def grouped_bars(axes, groups, values, errors=None, label=lambda v: si(v), log=False, legend=True,
                 legend_at="best"):
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
        axes.yaxis.set_major_formatter(lambda v, _: si(v, digits=2) if v else "0")
    if legend:
        axes.legend(loc=legend_at, fontsize=8)


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
    grouped_bars(axes, report.isas, values, errors, legend=legend, legend_at="upper left")
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
    axes.set_title(f"Joules per token: {phase}, {work}, {technology}")


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
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_title(title)
    if legend:
        axes.legend(fontsize=7.5, loc="upper right", ncol=2, handlelength=1.2)


def ladder(report, technology, phase="decode"):
    """The energy factor as the scope widens: (label, low, nominal, high)."""
    steps = []
    paper = one(report.data["paper_formula"], technology=technology)
    if paper:
        steps.append(("papers: one int8 add for\none FP16 multiply and add",) + (paper["operation_ratio"],) * 3)
    for work, scope, label in (("linear layers", "arithmetic", "counted: arithmetic\nof the linear layers"),
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
    # matplotlib's metadata names sites on the web, which a self-contained page need not.
    return re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg"):], flags=re.S)


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
    figure.legend(handles.values(), handles.keys(), loc="upper center", bbox_to_anchor=(0.5, 0), ncol=6, fontsize=8)
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
