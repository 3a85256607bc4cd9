#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""QMP as a client sees it: the handshake, every command, what is refused, and the events."""
import array
import json
import os
import signal
import socket
import subprocess
import time

import tap
from qmp_client import BASE, Client, Machine

# --------------------------------------------------------------------------------- handshake --

def handshake():
    machine = Machine()
    with machine as client:
        qmp = client.greeting["QMP"]
        tap.check(qmp["capabilities"] == ["oob"], str(qmp))
        tap.check(qmp["version"] == client.good("query-version"), str(qmp))
        client.bad("qmp_capabilities", None, "already complete", "CommandNotFound")


def spacing():
    with Machine() as client:
        client.send("{'execute':'query-status'}{\"execute\" : \"query-name\"}\n\n"
                    " { 'execute'\n:\t'query-kvm' , 'id':'a\"b' } ")
        tap.check("running" in client.reply()["return"], "no status")
        tap.check(client.reply()["return"] == {}, "no name")
        tap.check(client.reply()["id"] == 'a"b', "no id")
        for byte in b"{'execute':'query-status','id':1}":
            client.send(bytes([byte]))
        tap.check(client.reply()["id"] == 1, "no id")


def out_of_band():
    with Machine("-chardev", "socket,id=c,path=c,server=on,wait=off", "-mon",
                 "c,mode=control") as first:
        client = Client("c").negotiate("oob")
        client.send("{'exec-oob':'query-yank','id':5}")
        tap.check(client.reply() == {"return": [], "id": 5}, "no reply")
        client.send("{'exec-oob':'query-status'}")
        tap.check("does not support OOB" in client.reply()["error"]["desc"], "not refused")
        first.send("{'exec-oob':'query-yank'}")
        tap.check("'exec-oob' is unexpected" in first.reply()["error"]["desc"], "not refused")


def several_monitors():
    with Machine("-chardev", "socket,id=c,path=c,server=on,wait=off", "-object",
                 "monitor-qmp,id=m,chardev=c", "-chardev", "socket,id=d,path=d,server=on,wait=off",
                 "-mon", "d") as first:
        second = Client("c")
        second.bad("query-status", None, "Expecting capabilities", "CommandNotFound")
        first.good("cont")
        first.expect_event("RESUME")
        second.negotiate()
        tap.check(second.good("query-status")["running"], "not running")
        second.good("stop")
        first.expect_event("STOP")
        second.expect_event("STOP")
        labels = {chr["label"]: chr["frontend-open"] for chr in first.good("query-chardev")}
        tap.check(labels == {"qmp0": True, "c": True, "d": True}, str(labels))


def tcp_and_stdio():
    for args in (["-qmp", "stdio"], ["-qmp-pretty", "stdio"]):
        process = tap.start(*BASE, "-S", *args, stdin=subprocess.PIPE)
        out, err = process.communicate("{'execute':'qmp_capabilities'}{'execute':'query-status'}"
                                       "{'execute':'quit'}", timeout=tap.LIMIT)
        tap.check(process.returncode == 0 and err == "", f"{process.returncode}: {err!r}")
        tap.check('"prelaunch"' in out and "host-qmp-quit" in out, out)
        tap.check(("\n    \"return\": {}\n" in out) == ("pretty" in args[0]), out)
    status, _, err = tap.run(*BASE, "-S", "-qmp", "tcp:127.0.0.1:1,server=off")
    tap.check(status == 1 and err.startswith("lignite: -qmp tcp:127.0.0.1:1"), err)


# ------------------------------------------------------------------------------------ schema --

class Schema:
    """Checks values against what query-qmp-schema says."""

    def __init__(self, client):
        self.entries = {}
        for entry in client.good("query-qmp-schema"):
            tap.check(entry["name"] not in self.entries, f"twice: {entry}")
            self.entries[entry["name"]] = entry

    def commands(self):
        return {name: entry for name, entry in self.entries.items()
                if entry["meta-type"] == "command"}

    def members(self, name):
        return self.entries[name]["members"]

    def check(self, name, value, where):
        entry = self.entries[name]
        kind = entry["meta-type"]
        if kind == "builtin":
            python = {"string": str, "boolean": bool, "int": (int, float),
                      "value": object}[entry["json-type"]]
            tap.check(isinstance(value, python) and
                      (entry["json-type"] != "int" or not isinstance(value, bool)),
                      f"{where}: {value!r} is no {entry['json-type']}")
        elif kind == "enum":
            tap.check(value in entry["values"], f"{where}: {value!r} of {entry['values']}")
        elif kind == "array":
            tap.check(isinstance(value, list), f"{where}: {value!r} is no array")
            for item in value:
                self.check(entry["element-type"], item, where)
        else:
            self.check_object(entry, value, where)

    def check_object(self, entry, value, where):
        tap.check(isinstance(value, dict), f"{where}: {value!r} is no object")
        members = {member["name"]: member for member in entry["members"]}
        if "tag" in entry:
            for case in entry["variants"]:
                if case["case"] == value.get(entry["tag"]):
                    members.update({m["name"]: m for m in self.members(case["type"])})
        for name, member in members.items():
            tap.check(name in value or "default" in member, f"{where}: no {name} in {value}")
        for name, item in value.items():
            tap.check(name in members, f"{where}: {name} is not in the schema")
            self.check(members[name]["type"], item, f"{where}.{name}")

    def wrong_value(self, name):
        """A value that is not of the type; None if any is."""
        entry = self.entries[name]
        if entry["meta-type"] == "builtin":
            return {"string": 1, "boolean": "on", "int": "1", "value": None}[entry["json-type"]]
        return {"enum": "no such value", "array": {}, "object": []}[entry["meta-type"]]


def snapshot(client):
    """All objects with the values of all properties, the status, the media."""
    state = {"status": client.good("query-status"), "block": client.good("query-block")}

    def visit(path):
        for row in client.good("qom-list", {"path": path}):
            value = client.good("qom-get", {"path": path, "property": row["name"]})
            state[f"{path}.{row['name']}"] = (row["type"], value)
            if row["type"].startswith("child<"):
                visit(value)
    visit("/machine")
    return state


def make_cd(name="cd"):
    with open(name, "wb") as file:
        file.truncate(1 << 20)
    return os.path.abspath(name)


