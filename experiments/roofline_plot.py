#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""JSON of `tern roofline` or `tern bench kernels` -> a picture.

Usage: roofline_plot.py FILE.json OUT.png
       roofline_plot.py --check   only whether it could draw
Draws what the JSON says; computes medians over shapes and nothing else.
"""

import json
import math
import statistics
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

try:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
except ImportError:
    sys.exit("roofline_plot.py: matplotlib is missing; install it with: apt-get install python3-matplotlib")

INK, MUTED, GRID = "#1f2933", "#7b8794", "#e4e7eb"
COLOURS = ["#0b69a3", "#c65d07", "#3f9142", "#8719e0", "#ba2525", "#0c6b58", "#a30664", "#513c06", "#4f44e0",
           "#8d2b0b", "#147d64", "#566270"]
plt.rcParams.update({
    "font.family": "DejaVu Sans", "font.size": 8, "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": "#9aa5b1",
    "axes.titlesize": 9, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.spines.top": False,
    "axes.spines.right": False, "axes.axisbelow": True, "figure.facecolor": "white", "legend.frameon": False,
    "svg.hashsalt": "tern"})


def caption(data):
    p = data["provenance"]
    return f'{p["cpu"]}, {p["cpus"]} CPUs; tern {p["tern_version"]} {p["git_commit"]}, {p["created_utc"][:10]}'


def kernel_points(records):
    """One point per kernel, tokens and cache: medians over the shapes."""
    groups = {}
    for r in records:
        groups.setdefault((r["kernel"], r["tokens"], r["cache"]), []).append(r)
    points = []
    columns = {}  # kernels of one intensity stand side by side
    for (kernel, tokens, cache), rows in groups.items():
        x = statistics.median(r["macs"] / r["weight_bytes"] for r in rows)
        column = columns.setdefault(round(math.log2(x) * 2), [])
        if kernel not in column:
            column.append(kernel)
        points.append({
            "kernel": kernel, "family": rows[0]["family"], "cache": cache, "x": x,
            "y": statistics.median(r["gmac_per_s"] for r in rows), "column": (column, column.index(kernel))})
    for point in points:
        column, i = point["column"]
        point["x"] *= 1.06 ** (i - (len(column) - 1) / 2)
    return points


def ceilings(records):
    """Bandwidth of cold reads, and each peak, as medians over the records that met them."""
    reads, peaks = {}, {}
    for r in records:
        where = "memory" if r["cache"] == "cold" else "cache"
        reads.setdefault(where, []).append(r["read_gb_per_s"])
        peaks.setdefault(r["peak_loop"].removeprefix("peak_"), []).append(r["peak_gmac_per_s"])
    return ({k: statistics.median(v) for k, v in reads.items()}, {k: statistics.median(v) for k, v in peaks.items()})


def draw_kernels(data, out):
    records = data["records"]
    threads = sorted({r["threads"] for r in records})
    names = list(dict.fromkeys(r["kernel"] for r in records))
    families = list(dict.fromkeys(r["family"] for r in records))
    number = {name: i + 1 for i, name in enumerate(names)}
    colour = {family: COLOURS[i % len(COLOURS)] for i, family in enumerate(families)}
    figure, axes = plt.subplots(1, len(threads), figsize=(6.2 * len(threads) + 2.4, 5.6), sharey=True, squeeze=False)
    for ax, count in zip(axes[0], threads):
        mine = [r for r in records if r["threads"] == count]
        points = kernel_points(mine)
        reads, peaks = ceilings(mine)
        left = min(p["x"] for p in points) / 2
        right = max(p["x"] for p in points) * 6
        ax.set(xscale="log", yscale="log", xlabel="arithmetic intensity, MAC per byte of weights",
               title=f"{count} thread{'s' if count > 1 else ''}")
        ax.grid(True, which="major", color=GRID)
        top = max(peaks.values())
        for where, bandwidth in reads.items():
            ax.plot([left, top / bandwidth], [left * bandwidth, top], color=INK, lw=1.2, ls="-" if where == "memory" else ":")
        slope = reads.get("cache", reads.get("memory"))
        placed = []
        for name, peak in sorted(peaks.items(), key=lambda item: -item[1]):
            ax.plot([peak / slope, right], [peak, peak], color=MUTED, lw=1)
            y = peak if not placed else min(peak, placed[-1] / 1.22)
            placed.append(y)
            ax.annotate(f"{name} {peak:.0f}", (right, y), fontsize=6.5, ha="right", va="bottom", color=MUTED)
        for p in points:
            ax.plot(p["x"], p["y"], marker="o" if p["cache"] == "cold" else "D", ms=9, color=colour[p["family"]],
                    alpha=0.85, mec="white", mew=0.5)
            ax.annotate(str(number[p["kernel"]]), (p["x"], p["y"]), color="white", fontsize=5.5, ha="center", va="center")
        ax.set_xlim(left, right)
        ax.set_ylim(*ax.get_ylim())
        for where, bandwidth in reads.items():
            (x0, y0), (x1, y1) = ax.transData.transform([(left, left * bandwidth), (10 * left, 10 * left * bandwidth)])
            ax.text(left * 1.1, left * 1.1 * bandwidth, f"{where} {bandwidth:.0f} GB/s", rotation_mode="anchor",
                    rotation=math.degrees(math.atan2(y1 - y0, x1 - x0)), fontsize=7, va="bottom", color=INK)
    axes[0][0].set_ylabel("GMAC/s")
    handles = [plt.Line2D([], [], ls="", marker="o", ms=6, color=colour[next(r["family"] for r in records if r["kernel"] == n)],
                          label=f"{number[n]}  {n}") for n in names]
    handles += [plt.Line2D([], [], ls="", marker="o", ms=6, color=MUTED, label="cold: from memory"),
                plt.Line2D([], [], ls="", marker="D", ms=6, color=MUTED, label="hot: one matrix")]
    axes[0][-1].legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=7)
    figure.text(0.01, 0.005, caption(data) + ". Points: medians over shapes; side by side where they share an intensity.",
                fontsize=7, color=MUTED)
    figure.savefig(out, dpi=150, bbox_inches="tight")


def draw_limits(data, out):
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6))
    for i, count in enumerate(sorted({r["threads"] for r in data["bandwidth"]})):
        for pages, style in (("huge", "-"), ("normal", "--")):
            rows = [r for r in data["bandwidth"] if r["threads"] == count and r["pages"] == pages]
            xs = [r["working_set_bytes"] for r in rows]
            left.plot(xs, [r["read_gb_per_s"] for r in rows], style, marker="o", ms=3, color=COLOURS[i % len(COLOURS)],
                      label=f"{count} thread{'s' if count > 1 else ''}, {pages} pages")
            left.fill_between(xs, [r["read_gb_per_s_q1"] for r in rows], [r["read_gb_per_s_q3"] for r in rows],
                              color=COLOURS[i % len(COLOURS)], alpha=0.15, lw=0)
    left.set(xscale="log", yscale="log", xlabel="working set, bytes", ylabel="read, GB/s", title="Read bandwidth")
    left.grid(True, which="major", color=GRID)
    left.legend(fontsize=7)
    counts = sorted({r["threads"] for r in data["peaks"]})
    names = list(dict.fromkeys(r["peak_loop"] for r in data["peaks"]))
    for i, count in enumerate(counts):
        rows = {r["peak_loop"]: r for r in data["peaks"] if r["threads"] == count}
        height = 0.8 / len(counts)
        ys = [n + (i - (len(counts) - 1) / 2) * height for n in range(len(names))]
        right.barh(ys, [rows[n]["peak_gmac_per_s"] for n in names], height * 0.9, color=COLOURS[i % len(COLOURS)],
                   label=f"{count} thread{'s' if count > 1 else ''}")
    right.set(xscale="log", xlabel="GMAC/s", title="Multiply-adds in registers", yticks=range(len(names)))
    right.set_yticklabels([n.removeprefix("peak_") for n in names], fontsize=7)
    right.invert_yaxis()
    right.grid(True, axis="x", color=GRID)
    right.legend(fontsize=7)
    figure.text(0.01, 0.005, caption(data) + ". Medians and quartiles.", fontsize=7, color=MUTED)
    figure.tight_layout(rect=(0, 0.03, 1, 1))
    figure.savefig(out, dpi=150)


def main():
    if sys.argv[1:] == ["--check"]:
        return
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as file:
        data = json.load(file)
    draw = {"tern.bench_kernels": draw_kernels, "tern.roofline": draw_limits}.get(data.get("schema"))
    if draw is None:
        sys.exit(f"roofline_plot.py: {sys.argv[1]}: schema: found {data.get('schema')}, expected tern.bench_kernels or tern.roofline")
    draw(data, sys.argv[2])


if __name__ == "__main__":
    main()
