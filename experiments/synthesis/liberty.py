# SPDX-License-Identifier: Apache-2.0
"""Liberty files as the synthesis flow needs them: several files made one, without power, with areas and flip-flops.

Reads groups, attributes and Boolean functions; understands no table. The text of what it keeps stays as it was.
"""

import dataclasses
import gzip
import hashlib
import itertools
import pathlib
import re
import zlib

from problem import Problem

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|/\*.*?\*/|//[^\n]*|[{};]', re.DOTALL)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
HEAD = re.compile(r"([A-Za-z_]\w*)\s*\(([^()]*)\)\s*\Z")
ATTRIBUTE = re.compile(r'^\s*([A-Za-z_]\w*)\s*:\s*("(?:[^"\\]|\\.)*"|[^;\n]*)', re.MULTILINE)

# Groups that neither mapping nor timing reads; without them a library is a third as long.
POWER = {"internal_power", "leakage_power", "leakage_current", "gate_leakage", "dynamic_current", "intrinsic_parasitic",
         "pg_pin", "input_voltage", "output_voltage", "normalized_driver_waveform", "power_lut_template", "ccsn_first_stage",
         "ccsn_last_stage", "receiver_capacitance", "output_current_rise", "output_current_fall", "power_supply"}
CALLS = re.compile(r'\b(?:related_(?:power|ground)_pin|driver_waveform(?:_\w+)?|power_down_function)\s*:[^;\n]*;?')

# Header attributes whose value changes what the numbers of a file mean: files that are merged must agree on them.
MEANING = ("time_unit", "capacitive_load_unit", "voltage_unit", "delay_model", "nom_voltage", "nom_temperature",
           "nom_process", "slew_derate_from_library", "input_threshold_pct_rise", "input_threshold_pct_fall",
           "output_threshold_pct_rise", "output_threshold_pct_fall", "slew_lower_threshold_pct_rise",
           "slew_lower_threshold_pct_fall", "slew_upper_threshold_pct_rise", "slew_upper_threshold_pct_fall")
TRIPLES = list(itertools.product((False, True), repeat=3))


@dataclasses.dataclass
class Group:
    kind: str
    name: str
    head: str  # the text before its brace
    body: str

    def text(self):
        return f"{self.head.strip()} {{{self.body}}}"


@dataclasses.dataclass
class Cell:
    name: str
    area: float | None  # in the library's unit, um2 in all libraries met so far
    inputs: dict  # name -> capacitance
    outputs: dict  # name -> function, "" for none
    flip_flop: bool

    def is_nand2(self):
        return self.computes(2, lambda a, b: not (a and b))

    def is_inverter(self):
        return self.computes(1, lambda a: not a)

    def is_buffer(self):
        return self.computes(1, lambda a: a)

    def full_adder(self):
        """{"sum": (pin, inverted), "carry": (pin, inverted)} of a cell with those two outputs of three inputs, or None."""
        if self.flip_flop or len(self.inputs) != 3 or len(self.outputs) != 2:
            return None
        laws = {"sum": lambda *bits: sum(bits) % 2 == 1, "carry": lambda *bits: sum(bits) >= 2}
        found = {}
        for pin, text in self.outputs.items():
            try:
                table = [evaluate(text, dict(zip(self.inputs, bits))) for bits in TRIPLES]
            except (KeyError, ValueError):
                return None
            for role, law in laws.items():
                for inverted in (False, True):
                    if table == [law(*bits) != inverted for bits in TRIPLES]:
                        found[role] = (pin, inverted)
        return found if len(found) == 2 else None

    def computes(self, inputs, law):
        """Whether its only output is this function of all its inputs."""
        if self.flip_flop or len(self.inputs) != inputs or len(self.outputs) != 1:
            return False
        names, text = list(self.inputs), next(iter(self.outputs.values()))
        try:
            return all(evaluate(text, dict(zip(names, values))) == law(*values)
                       for values in itertools.product((False, True), repeat=inputs))
        except (KeyError, ValueError):
            return False


