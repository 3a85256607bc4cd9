#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The process as its user sees it: help, start, stop, signals, pidfile, where the bytes go."""
import os
import pty
import select
import signal
import socket
import subprocess
import termios
import time

import tap
from monitor import BASE, PROMPT, Monitor


def help_texts():
    rows = [
        (["-h"], ["usage:", "-serial DEV"]), (["--help"], ["QEMU"]), (["-version"], ["Lignite"]),
        (["-M", "help"], ["pc ", "(default)"]), (["-M", "pc,help"], ["graphics"]),
        (["-cpu", "help"], ["qemu64"]), (["-accel", "help"], ["kvm", "x86emu"]),
        (["-device", "help"], ['"isa-serial"']), (["-device", "?"], ['"isa-debug-exit"']),
        (["-device", "isa-serial,help"], ["chardev=<str>"]), (["-chardev", "help"], ["socket"]),
        (["-d", "help"], ["guest_errors"]), (["-vga", "help"], ["cirrus"]),
        (["-display", "help"], ["none"]), (["-L", "help"], ["/"]),
    ]
    for args, parts in rows:
        status, out, err = tap.run(*args)
        tap.check(status == 0 and err == "", f"{args}: status {status}, stderr {err!r}")
        for part in parts:
            tap.check(part in out, f"{args}: no {part!r} in {out!r}")


def first_line_of_help():
    _, out, _ = tap.run("-h")
    tap.check("QEMU emulator version " in out.splitlines()[0], out.splitlines()[0])


def paused_until_cont():
    with Monitor() as monitor:
        tap.check("paused (prelaunch)" in monitor.run("info status"), "not paused")
        tap.check(monitor.run("cont") == "", "cont says something")
        tap.check("running" in monitor.run("info status"), "not running")
        monitor.run("stop")
        status = monitor.run("info status")
        tap.check(status == "VM status: paused\n", status)
        monitor.send("quit")
        tap.check(monitor.wait() == 0, f"status {monitor.process.returncode}")


def reset_keeps_it_paused():
    with Monitor() as monitor:
        monitor.run("system_reset")
        tap.check("paused (prelaunch)" in monitor.run("info status"), "not paused")


def monitor_mistakes():
    with Monitor() as monitor:
        for command in ("zz", "info zz", "stop now", "xp", "xp /zz 0", "o 0x80", "sendkey",
                        "eject zz", "change zz", "screendump", "help zz", "echo 'open"):
            out = monitor.run(command)
            tap.check(out.startswith("Error: ") and out.count("\n") == 1, f"{command}: {out!r}")
        tap.check("quit|q" in monitor.run("help"), "no help")
        tap.check("info qtree" in monitor.run("info"), "no help for info")


def info_commands():
    with Monitor("-name", "vm1", "-serial", "null") as monitor:
        for line in monitor.run("info").splitlines():
            name = line.split()[1].rstrip(",")
            out = monitor.run(f"info {name}")
            tap.check(name in ("screen", "io-profile") or not out.startswith("Error"), f"info {name}: {out!r}")
        tap.check(monitor.run("info name") == "vm1\n", "wrong name")
        tap.check("serial0: filename=null" in monitor.run("info chardev"), "no serial0")
        tap.check("dev: isa-serial" in monitor.run("info qtree"), "no isa-serial")


def end_of_input_is_no_end():
    with Monitor() as monitor:
        monitor.process.stdin.close()
        monitor.process.stdin = None
        try:
            monitor.process.wait(0.5)
            raise tap.Failure("it ended with its input")
        except subprocess.TimeoutExpired:
            pass
        monitor.process.send_signal(signal.SIGTERM)
        tap.check(monitor.wait() == 0, f"status {monitor.process.returncode}")


def signal_ends(number, *args):
    def case():
        with Monitor("-pidfile", "pid", *args) as monitor:
            with open("pid", encoding="ascii") as file:
                tap.check(file.read() == f"{monitor.process.pid}\n", "wrong pid")
            monitor.process.send_signal(number)
            tap.check(monitor.wait() == 0, f"status {monitor.process.returncode}")
            tap.check(not os.path.exists("pid"), "the pidfile is still there")
    return case


