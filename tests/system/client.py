#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A client that was written for QEMU's protocols alone, and uses nothing of ours: it starts the
program exactly as QEMU's own qtest programs do, speaks both protocols, and ends it. Then many of
them at once, many in a row, and the other ways in. The last argument is how many in a row.

Times are printed, and decide nothing."""
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time

import tap

AT_ONCE = 20
started = []  # processes of the case that runs
NAMES = ("lignite-system-x86_64", "lignite-system-i386")


class Lines:
    """A connection on which lines come and go; `accept` from a listening socket."""

    def __init__(self, peer):
        peer.settimeout(tap.LIMIT)
        self.socket = peer
        self.pending = b""

    def send(self, text):
        self.socket.sendall(text)

    def receive(self):
        while b"\n" not in self.pending:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(self.pending)
            self.pending += data
        line, self.pending = self.pending.split(b"\n", 1)
        return line.decode()

    def close(self):
        self.socket.close()


def listen(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(1)
    listener.settimeout(tap.LIMIT)
    return listener


def accept(listener):
    peer, _ = listener.accept()
    path = listener.getsockname()
    listener.close()
    os.unlink(path)
    return Lines(peer)


class Machine:
    """Both sockets listen before the program starts, and are taken in this order: qtest, QMP."""

    def __init__(self, args=(), name="", program=None, log="/dev/null"):
        qtest, qmp = f"qtest-{name}.sock", f"qtest-{name}.qmp"
        self.listeners = listen(qtest), listen(qmp)
        self.process = subprocess.Popen(
            [program or tap.program(),
             "-qtest", f"unix:{qtest}", "-qtest-log", log,
             "-chardev", f"socket,path={qmp},id=char0",
             "-object", "monitor-qmp,id=qmp0,chardev=char0",
             "-display", "none", "-audio", "none", "-run-with", "exit-with-parent=on",
             *args, "-accel", "qtest"], stdin=subprocess.DEVNULL)
        started.append(self.process)

    def shake_hands(self):
        self.qtest = accept(self.listeners[0])
        self.qmp = accept(self.listeners[1])
        self.greeting = json.loads(self.qmp.receive())
        tap.check(set(self.greeting) == {"QMP"}, f"no greeting: {self.greeting}")
        self.call("qmp_capabilities")
        return self

    def ask(self, line):
        """The answer to a line, without the interrupts that came before it."""
        self.qtest.send(line.encode() + b"\n")
        self.irqs = []
        while True:
            answer = self.qtest.receive()
            if not answer.startswith("IRQ "):
                return answer
            self.irqs.append(answer)

    def must(self, line, wanted="OK"):
        answer = self.ask(line)
        tap.check(answer == wanted, f"{line}: {answer!r}, not {wanted!r}")

    def call(self, command, **arguments):
        request = {"execute": command}
        if arguments:
            request["arguments"] = arguments
        self.qmp.send(json.dumps(request).encode())
        while True:
            message = json.loads(self.qmp.receive())
            if "event" not in message:
                tap.check("return" in message, f"{command}: {message}")
                return message["return"]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(tap.LIMIT)
        tap.check(status == 0, f"status {status}")
        self.qtest.close()
        self.qmp.close()


def every_line():
    """What each line of the protocol answers, to the letter."""
    machine = Machine(["-m", "16"]).shake_hands()
    for line, wanted in (
            ("endianness", "OK little"),
            ("outb 0x70 0x5f", "OK"), ("inb 0x71", "OK 0x0000"), ("inw 0x8000", "OK 0xffff"),
            ("inl 32768", "OK 0xffffffff"),
            ("outl 0xcf8 0x80000000", "OK"), ("inl 0xcfc", "OK 0x12378086"),
            ("writeb 0x1000 0x11", "OK"), ("writew 0x1002 0x2233", "OK"),
            ("writel 0x1004 0x44556677", "OK"), ("writeq 0x1008 0x8899aabbccddeeff", "OK"),
            ("readb 0x1000", "OK 0x0000000000000011"), ("readw 0x1002", "OK 0x0000000000002233"),
            ("readl 010004", "OK 0x0000000044556677"), ("readq 0x1008", "OK 0x8899aabbccddeeff"),
            ("read 0x1002 0x6", "OK 0x332277665544"),
            ("write 0x1000 4 0x0a0B", "OK"), ("read 0x1000 5", "OK 0x0a0b000077"),
            ("b64write 0x1000 3 AQID", "OK"), ("b64read 0x1000 4", "OK AQIDAA=="),
            ("memset 0x1000 2 0xee", "OK"), ("memset 0x1000 0 0x55", "OK"),
            ("read 0x1000 3", "OK 0xeeee03"),
            ("clock_step 1000", "OK 1000"), ("clock_set 1500", "OK 1500")):
        machine.must(line, wanted)
    machine.qtest.send(b"\n# nothing\n\n")  # neither is answered
    machine.must("endianness", "OK little")
    machine.end()


def interrupts():
    """Levels are told as they change, before the answer, and reach the controller all the same."""
    machine = Machine(["-rtc", "clock=vm"]).shake_hands()
    machine.must("irq_intercept_in ioapic")
    machine.must("irq_intercept_in ioapic")
    tap.check(machine.ask("irq_intercept_in isa-i8259").startswith("FAIL"), "two at once")
    tap.check(machine.ask("irq_intercept_out nobody") == "FAIL Unknown device", "nobody")
    machine.must("set_irq_in ioapic unnamed-gpio-in 5 1")
    tap.check(machine.irqs == ["IRQ raise 5"], str(machine.irqs))
    machine.must("set_irq_in ioapic unnamed-gpio-in 5 1")
    tap.check(machine.irqs == [], str(machine.irqs))
    machine.must("set_irq_in ioapic unnamed-gpio-in 5 0")
    tap.check(machine.irqs == ["IRQ lower 5"], str(machine.irqs))
    # The clock's periodic interrupt; a bare step goes to it, and tells it before it answers.
    for value, data in ((0x0a, 0x2f), (0x0b, 0x42)):
        machine.must(f"outb 0x70 {value}")
        machine.must(f"outb 0x71 {data}")
    answer = machine.ask("clock_step")
    tap.check(machine.irqs == ["IRQ raise 8"] and answer.startswith("OK "), f"{machine.irqs}")
    machine.end()
    # An output: the timer's, two changes within one step.
    machine = Machine().shake_hands()
    machine.must("irq_intercept_out isa-pit")
    tap.check(machine.ask("irq_intercept_out ioapic").startswith("FAIL"), "another")
    for line, told in (("outb 0x43 0x36", ["IRQ raise 0"]), ("outb 0x40 100", []),
                       ("outb 0x40 0", [])):
        machine.must(line)
        tap.check(machine.irqs == told, f"{line}: {machine.irqs}")
    machine.ask("clock_step 85000")  # a cycle over 100 of 838 ns
    tap.check(machine.irqs == ["IRQ lower 0", "IRQ raise 0"], str(machine.irqs))
    machine.end()


def device_paths():
    """A device by its path, by a part of it that is enough, and by its class."""
    machine = Machine(["-device", "isa-debug-exit,id=con"]).shake_hands()
    path = next(f"/machine/unattached/{row['name']}"
                for row in machine.call("qom-list", path="/machine/unattached")
                if row["type"] == "child<ioapic>")
    for name in (path, path.split("/", 2)[2], path.rsplit("/", 1)[1], "ioapic"):
        machine.must(f"set_irq_in {name} unnamed-gpio-in 1 0")
    answer = machine.ask("set_irq_in /machine/peripheral/con unnamed-gpio-in 0 1")
    tap.check(answer == "FAIL the device has no such input", answer)
    for name in ("/machine", "/machine/peripheral/ioapic", "peripheral", "con/", "/"):
        answer = machine.ask(f"set_irq_in {name} unnamed-gpio-in 0 0")
        tap.check(answer == "FAIL Unknown device", f"{name}: {answer}")
    machine.end()


def malformed_lines():
    """A reason each, the connection stays, and nothing has changed."""
    machine = Machine(["-m", "1"]).shake_hands()
    machine.must("memset 0 0xa0000 0x5a")
    machine.must("outb 0x70 0x60")
    machine.must("outb 0x71 0x5a")
    machine.must("clock_step 77", "OK 77")
    for line in (
            "inb", "inb x", "inb 0x70 1", "inb 0x10000", "outb 0x71", "outb 0x71 ", "outb 0x71 -1",
            "outb  0x71 1", " outb 0x71 1", "outb 0x71 1 ", "outb 0x71 0x10000000000000000",
            "readl 0xzz", "readq", "writeb 0", "writeb 0 0 0", "writeb 0 1x", "writeb +0 1",
            "read 0 0", "read 0 0xffffffffffffffff", "read 0xffffffffffffffff 2", "write 0 0 0x",
            "write 0 1 00", "write 0 1 0xz0", "write 0 1 0x0", "write 0 0xffffffff 0x00",
            "b64write 0 1 *", "b64write 0 2 AA==", "b64read 0 0", "memset 0 0xffffffffffffffff 1",
            "memset 1 0xffffffffffffffff 1", "memset 0 1", "clock_step 0", "clock_step -1",
            "clock_step x", "clock_set", "clock_set 0", "clock_set 77",
            "clock_set 0xffffffffffffffff", "clock_step 0x7fffffffffffffff", "irq_intercept_in",
            "irq_intercept_in nobody", "irq_intercept_out ioapic nothing", "set_irq_in",
            "set_irq_in ioapic x 0 1", "set_irq_in ioapic unnamed-gpio-in 24 1",
            "set_irq_in ioapic unnamed-gpio-in -1 1", "frobnicate", "OUTB 0x71 1", "outb\t0x71 1",
            "a" * 5000, "outb 0x71 1\0"):
        answer = machine.ask(line)
        tap.check(answer.startswith("FAIL ") and len(answer) > 8, f"{line[:60]!r}: {answer!r}")
    tap.check(machine.ask("frobnicate 1") == "FAIL Unknown command 'frobnicate'", "other words")
    machine.must("inb 0x71", "OK 0x005a")
    for address in (0, 0x1000, 0x9fff8):
        machine.must(f"readq {address}", "OK 0x5a5a5a5a5a5a5a5a")
    machine.must("clock_step 1", "OK 78")
    machine.end()


def no_deadline():
    machine = Machine(["-machine", "none"]).shake_hands()
    tap.check(machine.ask("clock_step").startswith("FAIL "), "a step to no timer")
    machine.must("clock_step 5", "OK 5")
    machine.end()


def names():
    """The architecture is what follows "-system-": both names work, from any folder."""
    for name in NAMES:
        beside = os.path.join(os.path.dirname(tap.program()), name)
        os.symlink(tap.program(), name)
        for program in (beside, os.path.abspath(name)):
            machine = Machine(program=program).shake_hands()
            machine.must("endianness", "OK little")
            version = machine.greeting["QMP"]["version"]["qemu"]
            default = [row["name"] for row in machine.call("query-machines")
                       if row.get("is-default")]
            tap.check(default == [f"pc-i440fx-{version['major']}.{version['minor']}"], str(default))
            machine.end()


def log():
    """The lines of both sides, where they were asked for."""
    machine = Machine(log="lines").shake_hands()
    machine.must("endianness", "OK little")
    machine.end()
    with open("lines", encoding="ascii") as file:
        text = file.read()
    tap.check("[R +" in text and "] endianness\n" in text and "] OK little\n" in text, text)


def children():
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
        return file.read().split()


def expect_nothing_left(descriptors, files):
    tap.check(children() == [], f"processes are left: {children()}")
    tap.check(len(os.listdir("/proc/self/fd")) == descriptors, "descriptors are left")
    tap.check(sorted(os.listdir(".")) == files, f"files are left: {os.listdir('.')}")


def many_at_once():
    descriptors = len(os.listdir("/proc/self/fd"))
    machines = [Machine(["-m", "16"], name=str(i)) for i in range(AT_ONCE)]
    for machine in machines:
        machine.shake_hands()
    for number, machine in enumerate(machines):
        machine.must(f"writel 0x1000 {number}")
        machine.must(f"clock_step {number + 1}", f"OK {number + 1}")
    for number, machine in enumerate(machines):
        machine.must("readl 0x1000", f"OK 0x{number:016x}")
        machine.must("clock_step 1", f"OK {number + 2}")
    for machine in machines:
        machine.end()
    expect_nothing_left(descriptors, [])


def many_in_a_row():
    descriptors = len(os.listdir("/proc/self/fd"))
    os.environ["TMPDIR"] = os.getcwd()  # what it might leave, it would leave here
    times = []
    for _ in range(int(sys.argv[2])):
        begun = time.monotonic()
        machine = Machine().shake_hands()
        machine.must("endianness", "OK little")
        machine.end()
        times.append((time.monotonic() - begun) * 1000)
        expect_nothing_left(descriptors, [])
    del os.environ["TMPDIR"]
    times.sort()
    print(f"# {len(times)} starts in a row: median {statistics.median(times):.2f} ms,"
          f" 90% below {times[len(times) * 9 // 10]:.2f} ms, least {times[0]:.2f} ms")


def other_ways_in():
    """Standard input and output, a chardev, a socket where the program listens."""
    base = [tap.program(), "-display", "none", "-accel", "qtest", "-nodefaults"]
    process = subprocess.Popen([*base, "-qtest", "stdio"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(b"endianness\nclock_step 5\n")
    process.stdin.flush()
    answers = process.stdout.readline() + process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=tap.LIMIT)
    tap.check(answers == b"OK little\nOK 5\n" and process.returncode == 0 and not err,
              f"{answers} {process.returncode} {err}")
    for args in (["-chardev", "socket,id=c,path=s,server=on,wait=off", "-qtest", "chardev:c"],
                 ["-qtest", "unix:s,server=on,wait=off"]):
        with subprocess.Popen([*base, *args]) as process:
            for turn in range(2):  # a client that leaves makes room for the next
                peer = socket.socket(socket.AF_UNIX)
                while peer.connect_ex("s"):
                    time.sleep(0.005)
                lines = Lines(peer)
                lines.send(b"clock_step 5\n")
                answer = lines.receive()
                tap.check(answer == f"OK {5 * turn + 5}", answer)
                lines.close()
            process.send_signal(signal.SIGTERM)
            tap.check(process.wait(tap.LIMIT) == 0, f"status {process.returncode}")


def options_of_clients():
    """Options that merge, accelerators that fail, monitors by their other names."""
    machine = Machine(["-accel", "nothing", "-M", "graphics=off", "-M", "pc", "-boot", "menu=on",
                       "-boot", "order=n", "-chardev", "socket,path=m,id=m,server=on,wait=off",
                       "-mon", "chardev=m,mode=control", "-qmp",
                       "unix:q,server=on,wait=off"]).shake_hands()
    machine.must("outb 0x70 0x3d")
    machine.must("inb 0x71", "OK 0x0004")
    for path in ("m", "q"):
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(path)
        lines = Lines(peer)
        tap.check("QMP" in json.loads(lines.receive()), path)
        lines.close()
    machine.end()


def tidy(case):
    """Leave no process to the next case, however this one ends."""
    def run():
        try:
            case()
        finally:
            for process in started:
                process.kill()
                process.wait()
            started.clear()
    return run


tap.main([(name, tidy(case)) for name, case in (
    ("every line", every_line),
    ("interrupts", interrupts),
    ("device paths", device_paths),
    ("malformed lines", malformed_lines),
    ("no deadline", no_deadline),
    ("names", names),
    ("log", log),
    ("many at once", many_at_once),
    ("many in a row", many_in_a_row),
    ("other ways in", other_ways_in),
    ("options of clients", options_of_clients),
)])