# Every command with arguments that it takes; more for some. (command, arguments, check of result)
GUID = "324e6eaf-d1d1-4bf6-bf41-b9bb6c91fb87"

GOOD = [
    ("query-version", None, lambda r: r["qemu"]["major"] == 11),
    ("query-commands", None, lambda r: {"name": "query-commands"} in r),
    ("query-events", None, lambda r: {"name": "RESET"} in r),
    ("query-qmp-schema", None, lambda r: len(r) > 100),
    ("human-monitor-command", {"command-line": "info status"},
     lambda r: r == "VM status: paused (prelaunch)\r\n"),
    ("human-monitor-command", {"command-line": "zz"}, lambda r: "unknown command: 'zz'" in r),
    ("query-yank", None, lambda r: r == []),
    ("query-status", None, lambda r: r == {"running": False, "status": "prelaunch"}),
    ("query-name", None, lambda r: r == {"name": "vm é"}),
    ("query-vm-generation-id", None, lambda r: r["guid"] == GUID),
    ("query-uuid", None, lambda r: r["UUID"] == "00000000-0000-0000-0000-000000000000"),
    ("query-kvm", None, lambda r: r == {"enabled": False, "present": True}),
    ("query-cpus-fast", None, lambda r: r[0]["cpu-index"] == 0 and r[0]["thread-id"] > 0),
    ("query-hotpluggable-cpus", None, lambda r: r[0]["type"] == "qemu64-x86_64-cpu"),
    ("query-machines", None, lambda r: any(
        m["name"] == "pc-i440fx-11.1" and m["alias"] == "pc" and m["is-default"] for m in r)),
    ("query-cpu-definitions", None, lambda r: "qemu64" in [c["name"] for c in r]),
    ("query-cpu-model-expansion", {"type": "full", "model": {"name": "qemu64"}},
     lambda r: r["model"]["name"] == "qemu64" and r["model"]["props"]["lm"] and
     not r["model"]["props"]["avx2"]),
    ("query-cpu-model-expansion",
     {"type": "static", "model": {"name": "qemu64", "props": {"avx2": True, "lm": False}}},
     lambda r: r["model"]["name"] == "base" and r["model"]["props"]["avx2"] and
     not r["model"]["props"]["lm"]),
    ("query-memdev", None, lambda r: [(m["id"], m["size"], m["host-nodes"], m["policy"])
     for m in r] == [("pc.ram", 128 << 20, [], "default")]),
    ("query-iothreads", None, lambda r: r == []),
    ("query-command-line-options", None, lambda r: len(r) > 30),
    ("query-command-line-options", {"option": "boot"},
     lambda r: [p["name"] for p in r[0]["parameters"]] == [
         "order", "once", "menu", "splash-time", "reboot-timeout", "strict"]),
    ("query-pci", None, lambda r: [(d["slot"], d["function"]) for d in r[0]["devices"]] ==
     [(0, 0), (1, 0), (1, 1), (1, 3), (2, 0)]),
    ("x-io-profile", {"action": "on"}, lambda r: r == {}),
    ("query-io-profile", None, lambda r: r["accel"] == "x86emu" and r["exits"] == 0 and
     r["lines"] == [] and r["cpus"] == [{"cpu-index": 0, "exits": 0, "time-ns": 0, "lines": []}]),
    ("query-coalesced", None, lambda r: r["queue"] and r["max-latency"] == 10000000 and
     any(z == {"space": "port", "address": 0x70, "size": 1, "owner": "mc146818rtc", "region": "rtc",
               "active": True} for z in r["zones"]) and r["ioeventfds"] == [] and
     "audit" not in r),
    ("query-block", None, lambda r: r[0]["device"] == "ide1-cd0" and r[0]["removable"] and
     r[0]["inserted"]["image"]["virtual-size"] == 1 << 20),
    ("query-chardev", None, lambda r: r[0]["label"] == "qmp0"),
    ("query-mice", None, lambda r: r[0]["current"]),
    ("query-display-options", None, lambda r: r == {"type": "none"}),
    # With viewers: vnc.py.
    ("query-vnc", None, lambda r: r["enabled"] and r["clients"] == [] and r["auth"] == "vnc"),
    ("query-vnc-servers", None, lambda r: [server["id"] for server in r] == ["default"]),
    ("change-vnc-password", {"password": "a"}, lambda r: r == {}),
    ("set_password", {"protocol": "vnc", "password": "a", "connected": "keep"},
     lambda r: r == {}),
    ("expire_password", {"protocol": "vnc", "time": "+60"}, lambda r: r == {}),
    ("qom-list", {"path": "/"}, lambda r: {"name": "machine",
                                           "type": "child<pc-i440fx-11.1-machine>"} in r),
    ("qom-list", {"path": "/objects"}, lambda r: all(
        row["type"] in ("string", "child<monitor-qmp>", "child<filter-dump>") for row in r)),
    ("qom-list", {"path": "/machine/peripheral"},
     lambda r: {"name": "dbg", "type": "child<isa-debug-exit>"} in r),
    ("qom-list", {"path": "/machine/peripheral-anon"},
     lambda r: {"name": "device[0]", "type": "child<isa-debug-exit>"} in r),
    ("qom-get", {"path": "/machine/peripheral/dbg", "property": "iobase"}, lambda r: r == 0xf4),
    ("qom-get", {"path": "dbg", "property": "type"}, lambda r: r == "isa-debug-exit"),
    ("qom-get", {"path": "/machine/peripheral-anon/device[0]/parent_bus/child[0]/parent_bus",
                 "property": "type"}, lambda r: r == "ISA"),
    ("qom-get", {"path": "/machine/unattached/device[0]", "property": "type"},
     lambda r: r == "qemu64-x86_64-cpu"),
    ("qom-set", {"path": "vga", "property": "coalesced-mmio", "value": False}, lambda r: r == {}),
    ("qom-list-types", {"implements": "isa-device"},
     lambda r: {"name": "isa-serial", "parent": "isa-device"} in r),
    ("qom-list-types", {"implements": "device", "abstract": True},
     lambda r: {"name": "pci-device", "parent": "device", "abstract": True} in r),
    ("device-list-properties", {"typename": "isa-debug-exit"},
     lambda r: any(p["name"] == "iobase" and p["default-value"] == 0x501 for p in r)),
    ("device_add", {"driver": "e1000", "id": "net", "addr": "5", "mac": "52:54:00:12:34:56"},
     lambda r: r == {}),
    ("device_del", {"id": "net"}, lambda r: r == {}),
    ("netdev_add", {"type": "user", "id": "n0", "restrict": True,
                    "hostfwd": [{"str": "tcp:127.0.0.1:0-:22"}, {"str": "udp:127.0.0.1:0-:9"}]},
     lambda r: r == {}),
    ("netdev_add", {"type": "dgram", "id": "n1",
                    "local": {"type": "inet", "host": "127.0.0.1", "port": "0"},
                    "remote": {"type": "inet", "host": "127.0.0.1", "port": "9"}},
     lambda r: r == {}),
    ("device_add", {"driver": "e1000", "id": "nic", "netdev": "n0", "addr": "6",
                    "mac": "52:54:00:12:34:56"}, lambda r: r == {}),
    ("query-rx-filter", {"name": "nic"}, lambda r: r[0]["main-mac"] == "52:54:00:12:34:56"),
    ("query-rx-filter", None, lambda r: [f["name"] for f in r] == ["nic"]),
    ("object-add", {"qom-type": "filter-dump", "id": "f0", "netdev": "n0", "file": "dump",
                    "maxlen": 100}, lambda r: os.path.getsize("dump") == 24),
    ("object-del", {"id": "f0"}, lambda r: r == {}),
    ("set_link", {"name": "nic", "up": False}, lambda r: r == {}),
    ("device_del", {"id": "nic"}, lambda r: r == {}),
    ("netdev_del", {"id": "n0"}, lambda r: r == {}),
    ("netdev_del", {"id": "n1"}, lambda r: r == {}),
    ("eject", {"device": "ide1-cd0"}, lambda r: r == {}),
    ("blockdev-change-medium", {"device": "ide1-cd0", "filename": "cd", "format": "raw"},
     lambda r: r == {}),
    ("screendump", {"filename": "shot.ppm"}, lambda r: open("shot.ppm", "rb").read(2) == b"P6"),
    ("screendump", {"filename": "shot.png", "format": "png"},
     lambda r: open("shot.png", "rb").read(4) == b"\x89PNG"),
    ("send-key", {"keys": [{"type": "qcode", "data": "ctrl"}, {"type": "number", "data": 0x1e}],
                  "hold-time": 5}, lambda r: r == {}),
    ("input-send-event", {"events": [
        {"type": "key", "data": {"down": True, "key": {"type": "qcode", "data": "a"}}},
        {"type": "key", "data": {"down": False, "key": {"type": "qcode", "data": "a"}}},
        {"type": "btn", "data": {"down": True, "button": "left"}},
        {"type": "rel", "data": {"axis": "y", "value": -3}}]}, lambda r: r == {}),
    ("pmemsave", {"val": 0xfffffff0, "size": 16, "filename": "mem"},
     lambda r: len(open("mem", "rb").read()) == 16),
    ("memsave", {"val": 0xfffffff0, "size": 16, "filename": "mem2"},
     lambda r: open("mem2", "rb").read() == open("mem", "rb").read() and
     open("mem", "rb").read(1) == b"\xea"),  # the jump at the reset vector
    ("set-action", {"shutdown": "pause"}, lambda r: r == {}),
    ("set-action", {"shutdown": "poweroff", "reboot": "reset", "panic": "shutdown",
                    "watchdog": "none"}, lambda r: r == {}),
    ("watchdog-set-action", {"action": "reset"}, lambda r: r == {}),
    ("inject-nmi", None, lambda r: r == {}),
    ("system_powerdown", None, lambda r: r == {}),
    ("system_reset", None, lambda r: r == {}),
    ("cont", None, lambda r: r == {}),
    ("stop", None, lambda r: r == {}),
]

