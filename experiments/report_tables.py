# SPDX-License-Identifier: Apache-2.0
"""The tables of the report, as HTML."""

import html

from report_data import FLAVOURS, NAME, PHASES, SCOPES, WORKS, one, select, si


def badge(evidence):
    return f'<span class="badge {html.escape(evidence)}">{html.escape(evidence)}</span>'


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


def evidence(row):
    """The weakest evidence, and how much rests on assumptions."""
    share = row.get("assumed_share", 0)
    if not share:
        return badge(row["evidence"])
    return badge(row["evidence"]) + (f" {100 * share:.1f} %" if share >= 0.0005 else " <0.1 %").replace("<", "&lt;")


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
                                   evidence(rows["ternary"]), evidence(rows["fp16"])])
    return table(["level", "phase", "work", "scope", "ternary, per token (low – high)", "FP16, per token (low – high)",
                  "FP16 / ternary", "evidence, ternary", "evidence, FP16"], body, text_columns=4)


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
                             span(r, "energy_j_per_token", "J"), f"{100 * r['share']:.1f} %", evidence(r)])
            total = report.energy(flavour, technology, phase, "whole token", "system")
            if total:
                body.append([phase, NAME[flavour], "system", "sum of the above", span(total, "energy_j_per_token", "J"),
                             f"{100 * sum(r['share'] for r in rows):.1f} %", evidence(total)])
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


def paper_table(report):
    body = [[report.titles[r["technology"]], f"{r['operation_ratio']:.1f}×", si(r["fp16_energy_j"], "J"),
             si(r["ternary_energy_j"], "J"), f"{r['ratio']:.1f}×", badge(r["evidence"])]
            for r in report.data["paper_formula"]]
    head = ["prices", "FP16 multiply and add / int8 add", "FP16, 512 tokens", "ternary, 512 tokens", "FP16 / ternary",
            "evidence"]
    return (table(head, body) + "<p class=note>The formula of the BitNet papers on this network: arithmetic of one pass over 512 "
            "tokens, non-causal attention in FP16 for both, no head, no memory. In a network this narrow, attention over 512 "
            "tokens outweighs the linear layers. tests/energy/published_test.cc holds these prices and this formula to the "
            "papers' own figures.</p>")
