# SPDX-License-Identifier: Apache-2.0
"""What the pictures and the tables of the report share: compare.json and how its figures are written."""

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


def headline(report):
    row = report.level and report.ratio("accelerator joules/token", level=report.level, technology=report.technology,
                                        phase="decode", work="whole token", scope="system")
    if not row:
        speed = report.ratio("CPU tokens/s", isa=report.isa, phase="decode")
        return f"Ternary against FP16: {factor_text(speed['ratio'])} the tokens/s on this CPU" if speed else "Ternary against FP16"
    arithmetic = report.ratio("accelerator joules/token", level=report.level, technology=report.technology,
                              phase="decode", work="linear layers", scope="arithmetic")
    sure = arithmetic["ratio_high"] < 1.1 * arithmetic["ratio_low"]
    ends = "" if sure else f" ({arithmetic['ratio_low']:.0f} to {arithmetic['ratio_high']:.0f})"
    return (f"Ternary against FP16, decode: {factor_text(arithmetic['ratio'])}{ends} less arithmetic energy in the linear "
            f"layers, {factor_text(row['ratio'])} fewer joules per token in all")