FULL = ["-vnc", "unix:viewers,password=on", "-vga", "none", "-name", "vm é",
        "-device", "isa-debug-exit,id=dbg,iobase=0xf4,iosize=4", "-device", "isa-debug-exit",
        "-device", "VGA,id=vga", "-device", f"vmgenid,guid={GUID}", "-cdrom", "cd"]


def full_machine():
    make_cd()
    return Machine(*FULL)


def every_command():
    with full_machine() as client:
        schema = Schema(client)
        commands = {row["name"] for row in client.good("query-commands")}
        tap.check(commands == set(schema.commands()), "schema and query-commands differ")
        tested = {row[0] for row in GOOD} | {"qmp_capabilities", "getfd", "closefd", "add_client",
                                              "quit"}
        tap.check(tested == commands, f"not the commands there are: {tested ^ commands}")
        for command, arguments, right in GOOD:
            entry = schema.entries[command]
            if command != "device_add":  # takes properties, too
                schema.check(entry["arg-type"], arguments or {}, command)
            result = client.good(command, arguments)
            schema.check(entry["ret-type"], result, command)
            tap.check(right(result), f"{command} {arguments}: {result}")
        for event in client.events:
            entry = schema.entries[event["event"]]
            tap.check(entry["meta-type"] == "event", str(event))
            schema.check(entry["arg-type"], event.get("data", {}), event["event"])


def every_argument_wrong():
    with full_machine() as client:
        schema = Schema(client)
        before = snapshot(client)
        good = {}
        for command, arguments, _ in GOOD:
            good.setdefault(command, arguments or {})
        good["getfd"] = good["closefd"] = {"fdname": "a"}
        good["add_client"] = {"protocol": "s", "fdname": "a"}
        for command, arguments in good.items():
            if command != "device_add":
                client.bad(command, {**arguments, "zz": 1}, "Parameter 'zz' is unexpected")
            for member in schema.members(schema.entries[command]["arg-type"]):
                name = member["name"]
                if "default" not in member:
                    rest = {key: value for key, value in arguments.items() if key != name}
                    client.bad(command, rest, f"Parameter '{name}' is missing")
                wrong = schema.wrong_value(member["type"])
                if wrong is not None:
                    client.bad(command, {**arguments, name: wrong}, f"'{name}'")
            client.send(json.dumps({"execute": command, "arguments": []}))
            tap.check("'arguments' must be an object" in client.reply()["error"]["desc"], command)
        tap.check(snapshot(client) == before, "something changed")
        tap.check(client.events == [], str(client.events))