@dataclasses.dataclass
class Library:
    name: str
    text: str  # one Liberty file, without power
    cells: dict  # name -> Cell
    time_ns: float  # of one time unit
    nom_voltage: str
    nom_temperature: str
    files: list  # {"name", "bytes", "sha256"} of each file as it came

    def smallest(self, what, test):
        """The cell of least area, then least input capacitance, then first name."""
        found = [c for c in self.cells.values() if c.area and test(c)]
        if not found:
            raise Problem(f"{self.files[0]['name']}: library {self.name} has no {what}: add the file that holds it to "
                          "--liberty, or let --dont-use spare it")
        return min(found, key=lambda c: (c.area, sum(c.inputs.values()), c.name))


def evaluate(text, values):
    """A Liberty Boolean expression: ! ' & * blank | + ^ and brackets."""
    tokens = re.findall(r"[A-Za-z_][\w\[\]]*|[01]|[!'&*|+^()]", text)

    def primary():
        token = tokens.pop(0) if tokens else ""
        if token == "(":
            value = disjunction()
            if not tokens or tokens.pop(0) != ")":
                raise ValueError(text)
        elif token == "!":
            return not primary()
        elif token in ("0", "1"):
            value = token == "1"
        else:
            value = values[token]
        while tokens and tokens[0] == "'":
            tokens.pop(0)
            value = not value
        return value

    def exclusive():
        value = primary()
        while tokens and tokens[0] == "^":
            tokens.pop(0)
            value ^= primary()
        return value

    def conjunction():
        value = exclusive()
        while tokens and tokens[0] not in ")|+":
            if tokens[0] in "&*":
                tokens.pop(0)
            value = exclusive() and value
        return value

    def disjunction():
        value = conjunction()
        while tokens and tokens[0] in "|+":
            tokens.pop(0)
            value = conjunction() or value
        return value

    value = disjunction()
    if tokens:
        raise ValueError(text)
    return value


