#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Networks of the whole program, without a guest: the options, the monitors, a tap.

usage: network.py LIGNITE
"""
import os
import socket
import struct
import subprocess
import sys

import tap
from qmp_client import Machine

BASE = ["-accel", "qtest", "-display", "none", "-monitor", "none"]
CARD = "index=0,type=nic,model=e1000,macaddr=52:54:00:12:34:5"
USER = "index=0,type=user,net=10.0.2.0,restrict=off"


def info(client, what="network"):
    return client.good("human-monitor-command",
                       {"command-line": f"info {what}"}).replace("\r", "")


def machine(*args):
    return Machine(*args, base=BASE)


# --------------------------------------------------------------------------------- options --

def options():
    """(options, what `info network` shows)"""
    cases = [
        ([], f"e1000.0: {CARD}6\n \\ #net0: {USER}\n"),
        (["-nodefaults"], ""),
        (["-net", "none"], ""),
        (["-nic", "none"], ""),
        (["-netdev", "user,id=n0"], f"n0: {USER}\n"),
        (["-netdev", '{"type": "user", "id": "n0", "restrict": true}'],
         "n0: index=0,type=user,net=10.0.2.0,restrict=on\n"),
        (["-device", "e1000"], f"e1000.0: {CARD}6\n \\ #net0: {USER}\ne1000.1: {CARD}7\n"),
        (["-netdev", "user,id=n0", "-device", "e1000,netdev=n0,id=c"],
         f"c: {CARD}6\n \\ n0: {USER}\n"),
        (["-nic", "user,net=192.168.7.0/24,model=e1000-82545em,mac=52:54:00:12:34:59"],
         "e1000-82545em.0: index=0,type=nic,model=e1000-82545em,macaddr=52:54:00:12:34:59\n"
         " \\ #net0: index=0,type=user,net=192.168.7.0,restrict=off\n"),
        (["-nic", "user,id=n0", "-nic", "model=e1000"],
         f"e1000.0: {CARD}6\n \\ n0: {USER}\ne1000.1: {CARD}7\n \\ #net0: {USER}\n"),
        (["-net", "nic,macaddr=52:54:00:12:34:58", "-net", "user", "-net", "nic,model=e1000"],
         f"hub 0\n \\ hub0port0: e1000.0: {CARD}8\n \\ hub0port1: #net0: {USER}\n"
         f" \\ hub0port2: e1000.1: {CARD}6\n"),
        (["-netdev", "hubport,id=h,hubid=7", "-device", "e1000,netdev=h"],
         f"hub 7\n \\ h: e1000.0: {CARD}6\n"),
        (["-M", "none"], ""),
    ]
    for args, expected in cases:
        with machine(*args) as client:
            text = info(client)
            tap.check(text == expected, f"{args}: {text!r} is not {expected!r}")


def slots():
    """Cards of the board come behind the display, in order; addr= says otherwise."""
    with machine("-nic", "user", "-nic", "user,addr=7", "-nic", "user") as client:
        cards = [d["slot"] for bus in client.good("query-pci") for d in bus["devices"]
                 if d["id"]["device"] == 0x100e]
        tap.check(cards == [3, 4, 7], str(cards))


def mistakes():
    cases = [
        ("-netdev", "zz,id=a", "'zz' is not a valid netdev type: -netdev help lists them"),
        ("-netdev", "user", "Parameter 'id' is missing"),
        ("-nic", "zz", "'zz' is not a valid netdev type"),
        ("-nic", "user,model=zz", "Unsupported NIC model: zz: -nic model=help lists them"),
        ("-nic", "user,model=VGA", "Unsupported NIC model: VGA"),
        ("-nic", "user,mac=zz", "mac"),
        ("-nic", "none,zz=1", "Invalid parameter 'zz'"),
        ("-nic", "user,zz=1", "Invalid parameter 'zz'"),
        ("-net", "nic,zz=1", "Invalid parameter 'zz'"),
        ("-net", "zz", "'zz' is not a valid netdev type"),
        ("-netdev", '{"type":"user","id":"a","zz":1}', "Invalid parameter 'zz'"),
        ("-netdev", '{"type":"user","id":"a","hostfwd":[{"str":"zz"}]}',
         "Invalid host forwarding rule 'zz'"),
        ("-device", "e1000,netdev=zz", "Property 'e1000.netdev' can't find value 'zz'"),
        ("-object", "filter-dump,id=f,netdev=zz,file=f",
         "Parameter 'netdev' expects a network backend id: there is no 'zz'"),
        ("-object", "filter-dump,id=f,netdev=zz", "Parameter 'file' is missing"),
        ("-object", "filter-dump,id=f,zz=1", "Property 'filter-dump.zz' not found"),
    ]
    for option, value, message in cases:
        status, _, err = tap.run(*BASE, option, value)
        tap.check(status == 1 and err.count("\n") == 1, f"{value}: {status} {err!r}")
        tap.check(message in err, f"{value}: {err!r}")
        if option != "-nic" or "mac=" not in value:
            tap.check(err.startswith(f"lignite: {option} {value}: "), f"{value}: {err!r}")
    status, _, err = tap.run(*BASE, "-netdev", "user,id=a", "-device", "e1000,netdev=a", "-device",
                             "e1000,netdev=a")
    tap.check(status == 1 and "'e1000.netdev' can't take value 'a', it's in use" in err, err)
    status, _, err = tap.run(*BASE, "-M", "none", "-nic", "user")
    tap.check(status == 1 and "machine type 'none' has no place for a network card" in err, err)


# -------------------------------------------------------------------------------- monitors --

def link():
    with machine("-nic", "user,id=n0") as client:
        for name in ("n0", "e1000.0"):
            client.good("set_link", {"name": name, "up": False})
            client.good("set_link", {"name": name, "up": True})
        client.bad("set_link", {"name": "zz", "up": True}, "Device 'zz' not found",
                   "DeviceNotFound")
        hmp = "human-monitor-command"
        for line in ("set_link n0 off", "set_link n0 on", "netdev_add user,id=n1",
                     "hostfwd_add n1 tcp:127.0.0.1:0-:22", "hostfwd_add tcp:127.0.0.1:0-:23",
                     "netdev_del n1"):
            reply = client.good(hmp, {"command-line": line})
            tap.check(reply == "", f"{line}: {reply!r}")
        for line, message in (("set_link n0", "expected: set_link NAME on|off"),
                              ("set_link n0 zz", "expects 'on' or 'off'"),
                              ("netdev_del n1", "Device 'n1' not found"),
                              ("hostfwd_remove tcp::1", "not found"),
                              ("hostfwd_add zz", "Invalid host forwarding rule 'zz'"),
                              ("object_del zz", "object 'zz' not found")):
            reply = client.good(hmp, {"command-line": line})
            tap.check(message in reply, f"{line}: {reply!r}")


def add_and_del():
    with machine("-netdev", "user,id=n0") as client:
        client.bad("netdev_add", {"type": "user", "id": "n0"}, "Duplicate ID 'n0' for netdev")
        client.bad("netdev_add", {"type": "zz", "id": "n1"},
                   "Parameter 'type' does not accept value 'zz'")
        client.bad("netdev_add", {"type": "user", "id": "n1", "ifname": "x"},
                   "Parameter 'ifname' is unexpected")
        client.bad("netdev_add", {"type": "user", "id": "n1", "hostfwd": ["x"]}, "hostfwd[0]")
        client.bad("netdev_add", {"type": "stream", "id": "n1"}, "Parameter 'addr' is missing")
        client.bad("netdev_add", {"type": "stream", "id": "n1", "addr": {"type": "unix"}},
                   "Parameter 'addr.path' is missing")
        client.bad("netdev_del", {"id": "n1"}, "Device 'n1' not found", "DeviceNotFound")
        client.good("netdev_add", {"type": "user", "id": "n1"})
        client.good("device_add", {"driver": "e1000", "id": "c", "netdev": "n1"})
        client.good("netdev_del", {"id": "n1"})  # the card stays, without a cable
        tap.check(info(client) == f"n0: {USER}\nc: {CARD}6\n", info(client))
        client.bad("query-rx-filter", {"name": "n0"}, "net client(n0) isn't a NIC")
        client.bad("query-rx-filter", {"name": "zz"}, "invalid net client name: zz")
        client.bad("object-add", {"qom-type": "filter-dump", "id": "f", "netdev": "n0"},
                   "Parameter 'file' is missing")
        client.good("object-add",
                    {"qom-type": "filter-dump", "id": "f", "netdev": "n0", "file": "f"})
        client.bad("object-add", {"qom-type": "filter-dump", "id": "f", "netdev": "n0",
                                  "file": "f"}, "duplicate")
        client.good("object-del", {"id": "f"})
        client.bad("object-del", {"id": "f"}, "object 'f' not found")


def filter_events():
    """The driver changes the card's filter: one event, and no other until somebody asks."""
    bar, promiscuous = 0xc000, 1 << 3
    with machine("-nic", "user,addr=3") as client:
        def out(port, value):
            reply = client.good("human-monitor-command",
                                {"command-line": f"o /w {port:#x} {value:#x}"})
            tap.check(reply == "", reply)

        def write_register(register, value):
            out(bar, register)
            out(bar + 4, value)

        for offset, value in ((0x14, bar), (0x04, 7)):  # BAR1, COMMAND
            out(0xcf8, 0x80000000 | 3 << 11 | offset)
            out(0xcfc, value)
        write_register(0x100, promiscuous)  # RCTL
        event = client.expect_event("NIC_RX_FILTER_CHANGED")
        tap.check(event["data"]["name"] == "e1000.0" and
                  event["data"]["path"].startswith("/machine/unattached/device["), str(event))
        write_register(0x100, 0)
        tap.check(client.events == [], str(client.events))
        tap.check(not client.good("query-rx-filter")[0]["promiscuous"], "it is promiscuous")
        write_register(0x100, promiscuous)
        client.expect_event("NIC_RX_FILTER_CHANGED")
        tap.check(client.good("query-rx-filter")[0]["promiscuous"], "it is not promiscuous")


