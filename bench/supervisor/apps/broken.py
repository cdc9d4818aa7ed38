"""A release that can't be imported; leaves one line for each try."""

import os

with open(os.environ["BENCH_BOOTS"], "a") as boots:
    boots.write("boot\n")

raise RuntimeError("this release is broken")