def second_signal_forces():
    """A peer that does not read makes the end wait for it, a little; a second signal does not."""
    for signals, wanted in ((1, 0), (1000, 1)):
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("s")
            server.listen()
            with Monitor("-serial", "unix:s") as monitor:
                peer, _ = server.accept()
                for _ in range(2000):  # more than a socket holds, as each byte is sent alone
                    monitor.send("o /b 0x3f8 0x41")
                for _ in range(2000):
                    monitor.read_prompt()
                for _ in range(signals):
                    if monitor.process.poll() is not None:
                        break
                    monitor.process.send_signal(signal.SIGTERM)
                    time.sleep(0.01)
                tap.check(monitor.wait() == wanted, f"status {monitor.process.returncode}")
                peer.close()
        os.unlink("s")


def signal_while_waiting_for_a_peer():
    process = tap.start(*BASE, "-serial", "unix:s,server=on")
    line = process.stderr.readline()
    tap.check("waiting for connection on: unix:s,server=on" in line, line)
    process.send_signal(signal.SIGINT)
    status, _, _ = tap.finish(process)
    tap.check(status == 0, f"status {status}")


def unknown_accelerator_falls_back():
    process = subprocess.Popen(
        [tap.program(), "-accel", "zz", *BASE, "-S", "-monitor", "stdio"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out, err = process.communicate("info accel\nquit\n", timeout=tap.LIMIT)
    tap.check(process.returncode == 0, f"status {process.returncode}, {err!r}")
    tap.check(err.count("\n") == 1 and err.startswith("lignite: ") and "zz" in err, err)
    tap.check("x86emu" in out, out)


def debug_exit(args, status):
    def case():
        with Monitor("-device", "isa-debug-exit,iobase=0xf4,iosize=4", *args) as monitor:
            monitor.send("o /b 0xf4 0x10")
            tap.check(monitor.wait() == status, f"status {monitor.process.returncode}")
    return case


def serial_file():
    with Monitor("-serial", "file:out", "-debugcon", "file:log", "-global",
                 "isa-debugcon.iobase=0x402") as monitor:
        for char in b"Hi":
            monitor.run(f"o /b 0x3f8 {char}")
            monitor.run(f"o /b 0x402 {char + 1}")
    for name, wanted in (("out", b"Hi"), ("log", b"Ij")):
        with open(name, "rb") as file:
            found = file.read()
        tap.check(found == wanted, f"{name}: {found!r}")


def serial_chardev():
    with Monitor("-chardev", "ringbuf,id=r", "-serial", "chardev:r") as monitor:
        tap.check("r: filename=ringbuf" in monitor.run("info chardev"), "no ringbuf")


def serial_pty():
    # The monitor's greeting comes after the line that names the terminal.
    with Monitor("-serial", "pty") as monitor:
        line = monitor.greeting.splitlines()[0]
        tap.check(line.startswith("char device redirected to /dev/") and
                  line.endswith(" (label serial0)"), line)
        fd = os.open(line.split()[4], os.O_RDWR | os.O_NOCTTY)
        os.write(fd, b"Z")
        while monitor.run("i /b 0x3fd") != "portb[0x03fd] = 0x61\n":
            pass
        tap.check(monitor.run("i /b 0x3f8") == "portb[0x03f8] = 0x5a\n", "not received")
        monitor.run("o /b 0x3f8 0x41")
        tap.check(os.read(fd, 1) == b"A", "not sent")
        os.close(fd)


def serial_socket():
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        server.listen()
        with Monitor("-serial", "unix:s") as monitor:
            peer, _ = server.accept()
            monitor.run("o /b 0x3f8 0x41")
            tap.check(peer.recv(1) == b"A", "not sent")
            peer.close()
            monitor.run("o /b 0x3f8 0x41")  # no SIGPIPE
            monitor.run("o /b 0x3f8 0x41")
            tap.check("paused" in monitor.run("info status"), "gone")


def multiplexed():
    """mon:stdio: the console is in front, Ctrl-A c brings the monitor, Ctrl-A x ends."""
    process = subprocess.Popen([tap.program(), *BASE, "-S", "-serial", "mon:stdio"],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    out, err = process.communicate(b"\x01cinfo status\n\x01c\x01h\x01x", timeout=tap.LIMIT)
    tap.check(process.returncode == 0, f"status {process.returncode} {err!r}")
    tap.check(out.startswith(b"\r\nLignite"), out)
    tap.check(b"VM status: paused (prelaunch)" in out, out)
    tap.check(b"C-a x" in out and b"Terminated" in out, out)
    tap.check(err == b"", err)


def nographic():
    process = subprocess.Popen([tap.program(), "-accel", "x86emu", "-nographic", "-S", "-vga",
                                "none", "-net", "none"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(b"\x01cinfo chardev\nquit\n", timeout=tap.LIMIT)
    tap.check(process.returncode == 0, f"status {process.returncode} {err!r}")
    tap.check(b"serial0: filename=mux:stdio" in out, out)


def terminal_is_restored():
    """On a terminal: raw while it runs, as before when it has ended, however it ends."""
    for number in (signal.SIGTERM, None):
        master, slave = pty.openpty()
        before = termios.tcgetattr(slave)
        process = subprocess.Popen([tap.program(), *BASE, "-S", "-monitor", "stdio"], stdin=slave,
                                   stdout=slave, stderr=slave, start_new_session=True)
        data = b""
        while not data.endswith(PROMPT.encode()):
            readable, _, _ = select.select([master], [], [], tap.LIMIT)
            tap.check(readable, f"no prompt: {data!r}")
            data += os.read(master, 1)
        tap.check(not termios.tcgetattr(slave)[3] & termios.ICANON, "the terminal is not raw")
        if number:
            process.send_signal(number)
        else:
            os.write(master, b"quit\r")
        status = process.wait(tap.LIMIT)
        tap.check(status == 0, f"status {status}")
        tap.check(termios.tcgetattr(slave) == before, "the terminal is not as it was")
        os.close(master)
        os.close(slave)


def log_file():
    with Monitor("-d", "cpu_reset", "-D", "log") as monitor:
        monitor.run("system_reset")
        monitor.run("info status")
    with open("log", encoding="utf-8") as file:
        text = file.read()
    tap.check("reset: host-qmp-system-reset" in text, text)


tap.main([
    ("help texts", help_texts),
    ("first line of help", first_line_of_help),
    ("paused until cont", paused_until_cont),
    ("reset keeps it paused", reset_keeps_it_paused),
    ("monitor mistakes", monitor_mistakes),
    ("info commands", info_commands),
    ("end of input is no end", end_of_input_is_no_end),
    ("SIGTERM ends", signal_ends(signal.SIGTERM)),
    ("SIGINT ends", signal_ends(signal.SIGINT)),
    ("SIGHUP ends", signal_ends(signal.SIGHUP)),
    ("SIGTERM ends in spite of -no-shutdown", signal_ends(signal.SIGTERM, "-no-shutdown")),
    ("a second signal forces", second_signal_forces),
    ("signal while waiting for a peer", signal_while_waiting_for_a_peer),
    ("unknown accelerator falls back", unknown_accelerator_falls_back),
    ("isa-debug-exit", debug_exit([], 0x21)),
    ("isa-debug-exit in spite of -no-shutdown", debug_exit(["-no-shutdown"], 0x21)),
    ("-serial file, -debugcon file", serial_file),
    ("-serial chardev", serial_chardev),
    ("-serial pty", serial_pty),
    ("-serial unix", serial_socket),
    ("-serial mon:stdio", multiplexed),
    ("-nographic", nographic),
    ("terminal is restored", terminal_is_restored),
    ("-d, -D", log_file),
])
