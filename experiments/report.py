#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""compare.json -> report.html (one self-contained file) and report.png (a summary picture).

Usage: report.py compare.json FOLDER
Draws and words what the JSON says; computes nothing that is not in it.
"""

import html
import io
import json
import os
import sys

sys.dont_write_bytecode = True  # the source tree stays as it is

from report_data import FLAVOURS, NAME, Report, factor_text, headline
from report_tables import (badge, component_table, cpu_energy_table, details, energy_table, evidence, footprint_table, paper_table,
                           price_table, speed_table, table)

try:
    from report_pictures import pictures, summary_picture
except ImportError as error:
    if "matplotlib" not in str(error):
        raise
    sys.exit("report.py: matplotlib is missing; install it with: apt-get install python3-matplotlib")


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
                     f"<p>{what}{span} {evidence(row)}</p></div>")
    return '<div class="cards">' + "".join(items) + "</div>"


def agreement(report):
    rows = report.data["agreement"]
    good = all(r["same"] for r in rows)
    products = sum(r["products"] for r in rows)
    dots = sum(r["dot_products"] for r in rows)
    jobs = sum(r["jobs"] for r in rows)
    verdict = ("All levels computed the same, bit for bit." if good else "THE LEVELS DISAGREE.")
    detail = (f"{products:,} comparisons of products with {dots:,} dot products in this run"
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
                '<p class="note">Whiskers: all prices at their low and at their high ends.</p>',
                details("What the papers' formula says about this network", paper_table(report)))
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
