# SPDX-License-Identifier: Apache-2.0
"""Programs that the flow starts: found, run in a folder, ended with us."""

import os
import re
import shutil
import signal
import subprocess
import threading

from problem import Problem, ToolFailed

PACKAGES = {"yosys": "yosys", "sta": "opensta"}


class Tools:
    """yosys and OpenSTA. Every child has its own process group, because yosys starts abc."""

    def __init__(self):
        for name, package in PACKAGES.items():
            if shutil.which(name) is None:
                raise Problem(f"{name} is missing: install it with: apt-get install {package}")
        self.lock, self.running, self.ended = threading.Lock(), set(), False
        version = re.search(r"Yosys (\S+)", self.output(["yosys", "-V"]))
        self.versions = {"yosys": version.group(1) if version else "unknown",
                         "opensta": self.output(["sta", "-version"]).strip() or "unknown"}

    def output(self, command, cwd=None):
        code, text = self.run(command, cwd)
        if code != 0:
            raise Problem(f"{' '.join(command)} ended with {code}: {text.strip()[-200:]}")
        return text

    def run(self, command, cwd=None):
        """(exit code, what it wrote)."""
        with self.lock:
            if self.ended:
                raise KeyboardInterrupt
            process = subprocess.Popen(command, cwd=cwd, text=True, errors="replace", stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
                                       env=os.environ | ({"TMPDIR": str(cwd)} if cwd else {}))
            self.running.add(process)
        try:
            text, _ = process.communicate()
        except BaseException:  # an interrupt; the child has a session of its own and does not see it
            self.kill(process)
            raise
        finally:
            with self.lock:
                self.running.discard(process)
        if self.ended:
            raise KeyboardInterrupt
        return process.returncode, text

    def end(self):
        """Ends what runs, and lets nothing start any more."""
        with self.lock:
            self.ended = True
            for process in self.running:
                self.kill(process)

    @staticmethod
    def kill(process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def yosys(self, folder, name, lines, what=""):
        """Runs a yosys script; its log stays in the folder. `what` names the design."""
        script, log = folder / f"{name}.ys", folder / f"{name}.log"
        script.write_text("\n".join(lines) + "\n")
        code, text = self.run(["yosys", "-Q", "-T", "-s", script.name], folder)
        log.write_text(text)
        if code != 0:
            errors = [line.strip() for line in text.splitlines() if "ERROR" in line]
            raise ToolFailed(f"{what or name}: yosys failed: {errors[-1] if errors else f'exit code {code}'}: see {log}")
        return text

    def sta(self, folder, name, lines, what=""):
        """Runs an OpenSTA script. sta ends with 0 whatever happened, so the script's last word is `done`."""
        script, log = folder / f"{name}.tcl", folder / f"{name}.sta.log"
        script.write_text("\n".join(lines + ["puts done"]) + "\n")
        code, text = self.run(["sta", "-no_init", "-no_splash", "-exit", script.name], folder)
        log.write_text(text)
        errors = [line.strip() for line in text.splitlines() if line.startswith("Error")]
        if code != 0 or errors or text.split()[-1:] != ["done"]:
            raise ToolFailed(f"{what or name}: OpenSTA failed: {errors[0] if errors else f'exit code {code}'}: see {log}")
        return text