# What the right types do not make right: (command, arguments, part of the message, class)
WRONG = [
    ("add_client", {"protocol": "dbg", "fdname": "a"}, "named 'a' has not been found"),
    ("query-cpu-model-expansion", {"type": "full", "model": {"name": "zz"}},
     "unable to find CPU model 'zz'"),
    ("query-cpu-model-expansion", {"type": "full", "model": {"name": "qemu64", "props": []}},
     "'model.props', expected: object"),
    ("query-cpu-model-expansion",
     {"type": "full", "model": {"name": "qemu64", "props": {"avx2": []}}}, "'model.props.avx2'"),
    ("query-cpu-model-expansion",
     {"type": "full", "model": {"name": "qemu64", "props": {"zz": True}}}, "zz' not found"),
    ("netdev_add", None, "Parameter 'type' is missing", "GenericError"),
    ("query-spice", None, "has not been found", "CommandNotFound"),
    ("QUIT", None, "The command QUIT has not been found", "CommandNotFound"),
    ("", None, "has not been found", "CommandNotFound"),
    ("qom-list", {"path": "/machine/zz"}, "Device '/machine/zz' not found", "DeviceNotFound"),
    ("qom-list", {"path": ""}, "not found", "DeviceNotFound"),
    ("qom-list", {"path": "/machine/"}, "not found", "DeviceNotFound"),
    ("qom-list", {"path": "device[0]"}, "does not uniquely identify"),
    ("qom-get", {"path": "dbg", "property": "zz"}, "Property 'isa-debug-exit.zz' not found"),
    ("qom-get", {"path": "/machine", "property": "zz"},
     "Property 'pc-i440fx-11.1-machine.zz' not found"),
    ("qom-set", {"path": "dbg", "property": "zz", "value": 1}, "not found"),
    ("qom-set", {"path": "dbg", "property": "type", "value": "x"}, "is not writable"),
    ("qom-set", {"path": "dbg", "property": "iobase", "value": 1}, "after it was realized"),
    ("qom-set", {"path": "/machine", "property": "graphics", "value": False}, "is not writable"),
    ("qom-set", {"path": "vga", "property": "coalesced-mmio", "value": "off"},
     "expected: boolean"),
    ("qom-set", {"path": "vga", "property": "coalesced-mmio", "value": None},
     "expected: boolean"),
    ("qom-set", {"path": "vga", "property": "coalesced-mmio", "value": 0}, "expected: boolean"),
    ("qom-set", {"path": "vga", "property": "coalesced-mmio", "value": {}}, "expected: boolean"),
    ("device-list-properties", {"typename": "zz"}, "not found", "DeviceNotFound"),
    ("device-list-properties", {"typename": "device"}, "non-abstract"),
    ("device-list-properties", {"typename": "container"}, "expects device"),
    ("device_add", {"driver": "zz"}, "'zz' is not a valid device model name"),
    ("device_add", {"driver": "pci-device"}, "'pci-device' is not a valid device model name"),
    ("device_add", {"driver": "PIIX3"}, "expects a pluggable device type"),
    ("device_add", {"driver": "isa-debug-exit", "id": "x"},
     "Bus 'isa.0' does not support hotplugging"),
    ("device_add", {"driver": "VGA", "id": "x"}, "Device 'VGA' does not support hotplugging"),
    ("device_add", {"driver": "e1000", "id": "dbg"}, "Duplicate ID 'dbg'"),
    ("device_add", {"driver": "e1000", "id": "1x"}, "'id' expects an identifier"),
    ("device_add", {"driver": "e1000", "bus": "zz"}, "Bus 'zz' not found"),
    ("device_add", {"driver": "e1000", "bus": "isa.0"}, "hotplugging"),
    ("device_add", {"driver": "e1000", "zz": 1}, "Property 'e1000.zz' not found"),
    ("device_add", {"driver": "e1000", "mac": 1}, "Invalid parameter type for 'mac'"),
    ("device_add", {"driver": "e1000", "mac": "zz"}, "e1000.mac"),
    ("device_add", {"driver": "e1000", "addr": "zz"}, "e1000.addr"),
    ("device_add", {"driver": "e1000", "addr": "1"}, "1"),
    ("device_add", {"driver": "e1000", "addr": []}, "Invalid parameter type for 'addr'"),
    ("device_add", {"driver": "e1000", "bootindex": "1"}, "expected: integer"),
    ("device_add", {"driver": "e1000", "bootindex": 1 << 40}, "e1000.bootindex"),
    ("device_add", {"driver": "e1000", "multifunction": 1}, "expected: boolean"),
    ("device_del", {"id": "zz"}, "Device 'zz' not found", "DeviceNotFound"),
    ("device_del", {"id": "dbg"}, "Bus 'isa.0' does not support hotplugging"),
    ("device_del", {"id": "vga"}, "Device 'VGA' does not support hotplugging"),
    ("device_del", {"id": "/machine"}, "is not a hotpluggable device"),
    ("device_del", {"id": "/machine/unattached/device[3]"}, "part of the board"),
    ("device_del", {"id": "/machine/zz"}, "not found", "DeviceNotFound"),
    ("eject", None, "exactly one of 'device' and 'id'"),
    ("eject", {"device": "a", "id": "b"}, "exactly one of 'device' and 'id'"),
    ("eject", {"device": "zz"}, "Device 'zz' not found", "DeviceNotFound"),
    ("eject", {"id": "dbg"}, "has no medium"),
    ("blockdev-change-medium", {"device": "ide1-cd0", "filename": "no/such"}, "no/such"),
    ("blockdev-change-medium", {"device": "ide1-cd0", "filename": "cd", "format": "qcow2"},
     "qcow2"),
    ("screendump", {"filename": "no/such/file"}, "no/such/file"),
    ("screendump", {"filename": "x", "device": "zz"}, "Device 'zz' not found", "DeviceNotFound"),
    ("screendump", {"filename": "x", "device": "dbg"}, "Device 'dbg' has no screen"),
    ("screendump", {"filename": "x", "device": "vga", "head": 1}, "(head 1) is not bound"),
    ("screendump", {"filename": "x", "head": 0}, "'head' must be specified together"),
    ("set_password", {"protocol": "vnc", "password": "a", "display": "zz"},
     "There is no VNC server zz"),
    ("set_password", {"protocol": "vnc", "password": "a", "connected": "fail"}, "'keep'"),
    ("set_password", {"protocol": "spice", "password": "a"}, "does not accept value 'spice'"),
    ("expire_password", {"protocol": "vnc", "time": "soon"}, "invalid time 'soon'"),
    ("send-key", {"keys": []}, "invalid parameter"),
    ("send-key", {"keys": [{"type": "qcode", "data": "zz"}]}, "does not accept value 'zz'"),
    ("send-key", {"keys": [{"type": "number", "data": 9999}]}, "invalid parameter"),
    ("send-key", {"keys": [{"type": "qcode", "data": "a"}] * 17}, "16 keys"),
    ("send-key", {"keys": [{"type": "qcode", "data": "a"}], "hold-time": -1}, "hold-time"),
    ("input-send-event", {"events": [{"type": "rel", "data": {"axis": "z", "value": 1}}]},
     "does not accept value 'z'"),
    ("input-send-event", {"events": [{"type": "rel", "data": {"axis": "x", "value": 1 << 40}}]},
     "expects a value"),
    ("input-send-event", {"events": [
        {"type": "btn", "data": {"down": True, "button": "left"}},
        {"type": "key", "data": {"down": True, "key": {"type": "number", "data": 9999}}}]},
     "invalid parameter"),
    ("memsave", {"val": 0, "size": 1, "filename": "f", "cpu-index": 1}, "expects a CPU number"),
    ("memsave", {"val": 1 << 32, "size": 1, "filename": "f"}, "Invalid addr"),
    ("pmemsave", {"val": 0, "size": -1, "filename": "f"}, "'size'"),
    ("pmemsave", {"val": 0, "size": 1 << 62, "filename": "f"}, "'size'"),
    ("pmemsave", {"val": (1 << 64) - (1 << 12), "size": 1 << 13, "filename": "f"}, "'size'"),
    ("pmemsave", {"val": (1 << 64) - 1, "size": 0, "filename": "f"}, "JSON parse error"),
    ("pmemsave", {"val": (1 << 64) - (1 << 20), "size": 1 << 21, "filename": "f"}, "'size'"),
    ("pmemsave", {"val": 0, "size": 1, "filename": "no/such/file"}, "no/such/file"),
    ("pmemsave", {"val": 0, "size": 1 << 20, "filename": "/dev/full"}, "No space left"),
    ("getfd", {"fdname": "a"}, "No file descriptor supplied"),
    ("closefd", {"fdname": "a"}, "named 'a' not found"),
    ("set-action", {"reboot": "zz"}, "does not accept value 'zz'"),
    ("set-action", {"panic": "zz"}, "does not accept value 'zz'"),
    ("set-action", {"zz": "pause"}, "'zz' is unexpected"),
    ("watchdog-set-action", {"action": "zz"}, "does not accept value 'zz'"),
    ("watchdog-set-action", {}, "'action' is missing"),
    ("query-command-line-options", {"option": "zz"}, "invalid option name: zz"),
]