def read_text(path):
    """(text, {"name", "bytes", "sha256"}) of a .lib or .lib.gz."""
    path = pathlib.Path(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}: pass --liberty a Liberty file, .lib or .lib.gz") from error
    data = raw
    if raw[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(raw)
        except (EOFError, OSError, zlib.error) as error:
            raise Problem(f"{path}: a broken gzip file ({error}): fetch it again") from error
    text = data.decode("utf-8", "replace")
    return text, {"name": path.name, "bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}


def bare(name):
    return name.strip().strip('"')


def groups(body, path):
    """Cuts a body into (attribute text, None) and ("", Group), in order."""
    depth, start, opened, head = 0, 0, 0, ""
    for match in TOKEN.finditer(body):
        token = match.group()
        if token == "{":
            if depth == 0:
                head, opened = body[start:match.start()], match.end()
            depth += 1
        elif token == "}":
            depth -= 1
            if depth < 0:
                raise Problem(f"{path}: a brace closes that none opened, before {body[match.end():][:40].strip()!r}: not "
                              "a whole Liberty file")
            if depth == 0:
                head = COMMENT.sub("", head)
                found = HEAD.search(head)
                if not found:
                    raise Problem(f"{path}: expected 'kind (name) {{', found {head.strip()[-60:]!r}: no Liberty file")
                if head[:found.start()].strip():
                    yield head[:found.start()], None
                yield "", Group(found.group(1), bare(found.group(2)), found.group(), body[opened:match.start()])
                start = match.end()
        elif token == ";" and depth == 0:
            yield body[start:match.end()], None
            start = match.end()
    if depth:
        raise Problem(f"{path}: cut short: {depth} groups are still open at its end: fetch it again")
    if body[start:].strip():
        yield body[start:], None


def attributes(body, path):
    """name -> value of the simple attributes at the top of a body."""
    text = "\n".join(part for part, group in groups(body, path) if group is None)
    values = {name: bare(value) for name, value in ATTRIBUTE.findall(COMMENT.sub("", text))}
    for name, value in re.findall(r"([a-z_]+)\s*\(([^()]*)\)\s*;", text):
        values.setdefault(name, re.sub(r"[\s\"]", "", value))
    return values


def without_power(body, path):
    """The body without power groups, at any depth."""
    kept = []
    for part, group in groups(body, path):
        if group is None:
            kept.append(CALLS.sub("", part))
        elif group.kind not in POWER:
            inner = without_power(group.body, path) if group.kind in ("cell", "pin", "bus", "bundle") else group.body
            kept.append("\n" + dataclasses.replace(group, body=inner).text() + "\n")
    return "".join(kept)


def cell_of(group, path):
    area, inputs, outputs, flip_flop = None, {}, {}, False
    values = attributes(group.body, path)
    if "area" in values:
        try:
            area = float(values["area"])
        except ValueError as error:
            raise Problem(f"{path}: cell {group.name}: area: expected a number, found {values['area']!r}") from error
    for _, pin in groups(group.body, path):
        if pin is None:
            continue
        if pin.kind in ("ff", "ff_bank"):
            flip_flop = True
        if pin.kind == "pin":
            of = attributes(pin.body, path)
            if of.get("direction") == "input":
                inputs[pin.name] = float(of.get("capacitance") or 0)
            elif of.get("direction") == "output":
                outputs[pin.name] = of.get("function", "")
    return Cell(group.name, area, inputs, outputs, flip_flop)


def top_of(text, path):
    found = [group for _, group in groups(text, path) if group is not None]
    if len(found) != 1 or found[0].kind != "library":
        raise Problem(f"{path}: expected one group 'library (name)', found {len(found)} groups"
                      f"{' (' + found[0].kind + ')' if found else ''}: not a Liberty file")
    return found[0]


def library_name(names):
    """What the names of the files' libraries have in common: the words that all of them hold."""
    words = [re.split(r"_", name) for name in names]
    return "_".join(w for w in words[0] if all(w in other for other in words)) or names[0]


def load(paths, dont_use=""):
    """One Library of all files. Groups that files share stand once; a cell may come from one file only."""
    try:
        spared = re.compile(dont_use) if dont_use else None
    except re.error as error:
        raise Problem(f"--dont-use: {error}: expected a regular expression") from error
    files, names, head, header, shared, cells, body = [], [], "", None, {}, {}, []
    chosen = []  # attributes that name a group, and so follow it
    for path in paths:
        text, file = read_text(path)
        files.append(file)
        top = top_of(text, path)
        names.append(top.name)
        values = attributes(top.body, path)
        if header is None:
            header = values
            lines = [COMMENT.sub("", part).strip() for part, group in groups(top.body, path) if group is None]
            chosen = [line for line in lines if re.search(r"\bdefault_(operating_conditions|wire_load)\s*:", line)]
            head = "\n".join(line for line in lines if line and line not in chosen)
        for field in MEANING:
            if values.get(field) != header.get(field):
                raise Problem(f"{path}: {field} is {values.get(field)}, but {header.get(field)} in {paths[0]}: merge only "
                              "files of one library and one corner")
        for _, group in groups(top.body, path):
            if group is None or group.kind in POWER:
                continue
            key = (group.kind, group.name)
            if group.kind == "cell":
                if group.name in cells:
                    raise Problem(f"{path}: cell {group.name} stands in an earlier file as well: pass each file once")
                inner = without_power(group.body, path)
                group = dataclasses.replace(group, body=inner)
                cells[group.name] = cell_of(group, path)
                if re.search(r"\bdont_use\s*:\s*\"?true", inner) or (spared and spared.search(group.name)):
                    del cells[group.name]
                    continue
            elif key in shared:
                if "".join(shared[key].split()) != "".join(group.body.split()):
                    raise Problem(f"{path}: {group.kind} ({group.name}) differs from that of an earlier file: rename one")
                continue
            else:
                shared[key] = group.body
            body.append(group.text())
    if not cells:
        raise Problem(f"{paths[0]}: no cell: pass a Liberty file of standard cells, and let --dont-use spare some")
    name = names[0] if len(names) == 1 else library_name(names)
    text = f"library ({name}) {{\n{head}\n" + "\n".join(body + chosen) + "\n}\n"
    return Library(name, text, cells, time_unit(header, paths[0]), header.get("nom_voltage", ""),
                   header.get("nom_temperature", ""), files)


def time_unit(header, path):
    found = re.fullmatch(r"(\d+)\s*(ps|ns|us)", header.get("time_unit", "1ns"))
    if not found:
        raise Problem(f"{path}: time_unit: expected a power of ten of ps, ns or us, found {header.get('time_unit')!r}")
    return int(found.group(1)) * {"ps": 1e-3, "ns": 1.0, "us": 1e3}[found.group(2)]
