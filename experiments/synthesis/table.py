# SPDX-License-Identifier: Apache-2.0
"""Results as one Markdown table: a row per design, three columns per library."""

import json
import re

from problem import Problem

REFERENCE = "dot_ternary"  # of the same size where that was mapped; of engines: the ternary one
FALLBACK = "dot_ternary/1x64"


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        if data["schema"] != "tern.synthesis" or data["schema_version"] != 1:
            raise Problem(f"{path}: schema: expected tern.synthesis 1, found {data['schema']} {data['schema_version']}")
        for result in data["results"]:
            best_of(result)["area_um2"]
        return data
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}: name a file that --json wrote") from error
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise Problem(f"{path}: no results of synthesis.py ({type(error).__name__}: {error}): write it anew with --json"
                      ) from error


def best_of(result):
    return next(row for row in result["recipes"] if row["recipe"] == result["best"])


def per_lane(result):
    return best_of(result)["area_um2"] / result["lanes"] if result["lanes"] else None


def ratio(result, results):
    """Area per lane over that of the reference, or None."""
    family, _, size = result["design"].partition("/")
    if result["group"] == "engine":
        reference = results.get(f"{family}/ternary")
    else:
        reference = results.get(f"{REFERENCE}/{size}") or results.get(FALLBACK)
    if reference is None or not result["lanes"]:
        return None
    return per_lane(result) / per_lane(reference)


def number(value):
    """Four significant digits, thousands apart."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.4g}"


def markdown(documents, pattern=""):
    """The table, of designs whose whole name the pattern matches."""
    try:
        wanted = re.compile(pattern or ".*")
    except re.error as error:
        raise Problem(f"--designs: {pattern!r}: {error}: expected a regular expression") from error
    head, rule = ["unit"], ["---"]
    for document in documents:
        name = document["library"]["name"]
        head += [f"{name}: area, um² (kGE)", f"fmax, MHz (clock {document['clock_ns']:.4g} ns)", "area per lane"]
        rule += ["---:"] * 3
    lines = [head, rule]
    found = [{result["design"]: result for result in document["results"]} for document in documents]
    for name in dict.fromkeys(name for results in found for name in results if wanted.fullmatch(name)):
        line = [f"`{name}`"]
        for results in found:
            result = results.get(name)
            if result is None:
                line += ["", "", ""]
                continue
            row, share = best_of(result), ratio(result, results)
            bits = f" + {row['macro_bits']:,} bits" if row["macro_bits"] else ""
            line += [f"{number(row['area_um2'])} ({row['kge']:.2f}){bits}",
                     f"{row['fmax_mhz']:.0f}{'' if row['meets_clock'] else ' (misses)'}",
                     "" if share is None else f"x {share:.2f}"]
        lines.append(line)
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