def wrong_values():
    with full_machine() as client:
        before = snapshot(client)
        for row in WRONG:
            client.bad(*row)
        tap.check(snapshot(client) == before, "something changed")
        tap.check(client.events == [], str(client.events))


# Texts that are no requests: after each, the connection works.
MALFORMED = [
    b"}", b"]", b"{'execute':'stop'", b"{'execute' 'stop'}", b"{'execute':'stop',}",
    b"{'execute':'stop'}}", b"'stop", b"\"stop\"", b"stop", b"{execute:'stop'}", b"[]", b"null",
    b"{}", b"{'execute':null}", b"{'execute':['stop']}", b"{'arguments':{}}",
    b"{'execute':'stop','arguments':1}", b"{'execute':'stop','execute':'cont'}",
    b"{'execute':'stop','zz':1}", b"{'execute':'st\x00op'}", b"{'execute':'st\\u0000op'}",
    b"{'execute':'\xc3'}", b"{'execute':'\xed\xa0\x80'}", b"{'execute':'\\ud800'}",
    b"{'execute':'stop\\", b"\x00\x01\x02", b"\xff\xfe{", b"1e999", b"-", b"[" * 5000,
    b"{'a':" * 5000, b"'" + b"x" * 2000000, b"9" * 2000000, b"\x80" * 10000, b"GET / HTTP/1.1\r\n",
]


def malformed():
    with Machine() as client:
        before = snapshot(client)
        for text in MALFORMED:
            client.send(text + b"\n\xff{'execute':'query-name','id':'sync'}\n")
            errors = 0
            while True:
                reply = client.reply()
                if reply.get("id") == "sync":
                    break
                errors += "error" in reply
                tap.check("error" in reply or text.count(b"'stop'}") == 1, f"{text[:50]}: {reply}")
            tap.check(errors, f"{text[:50]}: no error")
        tap.check(snapshot(client) == before, "something changed")
        tap.check(client.events == [], str(client.events))


def half_a_message_and_gone():
    machine = Machine()
    with machine as client:
        client.send("{'execute':'cont', 'arguments'")
        client.socket.close()
        machine.client = Client("q").negotiate()
        status = machine.client.good("query-status")
        tap.check(status["status"] == "prelaunch", str(status))


# ------------------------------------------------------------------------------------ events --

def events_of_the_machine():
    machine = Machine("-device", "isa-debug-exit")
    with machine as client:
        client.good("system_reset")
        client.expect_event("RESET", guest=False, reason="host-qmp-system-reset")
        tap.check(client.good("query-status")["status"] == "prelaunch", "not prelaunch")
        client.good("stop")  # it does not run: no event
        client.good("cont")
        client.good("cont")
        client.expect_event("RESUME")
        client.good("system_powerdown")
        client.expect_event("POWERDOWN")
        client.good("stop")
        client.good("stop")
        client.expect_event("STOP")
        client.hmp("o /b 0xcf9 6")
        client.expect_event("RESET", guest=True, reason="guest-reset")
        client.good("cont")
        client.expect_event("RESUME")
        client.good("quit")
        client.expect_event("SHUTDOWN", guest=False, reason="host-qmp-quit")
        tap.check(client.socket.recv(100) == b"" and client.buffer == b"", "more to read")
        machine.wait()


