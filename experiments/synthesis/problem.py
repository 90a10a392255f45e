# SPDX-License-Identifier: Apache-2.0
"""What the caller has to mend, in one sentence that names file, field and remedy."""


class Problem(Exception):
    pass


class ToolFailed(Problem):
    """A program failed; its log is named, so the folder it lies in stays."""
