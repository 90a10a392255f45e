#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Do files that tern writes open in llama.cpp and ik_llama.cpp, and do they compute the same?

Called by check.sh, which builds what this needs. One line a comparison; exit 1 if any is outside
its tolerance.
"""
import argparse
import json
import math
import os
import re
import subprocess
import sys

# max |logit difference| / (max - min of tern's logits) that passes, by format of the linears.
# float: both multiply the same numbers, llama.cpp's F16 and BF16 products round the activations to
# 16 bits (tern's do not). Blocks: llama.cpp quantises the activations too, to 8 bits by block of 32
# or 256, where tern keeps float32. Trits: both quantise them, tern by token (as the model was
# trained), llama.cpp by block of 256.
TOLERANCES = {"f32": 2e-5, "f16": 2e-3, "bf16": 2e-2, "q8_0": 3e-2, "q4_0": 3e-2, "q4_k": 3e-2,
              "q6_k": 3e-2, "tq1_0": 3e-2, "tq2_0": 3e-2}
# |perplexity difference| / perplexity that passes.
PERPLEXITY_TOLERANCES = {"f32": 1e-4, "f16": 1e-3, "tq2_0": 2e-2}

IDS = [1 + 37 * i % 1000 for i in range(40)]
TEXTS = [" ", "\n", "\r\n\r\n", "\t\tx", "Hello world", " Hello  world ", "Hello\n\n\nworld\n",
         "I'm you're they'LL WE'VE it's 'tis don'T", "1 12 123 1234 1234567 3.14159 0x1F",
         "Größe ÜBER straße naïve café", "e\u0301 vs é", "日本語のテキスト。", "한국어 텍스트",
         "العربية", "हिन्दी", "🙂🚀👩\u200d👩\u200d👧 ok", "\xa0nbsp\u2003em\u200bzw", "x" * 300,
         "    def f(x):\n        return x ** 2  # sq\n", "http://a.b/c?d=e&f=%20", "!!!???...",
         "<|eot_id|> in text <|begin_of_text|>", "ſ K Å ŉ İ ı", "٣٤٥ Ⅻ ½ ²", "\ufeffbom",
         "snake_case camelCase kebab-case", "\u2028\u2029", "𝔘𝔫𝔦 𝟙𝟚𝟛", "ﬁ ligature"]


class Check:
    def __init__(self, options):
        self.o = options
        self.failed = 0
        self.done = 0

    def run(self, *command, stdin=None):
        result = subprocess.run(command, input=stdin, capture_output=True, text=True)
        if result.returncode != 0:
            raise RuntimeError(f"{' '.join(command)[:200]}\n{result.stdout[-500:]}"
                               f"{result.stderr[-1500:]}")
        return result.stdout

    def tern(self, *arguments):
        return self.run(self.o.tern, *arguments)

    def path(self, name):
        return os.path.join(self.o.out, name)

    def say(self, good, what, figures):
        self.done += 1
        self.failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {what:<46} {figures}", flush=True)

    def guarded(self, what, comparison, *arguments):
        try:
            comparison(what, *arguments)
        except RuntimeError as error:
            self.say(False, what, str(error))

    def logits(self, what, file, ids, tolerance, theirs=None):
        listed = ",".join(map(str, ids))
        self.tern("logits", file, "--ids", listed, "--json", self.path("logits.json"))
        with open(self.path("logits.json"), encoding="utf-8") as text:
            ours = json.load(text)["logits"]
        said = self.run(self.o.peer, "logits", theirs or file, listed)
        others = [[float(x) for x in line.split()] for line in said.splitlines()]
        if [len(r) for r in ours] != [len(r) for r in others]:
            raise RuntimeError("another number of logits")
        pairs = [(a, b) for r, s in zip(ours, others) for a, b in zip(r, s)]
        scale = max(a for a, _ in pairs) - min(a for a, _ in pairs)
        far = max(abs(a - b) for a, b in pairs) / scale
        best = sum(r.index(max(r)) == s.index(max(s)) for r, s in zip(ours, others))
        self.say(math.isfinite(far) and far <= tolerance, what,
                 f"logits within {far:.2g} of their range (<= {tolerance:g}), "
                 f"{best} of {len(ours)} largest alike")

    def tokens(self, what, file, texts):
        lines = "".join(t.encode().hex() + "\n" for t in texts)
        wrong = []
        for special in ("0", "1"):
            theirs = self.run(self.o.peer, "tokens", file, special, stdin=lines).split("\n")
            for text, line in zip(texts, theirs):
                with open(self.path("text"), "wb") as f:
                    f.write(text.encode())
                self.tern("tokenize", file, "--file", self.path("text"), "--json",
                          self.path("ids.json"), *([] if special == "1" else ["--no-special"]))
                with open(self.path("ids.json"), encoding="utf-8") as ids:
                    ours = json.load(ids)["ids"]
                if ours != [int(x) for x in line.split()]:
                    wrong.append(f"\n     {text[:40]!r}: tern {ours[:12]}, the peer {line[:60]}")
        self.say(not wrong, what, f"{2 * len(texts) - len(wrong)} of {2 * len(texts)} texts alike"
                 + "".join(wrong[:5]))

    def requantized(self, what, file, kind, ours):
        """The peer's own copy of the file, in another format, against tern's."""
        copy = f"{file[:-5]}-{kind}.gguf"
        self.run(os.path.join(self.o.bin, "llama-quantize"), "--allow-requantize",
                 "--token-embedding-type", "f32", "--output-tensor-type", "f32", file, copy, kind)
        self.logits(what, ours, IDS, TOLERANCES["f16" if kind == "F32" else "tq2_0"], theirs=copy)

    def perplexity(self, what, file, context, tolerance):
        text = self.path("stories.txt")
        self.tern("perplexity", file, "--file", text, "--context", str(context), "--json",
                  self.path("perplexity.json"))
        with open(self.path("perplexity.json"), encoding="utf-8") as figures:
            ours = json.load(figures)["perplexity"]
        for _ in range(20):  # it may end before its log's last lines are written
            said = subprocess.run([os.path.join(self.o.bin, "llama-perplexity"), "-m", file, "-f",
                                   text, "-c", str(context), "-t", "2"], capture_output=True,
                                  text=True, cwd=self.o.out)  # it may leave a log there
            found = re.search(r"Final estimate: PPL.*? = ([0-9.]+)", said.stdout + said.stderr)
            if found or said.returncode != 0:
                break
        if not found:
            raise RuntimeError((said.stdout + said.stderr)[-600:])
        theirs = float(found[1])
        far = abs(ours - theirs) / theirs
        self.say(far <= tolerance, what, f"perplexity {ours:.4f}, the peer's {theirs:.4f}: "
                 f"{far:.1e} apart (<= {tolerance:g})")


def write_formats(check, name, shape, base_format, formats):
    """A synthetic model in each format: (label, file, format)."""
    base = check.path(f"{name}.gguf")
    check.tern("synth", "--shape", *shape, "--linears", base_format, "--head", "f32", "--out", base)
    for linears in formats:
        file = check.path(f"{name}-{linears}.gguf")
        check.tern("convert", base, file, "--linears", linears)
        yield f"{name}, {linears}", file, linears


def train(check, activation):
    """A little trained model; its text: stories."""
    check.tern("stories", "-n", "60", "--seed", "7", "--out", check.path("stories.txt"))
    file = check.path("trained.gguf")
    check.tern("train", "--flavour", "ternary", "--activation", activation, "--steps", "40",
               "--layers", "2", "--ffn", "512", "--out", file)
    return file


def check_llama_cpp(check):
    """llama.cpp knows "llama" and the SiLU network "bitnet"; not relu2, not I2_S, TL1 and TL2."""
    dense = ["f32", "f16", "bf16", "q8_0", "q4_0", "q4_k", "q6_k"]
    trits = ["f32", "tq1_0", "tq2_0"]
    for name, shape, base, formats in (
            ("llama", ["tiny-llama"], "f32", dense),
            ("llama-ternary", ["tiny-llama"], "i2_s", trits),
            ("bitnet", ["bitnet-700m", "--layers", "2", "--vocab", "1024"], "i2_s", trits)):
        for label, file, linears in write_formats(check, name, shape, base, formats):
            check.guarded(label, check.logits, file, IDS, TOLERANCES[linears])
    trained = train(check, "silu")
    for linears, tolerance in PERPLEXITY_TOLERANCES.items():
        file = check.path(f"trained-{linears}.gguf")
        check.tern("convert", trained, file, "--linears", linears)
        check.guarded(f"trained, {linears}, context 128", check.perplexity, file, 128, tolerance)
    check.guarded("tokenizer of a synthetic model", check.tokens, check.path("llama-f32.gguf"),
                  TEXTS)
    check.guarded("tokenizer of a trained model", check.tokens, check.path("trained-f32.gguf"),
                  TEXTS)


def check_ik_llama_cpp(check):
    """ik_llama.cpp knows the relu2 network "bitnet-b1.58" of BitNet 2B4T as well, and unpacks I2_S
    to put it into formats of its own."""
    half = TOLERANCES["f16"]  # of its keys and values
    for label, file, linears in write_formats(
            check, "bitnet-b1.58", ["bitnet-2b4t", "--layers", "1", "--vocab", "1024"], "i2_s",
            ["f32", "f16", "i2_s"]):
        if linears != "i2_s":
            check.guarded(label, check.logits, file, IDS, half)
            continue
        for theirs, ours in (("F32", "bitnet-b1.58-f32.gguf"), ("IQ2_BN", "bitnet-b1.58-i2_s.gguf")):
            check.guarded(f"{label} through {theirs}", check.requantized, file, theirs,
                          check.path(ours))
    trained = train(check, "relu2")
    file = check.path("trained-f32.gguf")
    check.tern("convert", trained, file, "--linears", "f32")
    check.guarded("trained, f32, context 128", check.perplexity, file, 128, 1e-4)
    check.guarded("tokenizer of a synthetic model", check.tokens,
                  check.path("bitnet-b1.58-f32.gguf"), TEXTS)


def check_golden(check):
    """The tokenizers and cases of a folder of reference outputs."""
    for folder in sorted(os.listdir(check.o.golden)):
        tokenizer = os.path.join(check.o.golden, folder)
        if not folder.startswith("tokenizer-"):
            continue
        with open(os.path.join(tokenizer, "cases.json"), encoding="utf-8") as cases:
            golden = json.load(cases)
        size = check.path(f"synth-{golden['vocab']}.gguf")
        check.tern("synth", "--shape", "tiny-llama", "--vocab", str(golden["vocab"]), "--linears",
                   "f16", "--out", size)
        file = check.path(folder + ".gguf")
        check.tern("convert", size, file, "--tokenizer", tokenizer)
        check.guarded(folder, check.tokens, file, [c["text"] for c in golden["cases"] if c["text"]])


def main():
    checks = {"llama.cpp": check_llama_cpp, "ik_llama.cpp": check_ik_llama_cpp}
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", choices=checks)
    parser.add_argument("--tern", required=True)
    parser.add_argument("--peer", required=True, help="llama_peer")
    parser.add_argument("--bin", required=True, help="folder of the peer's programs")
    parser.add_argument("--out", required=True, help="folder for the files")
    parser.add_argument("--golden", help="folder of golden tokenizers: tokenizer-*/cases.json")
    options = parser.parse_args()
    for name in ("tern", "peer", "bin", "out"):
        setattr(options, name, os.path.abspath(getattr(options, name)))
    check = Check(options)
    os.makedirs(options.out, exist_ok=True)
    checks[check.o.which](check)
    if check.o.golden:
        check_golden(check)
    print(f"{check.done - check.failed} of {check.done} comparisons within tolerance")
    sys.exit(check.failed != 0)


if __name__ == "__main__":
    main()
