#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Options for how the machine is described and how its process runs: a file of options, JSON, -set;
the background, another user, another root, fewer system calls."""
import json
import os
import re
import signal
import socket
import subprocess
import time

import tap
from monitor import BASE, Monitor

# The leak check of a sanitizer traces the process, which the sandbox forbids.
SANDBOXED = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")


def wait_until(condition, what):
    deadline = time.monotonic() + tap.LIMIT
    while not condition():
        tap.check(time.monotonic() < deadline, what)
        time.sleep(0.01)


def refused(args, part):
    status, out, err = tap.run(*BASE, "-S", *args)
    tap.check(status == 1 and out == "" and err.count("\n") == 1 and part in err,
              f"{args}: {status} {out!r} {err!r}")


def config_file():
    with open("vm.cfg", "w", encoding="ascii") as file:
        file.write('[machine]\n  type = "pc"\n[memory]\n  size = "33"\n'
                   '[chardev "log"]\n  backend = "file"\n  path = "a,b"\n'
                   '[device "exit"]\n  driver = "isa-debug-exit"\n  iobase = "0x501"\n'
                   '[name]\n  guest = "from a file"\n'
                   '[netdev "n"]\n  type = "user"\n')
    with Monitor("-readconfig", "vm.cfg", "-set", "device.exit.iobase=0xf4") as monitor:
        tap.check(monitor.run("info name") == "from a file\n", "no name")
        tap.check("n: " in monitor.run("info network"), "no network")
        tap.check("log: filename=file" in monitor.run("info chardev"), "no chardev")
        tap.check(os.path.exists("a,b"), "no file")
        monitor.send("o /b 0xf4 0x10")
        tap.check(monitor.wait() == 0x21, f"status {monitor.process.returncode}")


def config_file_without_a_board():
    """As QEMU's own test of -readconfig has it."""
    with open("vm.cfg", "w", encoding="ascii") as file:
        file.write('[memory]\nsize = "200"')
    process = subprocess.Popen(
        [tap.program(), "-accel", "qtest", "-display", "none", "-nodefaults", "-machine", "none",
         "-readconfig", "vm.cfg", "-qmp", "stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    out, err = process.communicate("{'execute':'qmp_capabilities'} {'execute':'query-memdev'}"
                                   " {'execute':'quit'}", timeout=tap.LIMIT)
    tap.check(process.returncode == 0 and err == "", f"{process.returncode} {err!r}")
    memory = json.loads(out.splitlines()[2])["return"]
    tap.check([(m["id"], m["size"]) for m in memory] == [("ram", 200 << 20)], str(memory))


def config_file_mistakes():
    for text, part in (('[device]\ndriver = "zz"\n', "-device driver=zz: 'zz' is not a valid"),
                       ('[device]\ndriver = zz\n', "-readconfig vm.cfg: line 2: parse error"),
                       ('[cpu]\n', "line 1: There is no option group 'cpu'")):
        with open("vm.cfg", "w", encoding="ascii") as file:
            file.write(text)
        refused(["-readconfig", "vm.cfg"], part)


def json_device():
    with Monitor("-device", "{'driver': 'isa-debug-exit', 'id': 'e', 'iobase': 244}") as monitor:
        tap.check('dev: isa-debug-exit, id "e"' in monitor.run("info qtree"), "no device")
        monitor.send("o /b 0xf4 0x10")
        tap.check(monitor.wait() == 0x21, f"status {monitor.process.returncode}")


def json_mistakes():
    for text, part in (
            ('{"driver": "isa-debug-exit", "iobase": "244"}', "iobase"),
            ('{"driver": "isa-debug-exit", "iobase": 65536}', "maximum"),
            ('{"driver": "isa-debug-exit", "zz": 1}', "'isa-debug-exit.zz' not found"),
            ('{"driver": "zz"}', "'zz' is not a valid device model name"),
            ('{"driver": 1}', "Invalid parameter type for 'driver', expected: string"),
            ('{"id": "a"}', "Parameter 'driver' is missing"),
            ('{"driver"}', "JSON"), ('{', "JSON"), ('{} {}', "more than one value")):
        refused(["-device", text], part)


def messages():
    """-msg: the time and the guest's name before what the program says."""
    for args, pattern in (
            (["-msg", "timestamp=on"],
             r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z lignite: -device zz: "),
            (["-msg", "guest-name=on", "-name", "vm 1"], r"vm 1 lignite: -device zz: "),
            (["-msg", "timestamp=off"], r"lignite: -device zz: ")):
        _, _, err = tap.run(*BASE, *args, "-device", "zz")
        tap.check(re.match(pattern, err), err)


def daemon(*args):
    """Start in the background and return its process id; it has told that it is ready."""
    status, out, err = tap.run(*BASE, "-S", "-daemonize", "-pidfile", "pid", "-qmp",
                               "unix:qmp,server=on,wait=off", *args, env=SANDBOXED)
    tap.check(status == 0 and out == "" and err == "", f"{args}: {status} {out!r} {err!r}")
    with open("pid", encoding="ascii") as file:
        return int(file.read())


def gone(pid):
    return lambda: not os.path.exists(f"/proc/{pid}") or state(pid)["State"].startswith("Z")


def state(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file)


def daemonize():
    """It answers as soon as the command has ended, and has no terminal, folder or parent of ours."""
    pid = daemon("-name", "vm,process=quiet one")
    try:
        peer = socket.socket(socket.AF_UNIX)
        peer.connect("qmp")
        tap.check(b"QMP" in peer.recv(4096), "no greeting")
        peer.close()
        tap.check(os.readlink(f"/proc/{pid}/cwd") == "/", "a folder is held")
        for fd in range(3):
            tap.check(os.readlink(f"/proc/{pid}/fd/{fd}") == "/dev/null", f"descriptor {fd}")
        tap.check(os.getsid(pid) != os.getsid(0), "our session")
        tap.check(state(pid)["Name"] == "quiet one", state(pid)["Name"])
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_until(gone(pid), "it does not end")
    tap.check(not os.path.exists("pid"), "the pidfile is still there")


def daemonize_mistakes():
    """What goes wrong before it is ready is told, with status 1, and nothing is left."""
    for args, part in ((["-device", "zz"], "-device zz: "),
                       (["-run-with", "user=nobody-at-all"], "neither a user nor UID:GID"),
                       (["-run-with", "exit-with-parent=on"], "exit-with-parent"),
                       (["-run-with", "chroot=no/such"], "chroot=no/such: chroot failed")):
        refused(["-daemonize", "-pidfile", "pid", *args], part)
        tap.check(not os.path.exists("pid"), "the pidfile is still there")


def another_user():
    if os.getuid():
        refused(["-run-with", "user=0:0"], "cannot become that user")
        return
    os.mkdir("root")
    os.chmod(".", 0o755)
    pid = daemon("-run-with", "user=65534:65534,chroot=root")
    try:
        status = state(pid)
        for key in ("Uid", "Gid", "Groups"):
            tap.check(set(status[key].split()) == {"65534"}, f"{key}: {status[key]}")
        tap.check(os.readlink(f"/proc/{pid}/root") == os.path.abspath("root"), "another root")
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_until(gone(pid), "it does not end")


def sandbox():
    """All threads are in it, and the machine works: here, its firmware runs and it is ended."""
    everything = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
    for options in ("on", everything, "off"):
        process = subprocess.Popen(
            [tap.program(), "-accel", "x86emu", "-display", "none", "-sandbox", options, "-S",
             "-monitor", "stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=SANDBOXED)
        process.stdin.write("cont\ninfo status\n")
        process.stdin.flush()
        seen = ""
        while "VM status: running" not in seen:
            line = process.stdout.readline()
            tap.check(line, f"{options}: it ended: {seen!r}")
            seen += line
        for thread in os.listdir(f"/proc/{process.pid}/task"):
            mode = state(f"{process.pid}/task/{thread}")["Seccomp"]
            tap.check(mode == ("0" if options == "off" else "2"), f"{options}: mode {mode}")
        new = state(process.pid)["NoNewPrivs"]
        tap.check(options != everything or new == "1", f"{options}: NoNewPrivs {new}")
        _, err = process.communicate("quit\n", timeout=tap.LIMIT)
        tap.check(process.returncode == 0 and err == "", f"{options}: {process.returncode} {err}")


tap.main([
    ("-readconfig", config_file),
    ("-readconfig without a board", config_file_without_a_board),
    ("-readconfig, mistakes", config_file_mistakes),
    ("-device in JSON", json_device),
    ("-device in JSON, mistakes", json_mistakes),
    ("-msg", messages),
    ("-daemonize", daemonize),
    ("-daemonize, mistakes", daemonize_mistakes),
    ("-run-with user, chroot", another_user),
    ("-sandbox", sandbox),
])