def signal_shuts_down():
    machine = Machine(paused=False)
    with machine as client:
        machine.process.send_signal(signal.SIGTERM)
        names = [client.event()]
        while names[-1]["event"] != "SHUTDOWN":
            names.append(client.event())
        tap.check(names[-1]["data"] == {"guest": False, "reason": "host-signal"}, str(names))
        machine.wait()


def no_reboot():
    machine = Machine()
    with machine as client:
        client.good("set-action", {"reboot": "shutdown", "shutdown": "pause"})
        client.good("cont")
        client.expect_event("RESUME")
        client.hmp("o /b 0xcf9 6")
        client.expect_event("SHUTDOWN", guest=True, reason="guest-reset")
        client.expect_event("STOP")
        tap.check(client.good("query-status")["status"] == "shutdown", "not shut down")
        client.bad("cont", None, "Resetting the Virtual Machine is required")


def clock_changes():
    with Machine() as client:
        rtc = next(row["name"] for row in client.good("qom-list", {"path": "/machine/unattached"})
                   if row["type"] == "child<mc146818rtc>")
        for index, value in ((0x0b, 0x82), (9, 0x30), (0x0b, 0x02)):
            client.hmp(f"o /b 0x70 {index}")
            client.hmp(f"o /b 0x71 {value}")
        event = client.expect_event("RTC_CHANGE")
        tap.check(event["data"]["qom-path"] == f"/machine/unattached/{rtc}", str(event))
        tap.check(abs(event["data"]["offset"]) > 86400, str(event))


def media():
    path = make_cd()
    with Machine("-cdrom", "cd") as client:
        drive = client.good("query-block")[0]
        tap.check(drive["inserted"]["file"] == "cd" and not drive["tray_open"], str(drive))
        client.good("eject", {"id": drive["qdev"]})
        client.expect_event("DEVICE_TRAY_MOVED", device="ide1-cd0", **{"tray-open": True})
        drive = client.good("query-block")[0]
        tap.check("inserted" not in drive and drive["tray_open"], str(drive))
        client.bad("blockdev-change-medium", {"device": "ide1-cd0", "filename": "zz"}, "zz")
        tap.check(client.good("query-block")[0] == drive, "it changed")
        client.good("blockdev-change-medium", {"device": "ide1-cd0", "filename": path})
        client.expect_event("DEVICE_TRAY_MOVED", **{"tray-open": False})
        tap.check(client.good("query-block")[0]["inserted"]["file"] == path, "not there")


# ----------------------------------------------------------------------------------- devices --

def hotplug():
    with Machine("-vga", "none") as client:
        for run in range(3):
            client.good("device_add", {"driver": "e1000", "id": "net", "addr": "6.0"})
            path = "/machine/peripheral/net"
            tap.check(client.good("qom-get", {"path": path, "property": "hotplugged"}), "not so")
            slots = [d["slot"] for d in client.good("query-pci")[0]["devices"]]
            tap.check(6 in slots, str(slots))
            hmp_config(client, 6, 0x10, 0xe2000000)  # mapped when it goes
            hmp_config(client, 6, 0x04, 3)
            if run == 1:
                client.good("cont")
                client.expect_event("RESUME")
            client.good("device_del", {"id": "net" if run else path})
            client.expect_event("DEVICE_DELETED", device="net", path=path)
            slots = [d["slot"] for d in client.good("query-pci")[0]["devices"]]
            tap.check(6 not in slots, str(slots))
            client.bad("device_del", {"id": "net"}, "not found", "DeviceNotFound")
        client.good("device_add", {"driver": "e1000"})
        client.good("device_add", {"driver": "e1000"})
        client.good("device_del", {"id": "/machine/peripheral-anon/device[0]"})
        event = client.expect_event("DEVICE_DELETED", path="/machine/peripheral-anon/device[0]")
        tap.check("device" not in event["data"], str(event))
        rows = client.good("qom-list", {"path": "/machine/peripheral-anon"})
        tap.check([row["name"] for row in rows] == ["type", "device[1]"], str(rows))


def live_property():
    with Machine("-vga", "none", "-device", "VGA,id=vga", paused=False) as client:
        for value in (False, True, False):
            client.good("qom-set", {"path": "vga", "property": "coalesced-mmio", "value": value})
            got = client.good("qom-get", {"path": "vga", "property": "coalesced-mmio"})
            tap.check(got is value, str(got))


def hmp(client, line):
    return client.good("human-monitor-command", {"command-line": line})


def hmp_config(client, slot, register, value):
    hmp(client, f"o /w 0xcf8 {0x80000000 | slot << 11 | register:#x}")
    hmp(client, f"o /w 0xcfc {value:#x}")


def coalesced():
    """query-coalesced says what `info coalesced` does: zones, doorbells, and why not."""
    with Machine("-device", "pci-testdev,addr=5", "-device", "e1000,addr=6") as client:
        hmp_config(client, 6, 0x10, 0xe2000000)
        hmp_config(client, 6, 0x04, 3)
        hmp_config(client, 5, 0x14, 0xc100)
        hmp_config(client, 5, 0x04, 1)
        before = client.good("query-coalesced")
        zone = {"space": "port", "address": 0xc100 + 131, "size": 1, "owner": "pci-testdev",
                "region": "pci-testdev-portio", "active": True}
        tap.check(zone in before["zones"], str(before))
        tap.check(any(z["owner"] == "e1000" and z["space"] == "memory" for z in before["zones"]),
                  str(before))
        hmp(client, "o /b 0xc100 5")  # a doorbell for one value
        info = client.good("query-coalesced")
        bell = {"space": "port", "address": 0xc100 + 133, "size": 1, "data": 0xfa, "active": True}
        tap.check(info["ioeventfds"] == [bell], str(info))
        hmp(client, "o /b 0xc100 4")  # and for any
        bell = {"space": "port", "address": 0xc100 + 132, "active": True}
        tap.check(client.good("query-coalesced")["ioeventfds"] == [bell], "wildcard")
        text = hmp(client, "info coalesced")
        tap.check(f"zones: {len(info['zones'])}" in text and "ioeventfds: 1" in text, text)
        for z in info["zones"]:
            line = f"{z['owner']} {z['region']}: active"
            tap.check(line in text and f"{z['address']:04x}-" in text, f"{z}: {text}")
        for name in ("entries", "drains", "full-rings", "gone", "poisoned", "delay-max"):
            tap.check(info[name] == 0, f"{name} of a machine that never ran: {info}")
        client.good("qom-set", {"path": "/machine/peripheral-anon/device[0]",
                                "property": "coalesced-pio", "value": False})
        tap.check(zone not in client.good("query-coalesced")["zones"], "the switch has no effect")
    unbound = ["-accel", "x86emu,coalesce-latency=0,coalesce-audit=on", *BASE[2:]]
    with Machine(base=unbound) as client:
        info = client.good("query-coalesced")
        tap.check("max-latency" not in info and info["audit"] == {"findings": [], "left-out": 0},
                  str(info))