def stream_events():
    with machine("-netdev", "stream,id=s,server=on,addr.type=unix,addr.path=s") as client:
        peer = socket.socket(socket.AF_UNIX)
        peer.connect("s")
        event = client.expect_event("NETDEV_STREAM_CONNECTED")
        tap.check(event["data"] == {"netdev-id": "s", "addr": {"type": "unix", "path": ""}},
                  str(event))
        tap.check(info(client) ==
                  "s: index=0,type=stream,unix:s,server=on,connected\n", info(client))
        peer.close()
        event = client.expect_event("NETDEV_STREAM_DISCONNECTED")
        tap.check(event["data"] == {"netdev-id": "s"}, str(event))


def sent_descriptor():
    """A stream whose socket the client sends along."""
    with machine("-nic", "none") as client:
        ours, theirs = socket.socketpair()
        socket.send_fds(client.socket, [b"{'execute':'getfd','arguments':{'fdname':'x'}}"],
                        [theirs.fileno()])
        tap.check(client.reply() == {"return": {}}, "no getfd")
        theirs.close()
        arguments = {"type": "stream", "id": "s", "addr": {"type": "fd", "str": "x"}}
        client.good("netdev_add", arguments)
        client.expect_event("NETDEV_STREAM_CONNECTED")
        client.bad("netdev_add", {**arguments, "id": "t"},
                   "File descriptor named 'x' has not been found")
        client.good("netdev_del", {"id": "s"})
        tap.check(ours.recv(1) == b"", "it was not closed")


