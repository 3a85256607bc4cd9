#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The monitor for people: its commands and what they show, completion of real names, and the same
commands through QMP."""
import json
import os
import select
import socket
import struct

import tap
from monitor import PROMPT, Monitor

FULL = ["-accel", "x86emu", "-display", "none", "-m", "16"]


def full(*args):
    return Monitor(*args, base=FULL)


def expect(monitor, rows):
    for command, wanted in rows:
        out = monitor.run(command)
        tap.check(out == wanted, f"{command}: {out!r}, not {wanted!r}")


def memory_and_ports():
    with full() as monitor:
        expect(monitor, (
            ("xp /2xb 0x1000", "0000000000001000: 0x00 0x00\n"),
            ("x /1xg 0xfffffff0-0xfffffff0+0x2000", "0000000000002000: 0x0000000000000000\n"),
            ("gva2gpa 0x1234", "gpa: 0x1234\n"),
            ("sum 0x1000 64", "00000\n"),
            ("o /b 0x70 0x5f", ""), ("i /b 0x71", "portb[0x0071] = 0x00\n"),
            ("o /w 0xcf8 0x80000000", ""), ("i /xw 0xcfc", "portl[0x0cfc] = 0x12378086\n"),
            ("i /dh 0xcfc", "portw[0x0cfc] = -32634\n"),
            ("i /uh 0xcfe", "portw[0x0cfe] = 4663\n"),
            ("p $pc", "0xfffffff0\n"), ("p /x ($pc + 0x20) & 0xff", "0x10\n"),
            ("p /d -5", "-5\n"), ("p /c 65", "'A'\n"), ("p /o 8", "010\n"),
            ("p $cs", "0xf000\n"), ("p $eax", "0\n"), ("cpu 0", "")))
        out = monitor.run("x /4xb $pc")  # the first jump of the firmware
        tap.check(out.startswith("00000000fffffff0: 0xea "), out)
        for size in ("b", "h", "w", "g"):
            lines = monitor.run(f"xp /33x{size} 0xf0000").splitlines()
            per_line = 16 // {"b": 1, "h": 2, "w": 4, "g": 8}[size]
            tap.check(len(lines) == -(-33 // per_line), f"{size}: {lines}")
        for command in ("x", "x /z 0", "xp /4", "xp zz", "xp 1 +", "p", "p 1/0", "p $zz", "i", "i zz",
                        "i 0x10000", "i 0x70 1", "o 0x70", "o 0x70 0x100000000", "sum 0",
                        "sum 0 0xffffffffffff", "cpu 1", "cpu", "cpu x", "gva2gpa"):
            out = monitor.run(command)
            tap.check(out.startswith("Error: ") and out.count("\n") == 1, f"{command}: {out!r}")


def memory_to_files():
    with full() as monitor:
        monitor.run("o /b 0x92 2")
        for command in ("memsave", "pmemsave"):
            expect(monitor, ((f"{command} 0xffff0 8*2 saved", ""),))
            with open("saved", "rb") as file:
                data = file.read()
            wanted = monitor.run("xp /16xb 0xffff0").split(": ")[1].split()
            tap.check([f"0x{byte:02x}" for byte in data] == wanted, f"{command}: {data!r}")
            for args in ("", "0 16", "0 16 no/such/file", "zz 16 f", "0 -1 f"):
                out = monitor.run(f"{command} {args}")
                tap.check(out.startswith("Error: "), f"{command} {args}: {out!r}")


def devices():
    with full("-nodefaults") as monitor:
        expect(monitor, (("device_add e1000,id=n1,mac=52:54:00:00:00:07", ""),))
        tap.check("mac=<" in monitor.run("device_add e1000,help"), "no properties")
        tap.check('"e1000"' in monitor.run("device_add help"), "no drivers")
        tap.check('dev: e1000, id "n1"' in monitor.run("info qtree"), "no n1")
        expect(monitor, (
            ("qom-get /machine/peripheral/n1 mac", '"52:54:00:00:00:07"\n'),
            ("qom-get n1 coalesced-mmio", "true\n"),
            ("qom-set n1 coalesced-mmio off", ""), ("qom-get n1 coalesced-mmio", "false\n"),
            ("qom-set -j n1 coalesced-mmio true", ""), ("qom-get n1 coalesced-mmio", "true\n")))
        tap.check("/n1 (e1000)" in monitor.run("info qom-tree"), "not in the tree")
        tap.check("n1 (child<e1000>)" in monitor.run("qom-list /machine/peripheral"), "not listed")
        for command in ("device_add e1000,id=n1", "device_add zz", "device_add e1000,zz=1",
                        "device_add", "device_add id=a", "device_add zz,help", "device_add isa-debug-exit",
                        "device_del zz", "device_del", "qom-get n1", "qom-get n1 zz",
                        "qom-set n1 coalesced-mmio 7", "qom-set -j n1 coalesced-mmio 7",
                        "qom-set -j n1 coalesced-mmio {", "qom-set n1 mac zz", "qom-set n1 zz 1",
                        "qom-set /machine type x", "qom-list zz", "info qom-tree zz"):
            out = monitor.run(command)
            tap.check(out.startswith("Error: ") and out.count("\n") == 1, f"{command}: {out!r}")
        expect(monitor, (("device_add \"{'driver': 'e1000', 'id': 'n2', 'addr': '9'}\"", ""),
                         ("device_del n1", ""), ("device_del n2", "")))
        tap.check("e1000" not in monitor.run("info qtree"), "still there")


def what_there_is():
    """What each `info` shows of a machine whose state is known."""
    with full("-name", "vm 1", "-uuid", "12345678-1234-1234-1234-123456789abc") as monitor:
        monitor.run("o /b 0x20 0x11")
        for value in (0x08, 0x04, 0x01, 0x5a):
            monitor.run(f"o /b 0x21 {value}")
        for command, part in (
                ("status", "VM status: paused (prelaunch)"), ("name", "vm 1"),
                ("uuid", "12345678-1234-1234-1234-123456789abc"), ("version", "QEMU emulator"),
                ("block", "ide1-cd0"), ("chardev", "serial0"), ("pci", "PCI device 8086:1237"),
                ("qtree", "dev: mc146818rtc"), ("mtree", "0000000000000070"), ("mtree -f", "pc.ram"),
                ("registers", "EIP=0000fff0"), ("registers -a", "CPU#0"), ("cpus", "CPU #0"),
                ("irq", "IRQ statistics"), ("pic", "pic0: irr=00 imr=5a"), ("mice", "* Mouse #"),
                ("kvm", "disabled"), ("mem", "PG disabled"), ("accel", "x86emu"), ("qom-tree", "(isa-i8259)"),
                ("history", "'info qom-tree'")):
            out = monitor.run(f"info {command}")
            tap.check(part in out, f"info {command}: {out!r}")


def helps():
    """Each command has its line, alone as among all; each is known."""
    with full() as monitor:
        lines = monitor.run("help").splitlines()
        tap.check(len(lines) > 25, str(lines))
        for line in lines:
            names, text = line.split(" -- ")
            tap.check(text, line)
            for name in names.split()[0].split("|"):
                tap.check(monitor.run(f"help {name}").splitlines()[0] == line or name == "info",
                          f"help {name}")
        infos = monitor.run("help info").splitlines()
        tap.check(all(line.startswith("info ") and " -- " in line for line in infos), str(infos))
        tap.check(monitor.run("info").splitlines() == infos, "info and help info differ")
        for line in infos:
            name = line.split()[1]
            tap.check(monitor.run(f"help info {name}").splitlines() == [line], f"help info {name}")
        tap.check("unknown command: 'info zz'" in monitor.run("help info zz"), "help info zz")


def type_and_read(monitor, keys, wanted):
    """Type without Enter; what the monitor echoes must become this."""
    os.write(monitor.process.stdin.fileno(), keys.encode())
    data = ""
    while not data.endswith(wanted):
        readable, _, _ = select.select([monitor.process.stdout], [], [], tap.LIMIT)
        tap.check(readable, f"{keys!r}: {data!r}, not {wanted!r}")
        data += os.read(monitor.process.stdout.fileno(), 1).decode()
    os.write(monitor.process.stdin.fileno(), b"\x15\x0b")  # take it back
    return data


def completion():
    with full("-device", "e1000,id=first", "-device", "e1000,id=fifth", "-netdev",
              "user,id=net0") as monitor:
        for keys, wanted in (
                ("system_p\t", "system_powerdown "), ("info qt\t", "info qtree "),
                ("info  mtr\t", "info  mtree "), ("help scr\t", "help screendump "),
                ("help info chard\t", "help info chardev "), ("eject ide\t", "eject ide1-cd0 "),
                ("netdev_del ne\t", "netdev_del net0 "), ("set_link net\tof\t", "off "),
                ("change -f ide\t", "change -f ide1-cd0 "), ("device_del fi\tr\t", "rst "),
                ("device_add pci-testd\t", "device_add pci-testdev "), ("coalesce fif\tp\ton\t", "pio on "),
                ("sendkey ctrl-alt-delet\t", "ctrl-alt-delete "), ("log gu\t", "guest_errors "),
                ("qom-get /mach\t\b/peripheral/fif\t", "/peripheral/fifth "),
                ("info zz\t.", "info zz."), ("zz \t.", "zz ."), ("stop \t.", "stop .")):
            type_and_read(monitor, keys, wanted)
        data = type_and_read(monitor, "device_del fi\t", PROMPT + "device_del fi")
        tap.check("fifth" in data and "first" in data, data)
        type_and_read(monitor, "nop\r\x10\x10\x0e\x0e\x10", "nop")  # history


def through_qmp():
    """The same answers, with QEMU's line ends; what ends a session there does not end it here."""
    with Monitor("-qmp", "unix:q,server=on,wait=off", base=FULL) as monitor:
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(tap.LIMIT)
        peer.connect("q")
        stream = peer.makefile("rw", encoding="utf-8")
        tap.check("QMP" in json.loads(stream.readline()), "no greeting")

        def call(command, **arguments):
            stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            stream.flush()
            while True:
                reply = json.loads(stream.readline())
                if "event" not in reply:
                    return reply

        call("qmp_capabilities")
        for line in ("info status", "xp /4x 0xf0000", "help", "info pci", "p 1+", "zz", "",
                     "info history"):
            reply = call("human-monitor-command", **{"command-line": line})
            wanted = "" if line == "info history" else monitor.run(line).replace("\n", "\r\n")
            tap.check(reply == {"return": wanted}, f"{line}: {reply}")
        # What QEMU's own test of the monitor sends without looking at the answer.
        for line in (
                "announce_self", "boot_set ndc", "chardev-add null,id=t1", "commit all", "cpu 0",
                "device_add ?", "device_add usb-mouse,id=m1", "drive_add ignored format=help",
                "mouse_button 7", "mouse_move 10 10", "mouse_button 0", "device_del m1",
                "dump-guest-memory /dev/null 0 4096", "gdbserver", "gva2gpa 0", "i /w 0", "log all",
                "log none", 'memsave 0 4096 "/dev/null"', "netdev_add user,id=net1",
                "set_link net1 off", "netdev_del net1", "nmi", "o /w 0 0x1234",
                "object_add memory-backend-ram,id=mem1,size=256M", 'pmemsave 0 4096 "/dev/null"',
                "p $pc + 8", "qom-list /", "qom-set /machine initrd test", "qom-get /machine initrd",
                "screendump /dev/null", "sendkey x", "sum 0 512", "x /8i 0x100", "xp /16x 0"):
            reply = call("human-monitor-command", **{"command-line": line})
            tap.check(isinstance(reply.get("return"), str), f"{line}: {reply}")
        tap.check(call("query-status")["return"]["status"] == "prelaunch", "no answer any more")
        peer.close()


def screen_and_keys():
    with full("-vga", "std") as monitor:
        expect(monitor, (("screendump s.ppm", ""), ("screendump -f png s.png", ""),
                         ("sendkey ctrl-alt-f1 50", ""), ("mouse_move 3 -4", ""),
                         ("mouse_button 1", ""), ("mouse_button 0", "")))
        with open("s.ppm", "rb") as file:
            tap.check(file.read(3) == b"P6\n", "no PPM")
        with open("s.png", "rb") as file:
            head = file.read(24)
        tap.check(head[1:4] == b"PNG" and struct.unpack(">II", head[16:24]) > (0, 0), "no PNG")


tap.main([
    ("memory and ports", memory_and_ports),
    ("memory to files", memory_to_files),
    ("devices", devices),
    ("what there is", what_there_is),
    ("help", helps),
    ("completion", completion),
    ("through QMP", through_qmp),
    ("screen and keys", screen_and_keys),
])