def io_profile():
    """The profile over QMP and HMP, of firmware on the software CPU."""
    with Machine() as client:
        tap.check(not client.good("query-io-profile")["enabled"], "the I/O profile is on")
        client.bad("x-io-profile", {"action": "reset"}, "the I/O profile is off")
        client.bad("x-io-profile", {"action": "again"})
        tap.check("is off" in hmp(client, "info io-profile"), "HMP: it is not off")
        client.good("x-io-profile", {"action": "on"})
        client.good("cont")
        while client.good("query-io-profile")["exits"] < 1000:  # as it runs
            time.sleep(0.05)
        client.good("stop")
        info = client.good("query-io-profile")
        lines = info["lines"]
        for key in ("exits", "queued", "time-ns"):
            total = sum(line[key] for line in lines)
            # Each time is rounded down to ns.
            tap.check(0 <= info[key] - total <= (len(lines) if key == "time-ns" else 0),
                      f"{key}: {info[key]}, in lines {total}")
        tap.check(info["cpus"][0]["exits"] == info["exits"], str(info["cpus"]))
        names = {(line["device"], line["register"]): line for line in lines}
        data = names["i440FX-pcihost", "CONFDATA"]
        tap.check(data["space"] == "port" and 0xcfc <= data["address"] <= 0xcff and
                  data["reads"] > 100 and data["min-ns"] <= data["mean-ns"] <= data["max-ns"],
                  str(data))
        tap.check(data["rule"] in (1, 2, 4) and "rule" in data["advice"], str(data))
        tap.check(names["i440FX-pcihost", "CONFADD"]["queued"] > 100, "CF8 is not queued")
        text = hmp(client, "info io-profile")
        tap.check("Samples Samples%" in text and "CONFDATA" in text and
                  f"Total Samples:{info['exits']}," in text, text)
        tap.check(f"Total Samples:{info['exits']}," in hmp(client, "info io-profile 0"), "CPU 0")
        tap.check("there are 1 CPUs" in hmp(client, "info io-profile 1"), "CPU 1")
        tap.check("on, off or reset" in hmp(client, "io-profile x"), "a wrong word")
        hmp(client, "io-profile reset")
        tap.check(client.good("query-io-profile")["exits"] == 0, "not reset")
        hmp(client, "io-profile off")
        tap.check(not client.good("query-io-profile")["enabled"], "the I/O profile is on")


def profile_files():
    """What -profile leaves at the end, in each format."""
    for form, start in ("table", "Device "), ("json", "{"), ("csv", "space,"), ("svg", "<svg "):
        with Machine("-profile", f"io,file=profile,format={form}"):
            pass
        with open("profile", encoding="utf-8") as file:
            tap.check(file.read().startswith(start), form)
    for wrong, words in (("cpu", "unknown profile 'cpu': only io is there"),
                         ("io,format=xml", "unknown format 'xml': table, json, csv or svg"),
                         ("io,to=x", "Invalid parameter 'to'")):
        status, _, err = tap.run(*BASE, "-profile", wrong)
        tap.check(status == 1 and f"-profile {wrong}: {words}" in err, err)
    machine = Machine("-profile", "io,file=/nowhere/x")
    machine.client.good("quit")
    _, err = machine.process.communicate(timeout=tap.LIMIT)
    tap.check(machine.process.returncode == 1 and b"-profile: " in err and b"/nowhere/x" in err,
              str(err))


def without_a_board():
    """What qmp-cmd-test and device-introspect-test of QEMU do: each query answers, nothing changes."""
    with Machine(base=["-accel", "qtest", "-display", "none", "-nodefaults", "-machine", "none"]
                 ) as client:
        schema = Schema(client)
        for name in schema.commands():
            entry = schema.entries[name]
            returns = schema.entries[entry["ret-type"]]
            if (any("default" not in m for m in schema.members(entry["arg-type"])) or
                    (returns["meta-type"] == "object" and not returns["members"])):
                continue
            if name == "query-hotpluggable-cpus":
                client.bad(name, None, "does not support hot-plugging")
            elif name != "query-vm-generation-id":
                schema.check(entry["ret-type"], client.good(name), name)
        before = snapshot(client), client.hmp("info qtree")
        for row in client.good("qom-list-types", {"implements": "device"}):
            client.hmp(f'device_add "{row["name"]},help"')
        tap.check((snapshot(client), client.hmp("info qtree")) == before, "something changed")


def objects():
    """What -object and object-add made has a path and a type."""
    with Machine("-chardev", "null,id=c", "-object", "monitor-qmp,id=m,chardev=c",
                 "-netdev", "user,id=n") as client:
        def names():
            return {(r["name"], r["type"]) for r in client.good("qom-list", {"path": "/objects"})}

        tap.check(("m", "child<monitor-qmp>") in names(), str(names()))
        client.good("object-add", {"qom-type": "filter-dump", "id": "d", "netdev": "n",
                                   "file": "dump"})
        tap.check(("d", "child<filter-dump>") in names(), str(names()))
        kind = client.good("qom-get", {"path": "/objects/d", "property": "type"})
        tap.check(kind == "filter-dump", kind)
        client.bad("qom-set", {"path": "d", "property": "type", "value": 1}, "is not writable")
        client.good("object-del", {"id": "d"})
        client.bad("qom-get", {"path": "/objects/d", "property": "type"}, "not found",
                   "DeviceNotFound")


