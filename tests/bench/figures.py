#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What coalescing, ioeventfds and read-only registers save: the field's figures, and ours.

Boots the demo guest as a benchmark (pc-bios/demo/bench.inc) on two machines, one after the other:
one whose every access exits (coalescing off, configuration space as trapped memory), and one with
all that Lignite has (coalescing on, configuration space as read-only memory). Prints four tables,
and leaves in FOLDER

    figures.json                 all raw samples, and the profiles of both machines
    figures.svg                  a chart of the four tables
    figures.md                   the same in short, for a README

Times are measured inside the guest by the TSC, whose rate the guest measures by the ACPI timer;
and outside, by when the guest's lines arrive here, and by the I/O profile. A ratio compares
the best of ten loops each, as other load on the host only adds; what a pass costs with nothing in it
is the row "nothing".

usage: figures.py LIGNITE BUILD [--quick] [FOLDER]
"""
import json
import os
import subprocess
import sys
import tempfile
import time
from html import escape

PM_HZ = 3579545
PM_BITS = 24
LIMIT = 600  # s, for a hung guest

OFF = ["-M", "pc,ecam=trap", "-global", "device.coalesced-mmio=off",
       "-global", "device.coalesced-pio=off"]
ON = ["-M", "pc,ecam=shadow"]

# What others measured, each on a machine of its own; us, and s for the last.
PUBLISHED_COALESCING = "Windows 7 guest, Linux 4.20, perf kvm stat"
PUBLISHED = {
    "rtc-index": (10.75, 1.57),
    "pci-address": (3.41, 0.66),
    "doorbell-mmio": (9.09, 5.00),  # round trips
    "doorbell-pio": (None, 2.72),
    "pci-reads": (12.809, 8.517, 0.010),
}
PCI_READS = 100000

NAMES = {
    "nop": "nothing",
    "ram-write": "write to RAM",
    "rtc-index": "RTC index, 0x70",
    "pci-address": "PCI address, 0xcf8",
    "vga-planar": "VGA planar pixel",
    "e1000-register": "e1000 register",
    "doorbell-mmio": "doorbell, memory",
    "doorbell-pio": "doorbell, port",
}


class Failure(Exception):
    pass


# ------------------------------------------------------------------------------- measurement


class Subject:
    """One loop of the guest's: rounds and samples in ticks, and wall-clock times from here."""

    def __init__(self, count, begun):
        self.count = count
        self.stamps = [begun]
        self.rounds = []
        self.samples = []