# ------------------------------------------------------------------------------------- tap --

OURS, HOST = b"\x52\x54\x00\x00\x00\x02", bytes([192, 0, 2, 1])
GUEST = bytes([192, 0, 2, 2])


def arp(kind, to):
    frame = b"\xff" * 6 + OURS + b"\x08\x06\x00\x01\x08\x00\x06\x04" + bytes([0, kind])
    return (frame + OURS + GUEST + bytes(6) + to).ljust(60, b"\0")


def read_frame(peer):
    def read(size):
        data = b""
        while len(data) < size:
            piece = peer.recv(size - len(data))
            tap.check(piece, "the stream ended")
            data += piece
        return data
    return read(struct.unpack(">I", read(4))[0])


def in_namespace():
    """The host's side of the tap answers a guest that is at the end of a stream, on the same hub."""
    args = [*BASE, "-netdev", "tap,id=t,ifname=lig%d,script=./up,downscript=./down",
            "-netdev", "hubport,id=h0,hubid=0,netdev=t",
            "-netdev", "stream,id=s,server=on,addr.type=unix,addr.path=s",
            "-netdev", "hubport,id=h1,hubid=0,netdev=s"]
    with Machine(*args, base=[]) as client:
        tap.check(" \\ h0: t: index=0,type=tap,ifname=lig0,script=./up,downscript=./down\n" in
                  info(client), info(client))
        client.bad("netdev_add", {"type": "tap", "id": "u", "ifname": "lig0", "script": "no"},
                   "could not configure /dev/net/tun (lig0): Device or resource busy")
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(tap.LIMIT)
        peer.connect("s")
        request = arp(1, HOST)
        peer.sendall(struct.pack(">I", len(request)) + request)
        while True:
            frame = read_frame(peer)
            if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\2":
                break
        tap.check(frame[:6] == OURS and frame[28:32] == HOST and frame[38:42] == GUEST, str(frame))
    left = subprocess.run(["ip", "link", "show", "lig0"], check=False, capture_output=True)
    tap.check(left.returncode == 1, "the interface is still there")


def tap_device():
    """A tap in a network of its own: its scripts run, frames go both ways, it is gone at the end."""
    if subprocess.run(["unshare", "-n", "test", "-w", "/dev/net/tun"], check=False,
                      capture_output=True).returncode:
        raise tap.Skip("no network namespaces, or no /dev/net/tun")
    for name, command in (("up", "addr add 192.0.2.1/24 dev"), ("down", "link set down dev")):
        with open(name, "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\necho {name} $1 >>scripts\nip {command} $1\n"
                       f"ip link set {name} dev $1\n")
        os.chmod(name, 0o755)
    result = subprocess.run(["unshare", "-n", sys.executable, SCRIPT,
                             tap.program(), "in-namespace"], check=False, capture_output=True,
                            text=True, timeout=2 * tap.LIMIT)
    tap.check(result.returncode == 0, f"{result.stdout}{result.stderr}")
    with open("scripts", encoding="ascii") as file:
        text = file.read()
    tap.check(text == "up lig0\ndown lig0\n", text)


SCRIPT = os.path.abspath(__file__)
if sys.argv[2:] == ["in-namespace"]:
    in_namespace()
    sys.exit(0)
tap.main([
    ("options", options),
    ("slots", slots),
    ("mistakes", mistakes),
    ("link", link),
    ("add and del", add_and_del),
    ("filter events", filter_events),
    ("stream events", stream_events),
    ("a descriptor that was sent", sent_descriptor),
    ("tap", tap_device),
])
