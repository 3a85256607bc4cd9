#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo guest comes over the network: DHCP and TFTP from the user network, here and in a pcap
file, which tshark understands without complaint.

usage: netboot.py LIGNITE BUILD ipxe|driver LIGNITE-OPTIONS...

ipxe: the card's option ROM boots. driver: a kernel of ours does, with a driver of its own.
"""
import re
import shutil
import subprocess
import sys
import tempfile

from guest import Guest, build_file, check, need_kvm, run

MAC = "52:54:00:77:00:01"


def boot_options():
    if sys.argv[3] == "ipxe":
        return ["-boot", "n"]
    return ["-kernel", build_file("pc-bios", "netboot.elf")]


def tshark(path, *options):
    result = subprocess.run(["tshark", "-n", "-r", path, *options], capture_output=True, text=True,
                            check=True)
    complaints = [line for line in result.stderr.splitlines() if "Running as user" not in line]
    check(not complaints, f"tshark: {result.stderr}")
    return result.stdout.splitlines()


def fields(path, display_filter, *names):
    extract = [word for name in names for word in ("-e", name)]
    return [tuple(line.split("\t"))
            for line in tshark(path, "-Y", display_filter, "-T", "fields", "-E", "occurrence=f", *extract)]


def check_pcap(path):
    check(fields(path, "_ws.malformed || frame.cap_len != frame.len", "frame.number") == [],
          "malformed frames")
    kinds = [kind for kind, in fields(path, "dhcp", "dhcp.option.dhcp")]
    check(re.match(r"(1 2 )+(3 5 ?)+$", " ".join(kinds)), f"no DHCP exchange: {kinds}")
    given, server, name = fields(path, "dhcp.option.dhcp == 5", "dhcp.ip.your",
                                 "dhcp.option.dhcp_server_id", "dhcp.file")[0]
    check((given, server, name) == ("10.0.2.15", "10.0.2.2", "demo.bzImage"), f"{given} {server}")
    macs = fields(path, "dhcp", "dhcp.hw.mac_addr")
    check(set(macs) == {(MAC,)}, f"not our address: {macs}")
    check(fields(path, "tftp.opcode == 1", "tftp.source_file")[-1] == ("demo.bzImage",),
          "no TFTP request")
    bad = fields(path, "ip.checksum.status == 0 || udp.checksum.status == 0", "frame.number")
    check(bad == [], f"wrong checksums: {bad}")


def test():
    check(shutil.which("tshark"), "tshark is missing: tests/setup.sh installs it")
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(build_file("pc-bios", "demo.bzImage"), folder)
        pcap = folder + "/pcap"
        with Guest("-nic", f"user,id=n0,mac={MAC},tftp={folder},bootfile=demo.bzImage",
                   "-object", f"filter-dump,id=d,netdev=n0,file={pcap}", *boot_options(),
                   *sys.argv[4:]) as guest:
            guest.wait_serial("Lignite demo: done|Powering off")
            guest.wait_end()
            check("Booted from -kernel" in guest.serial(), guest.serial())
        check_pcap(pcap)


if not any("x86emu" in arg for arg in sys.argv):
    need_kvm()
run(test)