def every_type():
    """What device-introspect-test of QEMU asks of any machine."""
    with Machine() as client:
        types = {t["name"]: t for t in client.good("qom-list-types", {"abstract": True})}
        concrete = {t["name"] for t in client.good("qom-list-types")}
        tap.check(concrete == {name for name, t in types.items() if not t.get("abstract")},
                  "abstract types differ")
        for name, row in types.items():
            tap.check(name == "object" or row["parent"] in types, str(row))
        devices = {t["name"] for t in client.good("qom-list-types", {"implements": "device"})}
        for name in types:
            ancestors = [name]
            while "parent" in types[ancestors[-1]]:
                ancestors.append(types[ancestors[-1]]["parent"])
            tap.check(("device" in ancestors and name in concrete) == (name in devices), name)
        for name in devices:
            for row in client.good("device-list-properties", {"typename": name}):
                tap.check(row["name"] and row["type"], f"{name}: {row}")


def every_path():
    with full_machine() as client:
        objects = {where: row for where, row in snapshot(client).items() if where[0] == "/"}
        for where, (kind, value) in objects.items():
            if kind.startswith(("child<", "link<")):
                name = client.good("qom-get", {"path": value, "property": "type"})
                tap.check(f"<{name}>" in kind, f"{where}: {kind} is {name}")
        for cpu in client.good("query-cpus-fast"):
            tap.check(client.good("qom-get", {"path": cpu["qom-path"], "property": "type"}) ==
                      "qemu64-x86_64-cpu", str(cpu))


# --------------------------------------------------------------------------------- the rest --

def descriptors():
    with Machine() as client:
        def send(name):
            read, write = os.pipe()
            client.socket.sendmsg(
                [json.dumps({"execute": "getfd", "arguments": {"fdname": name}}).encode()],
                [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [write]))])
            os.close(write)
            return read, client.reply()

        first, reply = send("a")
        tap.check(reply == {"return": {}}, str(reply))
        second, reply = send("a")  # in place of the first
        tap.check(reply == {"return": {}}, str(reply))
        tap.check(os.read(first, 1) == b"", "not closed")
        client.good("closefd", {"fdname": "a"})
        tap.check(os.read(second, 1) == b"", "not closed")
        third, reply = send("1")
        tap.check("not starting with a digit" in reply["error"]["desc"], str(reply))
        tap.check(os.read(third, 1) == b"", "not closed")
        for fd in (first, second, third):
            os.close(fd)


def add_client():
    """A connection that the client accepted becomes the peer of a chardev that waits for one."""
    with Machine("-chardev", "socket,id=s,path=s,server=on,wait=off", "-serial", "chardev:s",
                 "-chardev", "null,id=n") as client:
        def give(protocol):
            ours, theirs = socket.socketpair()
            ours.settimeout(tap.LIMIT)
            client.socket.sendmsg(
                [json.dumps({"execute": "getfd", "arguments": {"fdname": "c"}}).encode()],
                [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))])
            tap.check(client.reply() == {"return": {}}, "getfd")
            theirs.close()
            return ours, client.call("add_client", {"protocol": protocol, "fdname": "c"})

        for turn in range(2):
            peer, reply = give("s")
            tap.check(reply == {"return": {}}, str(reply))
            client.hmp("o /b 0x3f8 0x41")
            tap.check(peer.recv(1) == b"A", "not sent")
            other, reply = give("s")
            tap.check("connected already" in reply["error"]["desc"], str(reply))
            tap.check(other.recv(1) == b"", "not closed")
            other.close()
            peer.close()
            while "disconnected" not in client.hmp("info chardev"):
                pass
        with socket.socket(socket.AF_UNIX) as plain:  # and it listens again
            plain.connect("s")
            while "disconnected" in client.hmp("info chardev"):
                pass
            client.hmp("o /b 0x3f8 0x42")
            tap.check(plain.recv(1) == b"B", "not sent")
        for protocol, part in (("n", "takes no connections"), ("zz", "protocol 'zz' is invalid")):
            peer, reply = give(protocol)
            tap.check(part in reply["error"]["desc"], str(reply))
            tap.check(peer.recv(1) == b"", "not closed")
            peer.close()
        client.bad("add_client", {"protocol": "s", "fdname": "c"}, "named 'c' has not")


def memory():
    with Machine() as client:
        client.hmp("o /b 0x80 1")
        client.good("pmemsave", {"val": 0, "size": 10000, "filename": "a"})
        client.good("memsave", {"val": 0, "size": 10000, "filename": "b"})
        with open("a", "rb") as a, open("b", "rb") as b:
            one, two = a.read(), b.read()
        tap.check(one == two == bytes(10000), "not the guest's memory")
        client.good("pmemsave", {"val": 0xf0000, "size": 0x10000, "filename": "a"})
        client.good("pmemsave", {"val": 0xffff0000, "size": 0x10000, "filename": "b"})
        with open("a", "rb") as a, open("b", "rb") as b:
            tap.check(a.read() == b.read(), "no firmware")
        client.good("pmemsave", {"val": 0, "size": 0, "filename": "a"})
        tap.check(os.path.getsize("a") == 0, "not empty")


tap.main([
    ("handshake", handshake),
    ("spacing", spacing),
    ("out of band", out_of_band),
    ("several monitors", several_monitors),
    ("tcp and stdio", tcp_and_stdio),
    ("every command", every_command),
    ("every argument wrong", every_argument_wrong),
    ("wrong values", wrong_values),
    ("malformed", malformed),
    ("half a message and gone", half_a_message_and_gone),
    ("events of the machine", events_of_the_machine),
    ("a signal shuts down", signal_shuts_down),
    ("no reboot", no_reboot),
    ("clock changes", clock_changes),
    ("media", media),
    ("hotplug", hotplug),
    ("coalesced", coalesced),
    ("I/O profile", io_profile),
    ("profile files", profile_files),
    ("live property", live_property),
    ("without a board", without_a_board),
    ("objects", objects),
    ("every type", every_type),
    ("every path", every_path),
    ("descriptors", descriptors),
    ("add_client", add_client),
    ("memory", memory),
])
