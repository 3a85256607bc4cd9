#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Mistakes of users: status 1, nothing on standard output, and exactly one line on standard error
that begins "lignite: " and says option, cause and, where there is one, the remedy.
"""
import os
import socket

import tap

# A machine that needs nothing of the host, with no CPU running.
BASE = ["-accel", "x86emu", "-nodefaults", "-display", "none", "-S"]

# (arguments, what the line must contain)
ROWS = [
    # options
    ("-zz", ["-zz: invalid option"]),
    ("-m", ["-m: requires an argument"]),
    ("-M zz", ["-M", "unsupported machine type 'zz'", "-M help"]),
    ("-M pc,zz=1", ["-M", "Property", "zz' not found"]),
    ("-M pc,graphics=zz", ["-M", "graphics", "'on' or 'off'"]),
    ("-m 0", ["-m 0", "1 MiB"]),
    ("-m 4k", ["-m 4k", "1 MiB"]),
    ("-m 100000G", ["-m 100000G", "1 TiB"]),
    ("-m 99999999999999999999G", ["-m", "too large"]),
    ("-m x", ["-m", "'x' is not a size"]),
    ("-m -1", ["-m", "'-1' is not a size"]),
    ("-m 64,maxmem=1G", ["-m", "Invalid parameter 'maxmem'"]),
    ("-smp 0", ["-smp", "1 to 8"]),
    ("-smp 9", ["-smp", "Invalid SMP CPUs 9", "1 to 8"]),
    ("-smp x", ["-smp", "cpus", "number"]),
    ("-smp 2,maxcpus=4", ["-smp", "maxcpus"]),
    ("-smp 2,cores=3", ["-smp", "topology"]),
    ("-cpu zz", ["-cpu zz", "zz"]),
    ("-boot order=z", ["-boot", "Invalid boot device 'z'"]),
    ("-boot cc", ["-boot", "'c' was given twice"]),
    ("-boot menu=x", ["-boot", "menu", "'on' or 'off'"]),
    ("-boot zz=x", ["-boot", "Invalid parameter 'zz'"]),
    ("-rtc base=zz", ["-rtc: base=zz: invalid datetime format", "2006-06-17"]),
    ("-rtc base=2026-02-30", ["-rtc: base=2026-02-30: invalid datetime format"]),
    ("-rtc clock=zz", ["-rtc", "clock", "'zz'", "host, rt, vm"]),
    ("-rtc driftfix=zz", ["-rtc", "'zz' invalid driftfix", "slew"]),
    ("-rtc zz=1", ["-rtc", "Invalid parameter 'zz'"]),
    ("-qtest zz", ["-qtest zz", "could not connect to 'zz'"]),
    ("-qtest chardev:zz", ["-qtest chardev:zz: chardev 'zz' not found"]),
    ("-qtest mon:stdio", ["-qtest mon:stdio", "monitor"]),
    ("-qtest null -qtest-log no/such/log", ["-qtest-log no/such/log", "No such file"]),
    ("-object {'id':'a'}", ["-object {'id':'a'}", "'qom-type' is missing"]),
    ("-sandbox on,spawn=zz", ["-sandbox", "'spawn' expects allow or deny"]),
    ("-readconfig no/such/file", ["-readconfig no/such/file", "No such file"]),
    ("-set device.zz.a=1", ["-set device.zz.a=1", "there is no device \"zz\""]),
    ("-run-with zz=on", ["-run-with", "Invalid parameter 'zz'"]),
    ("-msg zz=on", ["-msg", "Invalid parameter 'zz'"]),
    ("-uuid zz", ["-uuid zz", "not a UUID"]),
    ("-name a,zz=b", ["-name", "Invalid parameter 'zz'"]),
    ("-vga zz", ["-vga zz", "unknown vga type", "-vga help"]),
    ("-display zz", ["-display zz", "-display help"]),
    ("-d zz", ["-d", "Invalid log item 'zz'", "-d help"]),
    ("-D no/such/log -d all", ["-D", "no/such/log", "No such file"]),
    ("-pidfile no/such/pid", ["-pidfile no/such/pid", "No such file"]),
    ("-append text", ["-append only allowed with -kernel"]),
    ("-initrd file", ["-initrd only allowed with -kernel"]),
    ("-M pflash0=zz", ["-M", "pflash0", "can't find value 'zz'"]),
    ("-M pflash1=zz", ["-M", "pflash1", "can't find value 'zz'"]),
    ("-drive if=pflash,index=1", ["-drive", "file=FILE"]),
    ("-drive if=pflash,index=2", ["-drive", "'index'", "0 to 1"]),
    ("-drive if=zz", ["-drive", "unsupported bus type 'zz'", "pflash"]),
    ("-fda a/b -drive if=floppy,index=0", ["-fda", "a/b", "No such file"]),
    ("-action zz=a", ["-action zz=a", "Invalid parameter 'zz'"]),
    ("-action panic=zz", ["-action panic=zz", "'zz'", "exit-failure"]),
    ("-watchdog-action zz", ["-watchdog-action zz", "'zz'", "inject-nmi"]),
    ("-device vmgenid", ["-device vmgenid", "UUID or 'auto'"]),
    ("-device vmgenid,guid=zz", ["-device vmgenid", "'zz'"]),
    ("-device vmgenid,guid=auto -device vmgenid,guid=auto", ["-device vmgenid", "at most one"]),
    ("-device vmcoreinfo -device vmcoreinfo", ["-device vmcoreinfo", "at most one"]),
    ("-global fw_cfg_io.dma_enabled=off -device vmcoreinfo", ["-device vmcoreinfo", "DMA"]),
    ("-device isa-parallel", ["-device isa-parallel", "empty char device"]),
    ("-device isa-parallel,chardev=zz", ["-device isa-parallel", "can't find value 'zz'"]),
    ("-parallel null -parallel null -parallel null -parallel null", ["-parallel", "at most 3"]),
    ("-device floppy,unit=2", ["-device floppy,unit=2", "supports only 2 units"]),
    ("-device floppy,unit=1 -device floppy,unit=1", ["-device floppy", "in use"]),
    ("-device floppy -device floppy -device floppy", ["-device floppy", "supports only 2 units"]),
    ("-device floppy,drive-type=none", ["-device floppy", "'none'"]),
    ("-device floppy,drive-type=zz", ["-device floppy", "zz"]),
    ("-device floppy,drive=zz", ["-device floppy", "can't find value 'zz'"]),
    ("-device pvpanic -device pvpanic", ["-device pvpanic", "one already"]),
    ("-fw_cfg opt/a", ["-fw_cfg opt/a", "file=FILE and string=TEXT"]),
    ("-fw_cfg opt/a,string=x,file=y", ["-fw_cfg", "one of file=FILE and string=TEXT"]),
    ("-fw_cfg string=x", ["-fw_cfg string=x", "name=NAME is missing"]),
    ("-fw_cfg opt/a,file=no/such/file", ["-fw_cfg", "no/such/file", "No such file"]),
    ("-fw_cfg etc/e820,string=x", ["-fw_cfg", "duplicate", "etc/e820"]),
    ("-fw_cfg opt/a,string=x,zz=y", ["-fw_cfg", "Invalid parameter 'zz'"]),
    ("-fw_cfg opt/" + "a" * 60 + ",string=x", ["-fw_cfg", "opt/aaa"]),
    ("-acpitable sig=MINE", ["-acpitable sig=MINE", "file=FILE", "data=FILE"]),
    ("-acpitable data=no/such/file", ["-acpitable", "no/such/file", "No such file"]),
    ("-acpitable sig=TOOLONG,data=/dev/null", ["-acpitable", "'sig'", "at most 4"]),
    ("-acpitable rev=256,data=/dev/null", ["-acpitable", "'rev'", "0 to 255"]),
    ("-acpitable file=/dev/null", ["-acpitable", "/dev/null", "too short"]),
    ("-acpitable zz=1,data=/dev/null", ["-acpitable", "Invalid parameter 'zz'"]),
    ("-smbios type=4,version=x", ["-smbios", "type= must be"]),
    ("-smbios version=x", ["-smbios", "type= must be"]),
    ("-smbios type=1,zz=x", ["-smbios", "Invalid parameter 'zz'"]),
    ("-smbios type=1,uuid=x", ["-smbios", "'x' is not a UUID"]),
    ("-smbios file=x", ["-smbios", "file= is not supported"]),
    # chardevs
    ("-serial zz", ["-serial zz", "could not connect to 'zz'", "stdio"]),
    ("-serial file:no/such/file", ["-serial", "no/such/file", "No such file"]),
    ("-serial unix:no/such/socket", ["-serial", "no/such/socket", "No such file"]),
    ("-serial tcp:zz", ["-serial tcp:zz", "HOST:PORT"]),
    ("-serial chardev:zz", ["-serial", "chardev 'zz' not found"]),
    ("-serial null -serial null -serial null -serial null -serial null",
     ["-serial", "at most 4"]),
    ("-serial stdio -monitor stdio", ["-monitor stdio", "cannot use stdio by multiple"]),
    ("-chardev zz,id=a", ["-chardev zz,id=a", "'zz' is not a valid char driver name",
                          "-chardev help"]),
    ("-chardev null", ["-chardev null", "'id' is missing"]),
    ("-chardev null,id=a -chardev null,id=a", ["-chardev", "Duplicate ID 'a'"]),
    ("-chardev null,id=a,zz=1", ["-chardev", "Invalid parameter 'zz'"]),
    ("-mon zz", ["-mon zz", "chardev 'zz' not found"]),
    ("-chardev null,id=a -mon a,mode=zz", ["-mon", "'zz'"]),
    ("-chardev null,id=a -mon a -mon a", ["-mon a", "'a' is already in use"]),
    ("-qmp zz", ["-qmp zz", "could not connect to 'zz'"]),
    ("-chardev null,id=a -mon a,mode=control,pretty=zz", ["-mon", "pretty", "'on' or 'off'"]),
    ("-object zz", ["-object zz", "invalid object type: zz", "-object help"]),
    ("-object monitor-qmp", ["-object", "'id' is missing"]),
    ("-object monitor-qmp,id=a", ["-object", "'chardev' is missing"]),
    ("-object monitor-qmp,id=a,chardev=zz", ["-object", "chardev 'zz' not found"]),
    ("-debugcon zz", ["-debugcon zz", "could not connect to 'zz'"]),
    # devices
    ("-device zz", ["-device zz", "'zz' is not a valid device model name", "-device help"]),
    ("-device isa-debug-exit,zz=1", ["-device", "Property 'isa-debug-exit.zz' not found"]),
    ("-device isa-debug-exit,iosize=9", ["-device", "isa-debug-exit.iosize", "maximum: 4"]),
    ("-device isa-debug-exit,bus=zz", ["-device", "Bus 'zz' not found"]),
    ("-device isa-debug-exit,bus=main-system-bus", ["-device", "can't go on System bus"]),
    ("-device isa-debug-exit,id=a -device isa-debug-exit,id=a", ["-device", "Duplicate ID 'a'"]),
    ("-device isa-debug-exit,id=1", ["-device", "'id' expects an identifier"]),
    ("-device isa-serial,index=4", ["-device", "Max. supported number"]),
    ("-device isa-serial,irq=99", ["-device", "isa-serial.irq", "maximum: 15"]),
    ("-device isa-serial,index=0 -device isa-serial,index=0", ["-device", "in use"]),
    ("-device isa-serial,chardev=zz", ["-device", "isa-serial.chardev", "'zz'"]),
    ("-device isa-debugcon", ["-device", "empty char device"]),
    ("-device id=a", ["-device", "'driver' is missing"]),
    ("-global zz.x=1", ["-global zz.x=1", "'zz' is not a valid device"]),
    ("-global isa-serial.zz=1", ["-global", "Property 'isa-serial.zz' not found"]),
    ("-global isa-serial.irq=zz", ["-global", "isa-serial.irq", "integer"]),
    ("-global zz", ["-global zz", "DRIVER.PROPERTY=VALUE"]),
    # disks
    ("-hda no/such/disk", ["-hda", "no/such/disk", "No such file"]),
    ("-hda .", ["-hda", "'.'"]),
    ("-cdrom no/such/cd", ["-cdrom", "no/such/cd", "No such file"]),
    ("-drive if=ide", ["-drive", "file=FILE"]),
    ("-drive file=disk,if=zz", ["-drive", "unsupported bus type 'zz'"]),
    ("-drive file=disk,format=qcow2", ["-drive", "'qcow2'", "raw"]),
    ("-drive file=disk,format=raw,zz=1", ["-drive", "Invalid parameter 'zz'"]),
    ("-drive file=disk,format=raw,index=4", ["-drive", "index"]),
    ("-drive file=disk,format=raw,index=0,unit=1", ["-drive", "index cannot be used"]),
    ("-drive file=disk,format=raw,werror=zz", ["-drive", "'zz' invalid write error action"]),
    ("-drive file=disk,format=raw,readonly=on,index=0 -hda disk", ["-hda", "index=0", "exists"]),
]


def expect(args, parts):
    status, out, err = tap.run(*BASE, *args)
    tap.check(status == 1, f"{args}: status {status}, stderr {err!r}")
    tap.check(out == "", f"{args}: on stdout {out!r}")
    lines = err.splitlines()
    tap.check(len(lines) == 1 and err.endswith("\n"), f"{args}: not one line: {err!r}")
    tap.check(lines[0].startswith("lignite: "), f"{args}: {err!r}")
    for part in parts:
        tap.check(part in lines[0], f"{args}: {part!r} is not in {lines[0]!r}")


def make_row(args, parts):
    def case():
        with open("disk", "wb") as disk:
            disk.truncate(1 << 20)
        expect(args.split(), parts)
    return case


def bios(size, rule):
    def case():
        with open("firmware", "wb") as file:
            file.truncate(size)
        expect(["-bios", os.path.abspath("firmware")], ["-bios", "firmware", rule])
    return case


def flash(size, rule, *options):
    def case():
        with open("flash", "wb") as file:
            file.truncate(size)
        expect(["-drive", "if=pflash,format=raw,file=flash", *options], rule)
    return case


def bios_missing():
    expect(["-bios", "no/such/bios"], ["-bios", "no/such/bios"])


def bios_directory():
    os.mkdir("folder")
    expect(["-bios", os.path.abspath("folder")], ["-bios", "folder", "directory"])


def kernel_missing():
    expect(["-kernel", "no/such/kernel"], ["-kernel", "could not load kernel 'no/such/kernel'"])


def socket_in_use():
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        server.listen()
        expect(["-monitor", "unix:s,server=on,wait=off"], ["-monitor", "'s'", "in use"])
        tap.check(os.path.exists("s"), "it took the socket away")


def no_accelerator():
    status, out, err = tap.run("-accel", "zz", "-nodefaults", "-display", "none", "-S")
    tap.check(status == 1 and out == "", f"status {status}, stdout {out!r}")
    for line in err.splitlines():
        tap.check(line.startswith("lignite: "), f"{line!r}")
    tap.check("zz" in err, err)


def bad_latency():
    for value, part in (("10", "at least 100us"), ("99us", "at least 100us"), ("-1ms", "10ms"),
                        ("x", "10ms"), ("", "10ms"), ("1h", "10ms"), ("9" * 30 + "s", "10ms")):
        status, out, err = tap.run("-accel", f"x86emu,coalesce-latency={value}", "-nodefaults",
                                   "-display", "none", "-S")
        tap.check(status == 1 and out == "", f"{value}: status {status}, stdout {out!r}")
        lines = err.splitlines()
        tap.check(lines and "coalesce-latency" in lines[0] and part in lines[0], f"{value}: {err}")


CASES = [(args, make_row(args, parts)) for args, parts in ROWS] + [
    ("-bios missing", bios_missing),
    ("-bios empty", bios(0, "64 KiB")),
    ("-bios directory", bios_directory),
    ("-bios not a multiple of 64 KiB", bios(65536 + 1, "64 KiB")),
    ("-bios over 16 MiB", bios((16 << 20) + 65536, "larger than 16777216 bytes")),
    ("if=pflash empty", flash(0, ["'pflash0'", "invalid size 0", "multiple of 0x1000"])),
    ("if=pflash of a bad size", flash(65537, ["'pflash0'", "invalid size", "0x1000"])),
    ("if=pflash over 16 MiB", flash((16 << 20) + 4096, ["combined size", "16777216"])),
    ("if=pflash and -bios", flash(65536, ["-bios", "exclude"], "-bios", "bios-256k.bin")),
    ("-M pflash0= in a place that is taken",
     flash(65536, ["-M pflash0=zz", "if=pflash"], "-M", "pflash0=zz")),
    ("-kernel missing", kernel_missing),
    ("socket in use", socket_in_use),
    ("-accel unknown", no_accelerator),
    ("-accel X,coalesce-latency", bad_latency),
]

tap.main(CASES)
