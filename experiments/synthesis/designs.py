# SPDX-License-Identifier: Apache-2.0
"""designs.toml and recipes.toml: what is mapped, and how."""

import dataclasses
import pathlib
import re
import tomllib

from problem import Problem

GROUPS = ("unit", "unpack", "accumulate", "engine", "reference")
FIELDS = {"name": str, "top": str, "group": str, "parameters": dict, "sizes": list, "lanes": int, "macros": list, "modules": list,
          "configs": str, "configured": list, "multiplier_free": bool, "large": bool}
RECIPE_FIELDS = {"name": str, "about": str, "synth": list, "full_adders": bool, "fallback": bool, "abc": str}


@dataclasses.dataclass
class Design:
    name: str
    top: str
    group: str
    parameters: dict = dataclasses.field(default_factory=dict)
    lanes: int = 0  # lane operations (trits of an unpacker) per cycle, which areas are divided by; 0: none
    macros: list = dataclasses.field(default_factory=list)  # globs of memories that are counted as bits
    modules: list = dataclasses.field(default_factory=list)  # mapped once each, however often they stand there
    multiplier_free: bool = False
    large: bool = False  # mapped only when --designs names it or --large is given


@dataclasses.dataclass
class Recipe:
    name: str
    about: str
    synth: list
    abc: str
    full_adders: bool = False  # full adders found and mapped to the library's cell, which ABC never uses
    fallback: bool = False  # tried only where no other recipe meets the clock


def read_toml(path):
    try:
        return tomllib.loads(pathlib.Path(path).read_text())
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}: name a TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Problem(f"{path}: {error}") from error


def rows(path, table, kind, fields, required):
    """The rows of an array of tables, their fields checked."""
    found = table.get(kind)
    if not isinstance(found, list) or not found:
        raise Problem(f"{path}: no [[{kind}]]: add one")
    for number, row in enumerate(found, 1):
        where = f"{path}: {kind} {row.get('name', number)}"
        for field in required:
            if field not in row:
                raise Problem(f"{where}: {field}: missing")
        for field, value in row.items():
            if field not in fields:
                raise Problem(f"{where}: {field}: unknown; known are {', '.join(sorted(fields))}")
            if not isinstance(value, fields[field]):
                raise Problem(f"{where}: {field}: expected {fields[field].__name__}, found {value!r}")
        yield where, row


def load_designs(path):
    """(designs, source files), a row with `sizes` standing for one design per size."""
    path = pathlib.Path(path)
    table = read_toml(path)
    designs = []
    for where, row in rows(path, table, "design", FIELDS, ("name", "top", "group")):
        if row["group"] not in GROUPS:
            raise Problem(f"{where}: group: expected one of {', '.join(GROUPS)}, found {row['group']!r}")
        row = dict(row)
        for name, value in row.get("parameters", {}).items():
            if not isinstance(value, int):
                raise Problem(f"{where}: parameters: {name}: expected an integer, found {value!r}")
        variants = configured(path, row) if "configs" in row else [row]
        for one, size in [(dict(one), size) for one in variants for size in one.pop("sizes", [""])]:
            if size:
                found = re.fullmatch(r"(\d+)x(\d+)", str(size))
                if not found:
                    raise Problem(f"{where}: sizes: expected \"<Rows>x<Lanes>\", found {size!r}")
                values = dict(zip(("Rows", "Lanes"), map(int, found.groups())))
                one["parameters"] = values | row.get("parameters", {})
                one["name"] = f"{row['name']}/{size}"
            parameters = one.get("parameters", {})
            if "Lanes" in parameters:
                one.setdefault("lanes", parameters.get("Rows", 1) * parameters["Lanes"])
            designs.append(Design(**one))
    names = [design.name for design in designs]
    if twice := {name for name in names if names.count(name) > 1}:
        raise Problem(f"{path}: design {sorted(twice)[0]}: stands twice: rename one")
    return designs, source_files(path, table)


def configured(path, row):
    """A design for each configuration and arithmetic of a configs.cmake, with the parameters that `configured` names."""
    file = (path.parent / row.pop("configs")).resolve()
    taken = row.pop("configured", [])
    try:
        lists = {name: text.split() for name, text in re.findall(r"^set\(TERN_RTL_(\w+)\s+([^)]*)\)", file.read_text(),
                                                                 re.MULTILINE)}
    except OSError as error:
        raise Problem(f"{path}: {row['name']}: configs: {file}: {error.strerror}") from error
    found = []
    for config in lists.get("CONFIGS", []):
        values = dict(pair.split("=") for pair in lists.get(config, []))
        if missing := [name for name in taken if name not in values]:
            raise Problem(f"{path}: {row['name']}: configured: {file.name} gives {config} no {missing[0]}")
        for arithmetic, number, unit in (text.split(":") for text in lists.get("FORMATS", [])):
            parameters = {"Format": int(number), "DotUnit": int(unit)} | {name: int(values[name]) for name in taken}
            found.append(row | {"name": f"{row['name']}_{config}/{arithmetic}",
                                "parameters": parameters | row.get("parameters", {})})
    if not found:
        raise Problem(f"{path}: {row['name']}: configs: {file}: no TERN_RTL_CONFIGS and TERN_RTL_FORMATS")
    return found


def source_files(path, table):
    """The SystemVerilog files of `sources`, in order; a files.cmake stands for the files it lists."""
    files = []
    for name in table.get("sources", []):
        file = (path.parent / name).resolve()
        if not file.is_file():
            raise Problem(f"{path}: sources: {name}: no such file")
        files += cmake_files(file) if file.name == "files.cmake" else [file]
    if not files:
        raise Problem(f"{path}: sources: missing: name the SystemVerilog files or rtl/files.cmake")
    return files


def cmake_files(path):
    """rtl/files.cmake: packages by path, modules as folder/module below rtl/."""
    lists = dict(re.findall(r"^set\((TERN_RTL_PACKAGES|TERN_RTL_MODULES)\s+([^)]*)\)", path.read_text(), re.MULTILINE))
    if len(lists) != 2:
        raise Problem(f"{path}: expected set(TERN_RTL_PACKAGES ...) and set(TERN_RTL_MODULES ...)")
    root = path.parent.parent
    packages, modules = (re.sub(r"#[^\n]*", "", lists[f"TERN_RTL_{kind}"]).split() for kind in ("PACKAGES", "MODULES"))
    return [root / name for name in packages] + [root / "rtl" / f"{name}.sv" for name in modules]


def load_recipes(path, pattern=""):
    recipes = [Recipe(row["name"], row.get("about", ""), row.get("synth", []), row["abc"],
                      row.get("full_adders", False), row.get("fallback", False))
               for _, row in rows(path, read_toml(path), "recipe", RECIPE_FIELDS, ("name", "abc"))]
    return chosen(recipes, pattern, "--recipes", path)


def chosen(found, pattern, flag, path):
    """Those whose whole name the pattern matches."""
    try:
        kept = [row for row in found if not pattern or re.fullmatch(pattern, row.name)]
    except re.error as error:
        raise Problem(f"{flag}: {pattern!r}: {error}: expected a regular expression") from error
    if not kept:
        raise Problem(f"{flag}: {pattern!r} names none of {path}: known are {', '.join(row.name for row in found)}")
    return kept