class Run:
    """One machine, and what its guest said."""

    def __init__(self, program, build, options, quick):
        self.subjects = {}
        self.clocks = []
        self.hz = 0
        with tempfile.TemporaryDirectory(prefix="lignite-figures-") as folder:
            profile = os.path.join(folder, "profile")
            command = [program, "-kernel", os.path.join(build, "pc-bios", "demo.bzImage"),
                       "-append", "bench-quick" if quick else "bench", "-accel", "kvm",
                       "-device", "pci-testdev", "-display", "none", "-monitor", "none",
                       "-serial", "stdio", "-no-reboot",
                       "-profile", f"io,file={profile},format=json", *options]
            self.read(command)
            with open(profile, encoding="utf-8") as file:
                self.profile = json.load(file)
        self.calibrate()

    def read(self, command):
        done = False
        with subprocess.Popen(["timeout", str(LIMIT), *command], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            for line in process.stdout:
                now = time.monotonic()
                words = line.decode("latin-1").split()
                if words and words[0].startswith("@"):
                    done = words[0] == "@done"
                    self.take(words, now)
        if not done:
            raise Failure(f"the guest did not finish ({process.returncode}): {' '.join(command)}")

    def take(self, words, now):
        if words[0] == "@clock":
            self.clocks.append((int(words[1], 16), int(words[2], 16)))
        elif words[0] == "@begin":
            self.subjects[words[1]] = Subject(int(words[2], 16), now)
        elif words[0] == "@round":
            self.subjects[words[1]].rounds.append(int(words[2], 16))
            self.subjects[words[1]].stamps.append(now)
        elif words[0] == "@samples":
            self.subjects[words[1]].samples = [int(word, 16) for word in words[2:]]

    def calibrate(self):
        """Ticks a second: the ACPI timer wraps every 4.7 s, so the wraps come from our clock."""
        (tsc0, pm0), (tsc1, pm1) = self.clocks[0], self.clocks[-1]
        span = 1 << PM_BITS
        seconds = self.subjects_span()
        ticks = (pm1 - pm0) % span
        ticks += round((seconds * PM_HZ - ticks) / span) * span
        if ticks <= 0:
            raise Failure("the ACPI timer did not move")
        self.hz = (tsc1 - tsc0) * PM_HZ / ticks

    def subjects_span(self):
        stamps = [stamp for subject in self.subjects.values() for stamp in subject.stamps]
        return max(stamps) - min(stamps)

    def loop(self, name):
        """us per access, inside: of the best round."""
        subject = self.subjects[name]
        return min(subject.rounds) / subject.count / self.hz * 1e6

    def total(self, name):
        """us per access, inside: of all rounds."""
        subject = self.subjects[name]
        return sum(subject.rounds) / len(subject.rounds) / subject.count / self.hz * 1e6

    def outside(self, name):
        """us per access by the wall clock here, with the guest's report of the round: 0.6 ms."""
        subject = self.subjects[name]
        pairs = zip(subject.stamps, subject.stamps[1:])
        return min(after - before for before, after in pairs) / subject.count * 1e6

    def samples(self, name):
        return [ticks / self.hz * 1e6 for ticks in self.subjects[name].samples]

    def lines(self, space, first, last=None):
        return [line for line in self.profile["lines"] if line["space"] == space
                and first <= line["address"] <= (last or first)]

    def as_json(self):
        return {
            "tsc-hz": round(self.hz),
            "subjects": {name: {"accesses": s.count, "round-ticks": s.rounds,
                                "round-seconds-outside":
                                    [b - a for a, b in zip(s.stamps, s.stamps[1:])],
                                "sample-ticks": s.samples}
                         for name, s in self.subjects.items()},
            "profile": self.profile,
        }


# ------------------------------------------------------------------------------------ tables


def spread(values):
    """Smallest, middle, mean, largest; the mean has in it what else ran on the host."""
    values = sorted(values)
    return (f"{values[0]:9.2f}{values[len(values) // 2]:9.2f}{sum(values) / len(values):9.2f}"
            f"{values[-1]:9.2f}")


def percent(part, whole):
    return 100 * part / whole if whole else 0


def share(run, lines):
    """Samples, samples %, time % of some lines of the profile."""
    exits = sum(line["exits"] for line in lines)
    return (exits, percent(exits, run.profile["exits"]),
            percent(sum(line["time-ns"] for line in lines), run.profile["time-ns"]))


def print_shares(off, on):
    print("1. Index and address registers. Samples, samples % and time %: of all exits, by the "
          "profile.\n   min to max: single accesses in the guest, between two readings of the "
          "TSC.\n")
    print(f"{'':22}{'Samples':>9}{'Samples%':>10}{'Time%':>8}{'Min us':>9}{'Median':>9}"
          f"{'Mean':>9}{'Max us':>9}{'published mean':>16}")
    places = {"rtc-index": ("port", 0x70), "pci-address": ("port", 0xcf8, 0xcfb)}
    for name, place in places.items():
        for run, label, i in (off, "exits", 0), (on, "queued", 1):
            count, samples, spent = share(run, run.lines(*place))
            values = run.samples(name)
            title = NAMES[name] if i == 0 else f"  {label}"
            print(f"{title:22}{count:9}{samples:9.2f}%{spent:7.2f}%{spread(values)}"
                  f"{PUBLISHED[name][i]:16.2f}")
    values = off.samples("nop")
    print(f"{'nothing':22}{'':28}{spread(values)}")
    print(f"Published: {PUBLISHED_COALESCING}.\n")


def print_pair(title, first, second, published=None):
    (a, a_out), (b, b_out) = first, second
    old = ""
    if published:
        x, y = published
        old = f"{x:9.2f}{y:9.2f}{y / x:8.3f}" if x else f"{'-':>9}{y:9.2f}"
    print(f"{title:22}{a:9.2f}{b:9.2f}{b / a:8.3f}{a_out:11.2f}{b_out:9.2f}   {old}")


def pair_head(first, second, published):
    print(f"{'us a write':22}{first:>9}{second:>9}{'ratio':>8}{'outside:':>11}{second:>9}   "
          f"{published}")


def both(run, name):
    return run.loop(name), run.outside(name)


def print_writes(off, on):
    print("2. Writes that exit, and writes that are queued: whole loops, in the guest; and by the "
          "clock here.\n")
    pair_head("exit", "queued", "published")
    for name in "rtc-index", "pci-address", "vga-planar", "e1000-register":
        print_pair(NAMES[name], both(off, name), both(on, name), PUBLISHED.get(name))
    for name in "ram-write", "nop":
        print_pair(NAMES[name], both(off, name), both(on, name))
    print("Published for the e1000: 9.7 % more iperf throughput from queued MMIO.\n"
          "Target: ratios of at most 0.25.\n")


def print_doorbells(off):
    print("3. Doorbells, by an exit and by an ioeventfd.\n")
    pair_head("exit", "eventfd", "published, round trips")
    for name in "doorbell-mmio", "doorbell-pio":
        print_pair(NAMES[name], both(off, name + "-exit"), both(off, name + "-eventfd"),
                   PUBLISHED[name])
    print("Ours is the write alone: the bell is answered on another CPU meanwhile. Target: at most "
          "0.25.\n")


def reads(off, on):
    """Rows of the fourth table: title, s for PCI_READS reads inside, by the best round, and
    outside, and the published s."""
    rows = [("ports 0xcf8, 0xcfc", off, "pci-read-pio", PUBLISHED["pci-reads"][0]),
            ("  the address queued", on, "pci-read-pio", None),
            ("memory that traps", off, "pci-read-memory", PUBLISHED["pci-reads"][1]),
            ("read-only memory", on, "pci-read-memory", PUBLISHED["pci-reads"][2]),
            ("nothing", on, "nop", None)]
    scale = PCI_READS / 1e6
    return [(title, run.total(name) * scale, run.loop(name) * scale, run.outside(name) * scale, old)
            for title, run, name, old in rows]


def print_reads(off, on):
    print(f"4. {PCI_READS} reads of a PCI configuration register, s.\n")
    rows = reads(off, on)
    print(f"{'':22}{'s':>9}{'best':>9}{'outside':>9}{'of ports':>10}{'published s':>13}"
          f"{'of ports':>10}")
    for title, total, inside, outside, old in rows:
        published = f"{old:13.3f}{old / rows[0][4]:10.4f}" if old else ""
        print(f"{title:22}{total:9.3f}{inside:9.3f}{outside:9.3f}{inside / rows[0][2]:10.3f}"
              f"{published}")
    print("best: ten times the best of ten rounds of 10000, as is the ratio. Target: read-only memory "
          "at\nmost 0.12 of ports; both have the emulation of the guest's instructions in them.\n")


def markdown(off, on):
    """Exit and no exit, in short."""
    lines = ["| access | exits | does not | ratio | published |", "|---|---|---|---|---|"]

    def add(title, first, second, unit, old):
        published = f"{old[0]:g} {unit} and {old[1]:g} {unit}" if old and old[0] else "-"
        lines.append(f"| {title} | {first:.2f} {unit} | {second:.2f} {unit} | "
                     f"{second / first:.2f} | {published} |")

    for name in "rtc-index", "pci-address", "vga-planar", "e1000-register":
        add(NAMES[name] + ", queued", off.loop(name), on.loop(name), "us", PUBLISHED.get(name))
    for name in "doorbell-mmio", "doorbell-pio":
        add(NAMES[name] + ", ioeventfd", off.loop(name + "-exit"), off.loop(name + "-eventfd"),
            "us", PUBLISHED[name])
    rows = reads(off, on)
    add(f"{PCI_READS} PCI configuration reads: ports, read-only memory", rows[0][2], rows[3][2],
        "s", (rows[0][4], rows[3][4]))
    add("the same: memory that traps, read-only memory", rows[2][2], rows[3][2], "s",
        (rows[2][4], rows[3][4]))
    add("nothing: the guest's loop alone", off.loop("nop"), on.loop("nop"), "us", None)
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------------------------- chart

WIDTH, PANEL, GAP = 960, 448, 32
BAR, ROW = 16, 46
BEFORE, AFTER, PAPER, INK, DIM = "#b5543a", "#2f6690", "#ffffff", "#22272e", "#6e7781"


def text(x, y, words, style=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" {style}>{escape(words)}</text>'


def bar(x, y, width, colour):
    return (f'<rect x="{x:.0f}" y="{y:.0f}" width="{max(width, 1):.1f}" height="{BAR}" rx="2" '
            f'fill="{colour}"/>')


def panel(x, y, title, unit, rows):
    """rows: (name, [(value, colour, published or None)...])."""
    label, room = 142, PANEL - 142 - 150
    top = max(value for _, bars in rows for value, _, _ in bars)
    out = [text(x, y, title, 'class="t"'), text(x + label, y + 22, unit, 'class="d"')]
    at = y + 34
    for name, bars in rows:
        out.append(text(x + label - 10, at + len(bars) * (BAR + 3) / 2 + 3, name, 'class="n"'))
        for value, colour, old in bars:
            width = value / top * room
            words = f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"
            note = (f'<tspan class="d" dx="8">published {old:g}</tspan>' if old else "")
            out.append(bar(x + label, at, width, colour))
            out.append(f'<text x="{x + label + width + 6:.0f}" y="{at + 13}">{words}{note}</text>')
            at += BAR + 3
        at += 10
    return out, at


def key(x, y, colour, words):
    return [bar(x, y - 13, 16, colour), text(x + 22, y, words)]


def draw(off, on):
    def pair(name, first=off, second=on, suffix=("", "")):
        old = PUBLISHED.get(name, (None, None))
        return (NAMES[name], [(first.loop(name + suffix[0]), BEFORE, old[0]),
                              (second.loop(name + suffix[1]), AFTER, old[1])])

    bells = ("-exit", "-eventfd")
    left, right = 24, 24 + PANEL + GAP
    out = [text(left, 38, "What a guest's access costs", 'class="h"')]
    out += key(left, 66, BEFORE, "exits") + key(left + 90, 66, AFTER, "does not exit")
    out.append(text(left + 220, 66, f"measured in the guest, whose loop alone takes "
                    f"{on.loop('nop'):.2f} us", 'class="d"'))
    one, end1 = panel(left, 110, "Index and address registers", "us a write",
                      [pair("rtc-index"), pair("pci-address")])
    two, end2 = panel(right, 110, "Pixels and network registers", "us a write",
                      [pair("vga-planar"), pair("e1000-register")])
    below = max(end1, end2) + 32
    three, end3 = panel(left, below, "Doorbells: exit and ioeventfd", "us a write",
                        [pair("doorbell-mmio", off, off, bells),
                         pair("doorbell-pio", off, off, bells)])
    four, end4 = panel(right, below, f"{PCI_READS} PCI configuration reads", "s",
                       [(title.strip(), [(inside, AFTER if run_on else BEFORE, old)])
                        for (title, _, inside, _, old), run_on
                        in zip(reads(off, on)[:4], (False, False, False, True))])
    height = max(end3, end4) + 20
    body = "\n".join(out + one + two + three + four)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" \
viewBox="0 0 {WIDTH} {height:.0f}">
<style>text{{font:13px 'DejaVu Sans',Verdana,sans-serif;fill:{INK}}}.h{{font-size:20px;\
font-weight:bold}}.t{{font-size:15px;font-weight:bold}}.d{{fill:{DIM};font-size:12px}}\
.n{{text-anchor:end}}</style>
<rect width="{WIDTH}" height="{height:.0f}" fill="{PAPER}"/>
{body}
</svg>
"""


# -------------------------------------------------------------------------------------- main


def main():
    args = [arg for arg in sys.argv[1:] if arg != "--quick"]
    quick = len(args) < len(sys.argv) - 1
    if len(args) not in (2, 3):
        sys.exit(__doc__)
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("skipped: /dev/kvm is missing or not accessible")
        sys.exit(77)
    program, build = os.path.abspath(args[0]), args[1]
    folder = args[2] if len(args) == 3 else os.path.join(build, "figures")
    os.makedirs(folder, exist_ok=True)
    try:
        off = Run(program, build, OFF, quick)
        on = Run(program, build, ON, quick)
    except Failure as failure:
        sys.exit(f"failed: {failure}")
    print(f"The demo guest, once with exits and once without, on {os.cpu_count()} CPUs with a load "
          f"of {os.getloadavg()[0]:.1f}; TSC {off.hz / 1e9:.3f} GHz.\n")
    print_shares(off, on)
    print_writes(off, on)
    print_doorbells(off)
    print_reads(off, on)
    print(f"Exits: {off.profile['exits']}, and {on.profile['exits']} with "
          f"{on.profile['queued']} writes queued.")
    with open(os.path.join(folder, "figures.json"), "w", encoding="utf-8") as file:
        json.dump({"published": PUBLISHED, "off": off.as_json(), "on": on.as_json()}, file)
        file.write("\n")
    with open(os.path.join(folder, "figures.svg"), "w", encoding="utf-8") as file:
        file.write(draw(off, on))
    with open(os.path.join(folder, "figures.md"), "w", encoding="utf-8") as file:
        file.write(markdown(off, on))
    print(f"Raw samples, a chart, and this in short: {folder}/figures.json, .svg, .md")


if __name__ == "__main__":
    main()
