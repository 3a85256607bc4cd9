#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""VNC as viewers see it: handshakes and passwords, pictures, keys, and what is no viewer at all.

usage: vnc.py LIGNITE VNC-RESPONSE
"""
import array
import os
import random
import socket
import struct
import threading
import time

import rfb
import tap
from rfb import Format, Gone, Viewer
from screen import Machine

SERVER = ("-display", "none", "-vnc", "unix:vnc")
LOCKED = ("-display", "none", "-vnc", "unix:vnc,password=on")


def pattern(width, height, seed=0):
    """A picture of flat parts, lines of two and of few colours, and noise."""
    rng = random.Random(seed)
    rows = []
    for y in range(height):
        row = []
        for x in range(width):
            if x < width // 4:
                row.append((255, 128, 0))
            elif x < width // 2:
                row.append((0, 0, 170) if (x ^ y) & 4 else (170, 170, 170))
            elif x < 3 * width // 4:
                row.append((x * 3 & 0xf0, y * 5 & 0xf0, 85))
            else:
                row.append(tuple(rng.randrange(256) for _ in range(3)))
        rows.append(row)
    return rows


def until(what, look):
    limit = time.monotonic() + tap.LIMIT
    while not look():
        tap.check(time.monotonic() < limit, what)
        time.sleep(0.01)


def refused(*args, **kwargs):
    try:
        Viewer(*args, **kwargs).close()
    except (Gone, PermissionError, ConnectionError):
        return
    raise tap.Failure(f"{args} {kwargs} was let in")


def shows(viewer, wanted, what):
    """The viewer sees that picture before long: at the console's next refresh."""
    until(what, lambda: viewer.whole() == wanted)


# ------------------------------------------------------------------------------ the handshake

def versions():
    with Machine(*SERVER, "-name", "guest") as machine:
        machine.mode(64, 48)
        for version in ("3.3", "3.5", "3.7", "3.8"):
            with Viewer("vnc", version, expect_auth=1) as viewer:
                tap.check((viewer.width, viewer.height) == (64, 48), "size")
                tap.check(viewer.name == "Lignite (guest)", viewer.name)
                viewer.whole()
        for version in ("2.2", "4.0"):
            refused("vnc", version)
        few = rfb.connect("vnc")
        few.sendall(b"RF")
        closes(few, "two bytes")
        for text in (b"GET / HTTP/1.1\r\n\r\n", b"RFB abc.def\n", b"\0" * 12):
            sock = rfb.connect("vnc")
            sock.sendall(text)
            try:
                while sock.recv(100):
                    pass
            except ConnectionError:
                pass
            sock.close()


def passwords():
    with Machine(*LOCKED) as machine:
        tap.check(machine.command("query-vnc")["auth"] == "vnc", "auth")
        refused("vnc", password="")  # none is set: nobody comes in
        machine.command("change-vnc-password", password="secret")
        for version in ("3.3", "3.7", "3.8"):
            Viewer("vnc", version, password="secret", expect_auth=2).close()
            refused("vnc", version, password="Secret")
            refused("vnc", version, password="")
        inside = Viewer("vnc", password="secret")
        machine.command("set_password", protocol="vnc", password="longer than eight",
                        connected="keep")
        refused("vnc", password="secret")
        Viewer("vnc", password="longer th").close()  # the protocol's limit
        inside.whole()
        inside.close()
        for gone in ("now", "+0", "1"):
            machine.command("expire_password", protocol="vnc", time=gone)
            refused("vnc", password="longer t")
            for valid in ("never", "+1000", str(int(time.time()) + 1000)):
                machine.command("expire_password", protocol="vnc", time=valid)
                Viewer("vnc", password="longer t").close()
        tap.check("error" in machine.call("expire_password", protocol="vnc", time="soon"), "soon")
        tap.check("'keep'" in str(machine.call("set_password", protocol="vnc", password="a",
                                               connected="fail")), "connected")
        tap.check(machine.hmp("set_password vnc four") == "", "HMP")
        Viewer("vnc", password="four").close()
        tap.check(machine.hmp("change vnc password five") == "", "HMP")
        Viewer("vnc", password="five").close()
        tap.check(machine.hmp("expire_password vnc now") == "", "HMP")
        refused("vnc", password="five")
    with Machine(*SERVER) as machine:
        tap.check("password=on" in str(machine.call("change-vnc-password", password="a")),
                  "a password of a server without")


# ---------------------------------------------------------------------------------- pictures

FORMATS = (
    Format(),
    Format(big=True),
    Format(shifts=(0, 8, 16)),
    Format(shifts=(24, 16, 8)),
    Format(big=True, shifts=(24, 16, 8)),
    Format(depth=30, maxes=(1023, 1023, 1023), shifts=(20, 10, 0)),
    Format(16, 16, maxes=(31, 63, 31), shifts=(11, 5, 0)),
    Format(16, 15, big=True, maxes=(31, 31, 31), shifts=(10, 5, 0)),
    Format(8, 8, maxes=(7, 7, 3), shifts=(0, 3, 6)),
    Format(8, 8, colour_map=True),
)


def pictures():
    """Every encoding in every format shows what a screendump shows, as far as the format can."""
    with Machine(*SERVER) as machine:
        machine.mode(280, 72)  # more than a tile of each encoding, in both directions
        machine.draw(0, 0, pattern(280, 72))
        dump = machine.screendump()
        tap.check(dump == pattern(280, 72), "screendump")
        for encoding in (rfb.RAW, rfb.TIGHT, rfb.ZRLE):
            with Viewer("vnc") as viewer:
                viewer.set_encodings(encoding, rfb.RAW, -255)
                for pixel_format in FORMATS:
                    viewer.set_format(pixel_format)
                    viewer.picture = [[None] * viewer.width for _ in range(viewer.height)]
                    wanted = [[pixel_format.of(rgb) for rgb in row] for row in dump]
                    tap.check(viewer.whole() == wanted,
                              f"encoding {encoding}, {vars(pixel_format)}")


def changes():
    """Only what changed comes, when it was asked for."""
    with Machine(*SERVER) as machine:
        machine.mode(320, 200)
        machine.draw(0, 0, pattern(320, 200))
        with Viewer("vnc") as viewer, Viewer("vnc") as other:
            shows(viewer, machine.screendump(), "first")
            other.whole()
            viewer.request(incremental=True)
            machine.draw(7, 100, [[(1, 2, 3)] * 5])
            rects = viewer.update()
            tap.check(all(99 <= y and y + height <= 102 for _, y, _, height, _ in rects),
                      str(rects))
            tap.check(viewer.picture == machine.screendump(), "one line")
            other.request(incremental=True)
            other.update()
            tap.check(other.picture == viewer.picture, "the other viewer")
            viewer.request(incremental=True)
            viewer.socket.settimeout(0.3)
            try:
                viewer.update()
                raise tap.Failure("an update with nothing in it")
            except socket.timeout:
                pass
            viewer.socket.settimeout(tap.LIMIT)
            viewer.request(area=(10, 20, 30, 40))
            tap.check([r[:4] for r in viewer.update()] == [(10, 20, 30, 40)], "a part")
            viewer.request(area=(300, 190, 100, 65535))
            tap.check([r[:4] for r in viewer.update()] == [(300, 190, 20, 10)], "beyond the edge")


def resize():
    with Machine(*SERVER) as machine:
        machine.mode(64, 48)
        with Viewer("vnc") as fixed, Viewer("vnc") as plain, Viewer("vnc") as extended:
            plain.set_encodings(rfb.RAW, rfb.DESKTOP_SIZE)
            extended.set_encodings(rfb.TIGHT, rfb.EXTENDED_SIZE, rfb.DESKTOP_SIZE)
            for viewer in (fixed, plain, extended):
                viewer.whole()
            for width, height in ((128, 24), (32, 100), (64, 48)):
                machine.mode(width, height)
                machine.draw(0, 0, pattern(width, height, seed=width))
                dump = machine.screendump()
                for viewer in (plain, extended):
                    while (viewer.width, viewer.height) != (width, height):
                        viewer.request(incremental=True)
                        viewer.update()
                    shows(viewer, dump, f"{width} x {height}")
                # Who can't change the size sees what fits.
                fixed.request(area=(0, 0, min(width, 64), min(height, 48)))
                fixed.update()
                tap.check([row[:min(width, 64)] for row in fixed.picture[:min(height, 48)]] ==
                          [row[:64] for row in dump[:48]], f"{width} x {height} in 64 x 48")
            # A viewer's own wish is refused.
            extended.send(struct.pack(">BxHHBx", 251, 800, 600, 1) + bytes(16))
            extended.request(incremental=True)
            extended.update()
            tap.check(extended.size_notices[-1] == (1, 1), str(extended.size_notices))
            tap.check((extended.width, extended.height) == (64, 48), "size after a refusal")


def discarding(viewer):
    """The viewer, and somebody who reads what it gets and throws it away."""
    def discard():
        try:
            while viewer.socket.recv(1 << 16):
                pass
        except OSError:
            pass
    threading.Thread(target=discard, daemon=True).start()
    return viewer


def races():
    """Sizes and formats that change while updates are on their way (CVE-2015-5225)."""
    rng = random.Random(1)
    with Machine(*SERVER) as machine:
        machine.mode(640, 400)
        viewers = [discarding(Viewer("vnc")) for _ in range(4)]
        for turn in range(60):
            width, height = rng.choice(((640, 400), (8, 1), (320, 200), (1600, 64), (72, 480)))
            machine.mode(width, height)
            for viewer in viewers:
                viewer.set_encodings(rng.choice((rfb.RAW, rfb.TIGHT, rfb.ZRLE)),
                                     *rng.choice(((), (rfb.DESKTOP_SIZE,), (rfb.EXTENDED_SIZE,))))
                viewer.send(b"\0\0\0\0" + rng.choice(FORMATS).wire())
                viewer.request(rng.random() < 0.5, (0, 0, rng.randrange(65536),
                                                    rng.randrange(65536)))
            time.sleep(0.02)  # there is a refresh now and then
            if turn % 10 == 0:  # one of them comes anew
                viewers.pop(0).close()
                viewers.append(discarding(Viewer("vnc")))
        for viewer in viewers:
            viewer.close()
        machine.mode(64, 48)
        machine.draw(0, 0, pattern(64, 48))
        with Viewer("vnc") as viewer:
            shows(viewer, machine.screendump(), "after the races")


def no_screen():
    """A machine without a display device still has a server; its picture is black."""
    with Machine(*SERVER, vga="none") as machine:
        with Viewer("vnc") as viewer:
            tap.check((viewer.width, viewer.height) == (640, 480), "size")
            viewer.set_encodings(rfb.TIGHT)
            tap.check(set(map(tuple, viewer.whole())) == {((0, 0, 0),) * 640}, "black")
        tap.check("There is no console" in str(machine.call("screendump", filename="x")), "dump")


# ------------------------------------------------------------------------------ keys, pointers

def keys():
    with Machine(*SERVER) as machine:
        machine.keyboard()
        with Viewer("vnc") as viewer:
            for keysym, codes in ((ord("a"), [0x1e, 0x9e]), (ord("A"), [0x1e, 0x9e]),
                                  (ord("%"), [0x06, 0x86]), (0xff0d, [0x1c, 0x9c]),
                                  (0xff52, [0xe0, 0x48, 0xe0, 0xc8]), (0xffe1, [0x2a, 0xaa]),
                                  (0xffff, [0xe0, 0x53, 0xe0, 0xd3]), (0x01000061, [0x1e, 0x9e]),
                                  (0xffc9, [0x58, 0xd8]), (0xff9f, [0x53, 0xd3])):
                viewer.key(keysym, True)
                viewer.key(keysym, False)
                machine.wait_scan(codes)
            viewer.key(0xdf, True)  # no key of this layout makes it
            viewer.key(0xffffffff, True)
            # What is held when the connection breaks is let go.
            viewer.key(0xffe3, True)
            viewer.key(0xffe9, True)
            machine.wait_scan([0x1d, 0x38])
        machine.wait_scan([0x9d, 0xb8])


def layouts():
    rows = (("de", (("z", 0x15), ("y", 0x2c), ("\u00df", 0x0c), ("\u00fc", 0x1a), ("@", 0x10))),
            ("fr", (("a", 0x10), ("q", 0x1e), ("&", 0x02), ("1", 0x02))),
            ("en-gb", (("\u00a3", 0x04), ("#", 0x2b))),
            ("us(dvorak)", (("o", 0x1f), ("'", 0x10))),
            ("ru", (("\u0444", 0x1e),)))
    for layout, symbols in rows:
        with Machine(*SERVER, "-k", layout) as machine:
            machine.keyboard()
            with Viewer("vnc") as viewer:
                for symbol, code in symbols:
                    keysym = ord(symbol)
                    if keysym > 0xff:
                        keysym |= 0x01000000
                    viewer.key(keysym, True)
                    viewer.key(keysym, False)
                    machine.wait_scan([code, code | 0x80])
                viewer.key(0xff0d, True)
                viewer.key(0xff0d, False)
                machine.wait_scan([0x1c, 0x9c])
    status, _, err = tap.run("-k", "zz", "-display", "none")
    tap.check(status == 1 and "-k zz: there is no keyboard layout 'zz'" in err, err)


def pointers():
    with Machine(*SERVER) as machine:
        machine.mode(640, 480)
        machine.keyboard()
        with Viewer("vnc") as viewer:
            viewer.pointer(100, 100)  # where it is, not where it went
            viewer.pointer(110, 95)
            machine.wait_scan([], [0x08, 10, 5])
            viewer.pointer(110, 95, 1)
            machine.wait_scan([], [0x09, 0, 0])
            viewer.pointer(110, 95, 1 | 4)
            machine.wait_scan([], [0x0b, 0, 0])
            viewer.pointer(109, 96, 2)
            viewer.pointer(109, 96, 0)
            until("buttons", lambda: machine.scan()[1][-3:] == [0x08, 0, 0])
            viewer.pointer(109, 96, 1)
            machine.wait_scan([], [0x09, 0, 0])
        machine.wait_scan([], [0x08, 0, 0])  # let go with the connection
        mice = machine.command("query-mice")
        tap.check(mice == [{"name": "PS/2 keyboard and mouse", "index": 0, "current": True,
                            "absolute": False}], str(mice))
        tap.check(machine.hmp("info mice") == "* Mouse #0: PS/2 keyboard and mouse\n",
                  machine.hmp("info mice"))
        tap.check(machine.hmp("mouse_set 0") == "", "mouse_set")
        tap.check("not found" in machine.hmp("mouse_set 1"), "mouse_set 1")
        tap.check("index" in machine.hmp("mouse_set"), "mouse_set without an index")
        machine.hmp("mouse_move 3 -4")
        machine.wait_scan([], [0x08, 3, 4])


# -------------------------------------------------------------------------------- connections

def sharing():
    with Machine("-display", "none", "-vnc", "unix:vnc",
                 "-vnc", "unix:forced,id=forced,share=force-shared",
                 "-vnc", "unix:open,id=open,share=ignore") as machine:
        machine.mode(64, 48)
        first, second = Viewer("vnc"), Viewer("vnc")
        third = Viewer("vnc", shared=False)  # sends the others away
        for viewer in (first, second):
            try:
                viewer.request()
                while viewer.update():
                    pass
                raise tap.Failure("it stayed")
            except (Gone, ConnectionError):
                pass
        third.whole()
        Viewer("vnc").whole()
        with Viewer("forced") as inside:
            try:
                Viewer("forced", shared=False).whole()
                raise tap.Failure("it is let in beside another")
            except (Gone, ConnectionError):
                pass
            inside.whole()
        alone = Viewer("open", shared=False)
        Viewer("open", shared=False).whole()
        alone.whole()
        servers = machine.command("query-vnc-servers")
        tap.check([s["id"] for s in servers] == ["default", "forced", "open"], str(servers))
        for viewer in (first, second, third, alone):
            viewer.close()
        until("nobody is left", lambda: not any(
            s["clients"] for s in machine.command("query-vnc-servers")))


def crowds():
    """Who is not through the handshake gives way to the next; viewers have a limit."""
    with Machine(*SERVER) as machine:
        machine.mode(64, 48)
        idle = [rfb.connect("vnc") for _ in range(40)]
        with Viewer("vnc") as viewer:
            viewer.whole()
        until("the oldest are gone", lambda: len(
            machine.command("query-vnc")["clients"]) <= 32)
        idle[0].recv(12)
        tap.check(idle[0].recv(1) == b"", "the oldest stays")
        tap.check(idle[39].recv(12) == b"RFB 003.008\n", "the youngest goes")
        for sock in idle:
            sock.close()
        viewers = [Viewer("vnc") for _ in range(32)]
        try:
            with Viewer("vnc") as viewer:
                until("one too many is sent away", lambda: not viewer.whole())
        except (Gone, ConnectionError):
            pass
        viewers.pop().close()
        until("room", lambda: len(machine.command("query-vnc")["clients"]) == 31)
        Viewer("vnc").close()
        for viewer in viewers:
            viewer.whole()
            viewer.close()


def events():
    with Machine("-display", "none", "-vnc", "127.0.0.1:50,to=99,password=on") as machine:
        info = machine.command("query-vnc")
        tap.check(info["enabled"] and info["auth"] == "vnc" and info["host"] == "127.0.0.1" and
                  info["family"] == "ipv4" and info["clients"] == [], str(info))
        machine.command("change-vnc-password", password="pw")
        viewer = Viewer(int(info["service"]), password="pw")
        client = machine.command("query-vnc")["clients"]
        port = str(viewer.socket.getsockname()[1])
        tap.check(client == [{"host": "127.0.0.1", "service": port, "family": "ipv4",
                              "websocket": False}], str(client))
        tap.check(f"Client: 127.0.0.1:{port} (ipv4)" in machine.hmp("info vnc"),
                  machine.hmp("info vnc"))
        viewer.close()
        for name in ("VNC_CONNECTED", "VNC_INITIALIZED", "VNC_DISCONNECTED"):
            event = machine.event()
            tap.check(event["event"] == name and event["data"]["client"] == client[0] and
                      event["data"]["server"] == {
                          "host": "127.0.0.1", "service": info["service"], "family": "ipv4",
                          "websocket": False, "auth": "vnc"}, str(event))
        # Without a handshake there is nothing in between.
        rfb.connect(int(info["service"])).close()
        tap.check([machine.event()["event"] for _ in range(2)] ==
                  ["VNC_CONNECTED", "VNC_DISCONNECTED"], "events of who is no viewer")
    with Machine("-display", "none") as machine:
        tap.check(machine.command("query-vnc") == {"enabled": False}, "query-vnc")
        tap.check(machine.command("query-vnc-servers") == [], "query-vnc-servers")
        tap.check(machine.hmp("info vnc") == "None\n", "info vnc")
        tap.check("no VNC server" in str(machine.call("change-vnc-password", password="a")), "none")


def mixed():
    """A server without a password does not open the door of one with, while both shake hands."""
    with Machine(*LOCKED, "-vnc", "unix:open,id=open") as machine:
        machine.keyboard()
        machine.command("change-vnc-password", password="pw")
        sock = rfb.connect("vnc")
        sock.recv(12)
        sock.sendall(b"RFB 003.008\n")
        tap.check(sock.recv(10) == b"\1\2", "security types")
        Viewer("open", expect_auth=1).close()  # the library offers "none" now
        # "None", the viewer's start, a key, and a request for the picture.
        sock.sendall(b"\1\1" + struct.pack(">BBHI", 4, 1, 0, ord("a")) +
                     struct.pack(">BBHHHH", 3, 0, 0, 0, 640, 480))
        answer = b""
        try:
            while data := sock.recv(1 << 16):
                answer += data
        except ConnectionError:
            pass
        tap.check(len(answer) < 100, f"{len(answer)} bytes")
        machine.wait_scan([])
        sock.close()


def given():
    """A connection that another program made."""
    with Machine(*LOCKED) as machine:
        for arguments, password in (({"skipauth": True}, None), ({}, "pw")):
            ours, theirs = socket.socketpair()
            ours.settimeout(tap.LIMIT)
            machine.qmp.socket.sendmsg(
                [b'{"execute": "getfd", "arguments": {"fdname": "viewer"}}\n'],
                [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [theirs.fileno()]))])
            tap.check(machine.reply() == {"return": {}}, "getfd")
            theirs.close()
            machine.command("change-vnc-password", password="pw")
            machine.command("add_client", protocol="vnc", fdname="viewer", **arguments)
            with Viewer(ours, password=password, expect_auth=2 if password else 1) as viewer:
                viewer.whole()
        tap.check("has not been found" in str(machine.call(
            "add_client", protocol="vnc", fdname="viewer")), "twice")


def free_display():
    """A display number that was free a moment ago."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    return port - 5900 if port >= 5900 else free_display()


def addresses():
    display = free_display()
    with Machine("-display", f"vnc=127.0.0.1:{display}") as machine:
        tap.check(machine.command("query-display-options") == {"type": "vnc"}, "type")
        Viewer(5900 + display).close()
        status, _, err = tap.run("-accel", "qtest", "-display", "none", "-vnc",
                                 f"127.0.0.1:{display}")
        tap.check(status == 1 and f"-vnc 127.0.0.1:{display}: Failed to listen on 127.0.0.1:"
                  f"{5900 + display}: Address already in use" in err, err)
        os.mkdir("next")
        os.chdir("next")
        with Machine("-display", "none", "-vnc", f"127.0.0.1:{display},to={display + 5}") as next_:
            info = next_.command("query-vnc")
            tap.check(display < int(info["service"]) - 5900 <= display + 5, str(info))
        os.chdir("..")
    with Machine("-display", "none", "-vnc", f"[::1]:{display}") as machine:
        info = machine.command("query-vnc")
        tap.check(info["family"] == "ipv6" and info["host"] == "::1", str(info))
    with Machine("-display", "none", "-vnc", "none") as machine:
        tap.check(machine.command("query-vnc") == {"enabled": False}, "none")
    with Machine(*SERVER):
        pass
    tap.check(not os.path.exists("vnc"), "the socket stays behind")


def mistakes():
    for text, part in (("", "the address is missing"), ("5900", "'5900' is no address"),
                       (":x", "':x' is no address"), (":70000", "no address"),
                       (":1,zz=1", "Invalid parameter 'zz'"), (":1,lossy=x", "lossy"),
                       (":1,share=x", "unknown share policy 'x'"), (":1,id=1", "id"),
                       ("unix:vnc,websocket=on", "websocket=on needs a display number"),
                       (":1,to=x", "to"), ("unix:no/such/vnc", "no/such/vnc"),
                       ("nohost.invalid:1", "nohost.invalid"),
                       (":1,password=maybe", "password")):
        status, _, err = tap.run("-accel", "qtest", "-display", "none", "-vnc", text)
        tap.check(status == 1 and err.startswith(f"lignite: -vnc {text}: ") and part in err and
                  err.count("\n") == 1, f"{text}: {err}")
    status, _, err = tap.run("-accel", "qtest", "-display", "none", "-vnc", "unix:a", "-vnc",
                             "unix:b")
    tap.check(status == 1 and "Duplicate ID 'default'" in err, err)
    tap.check(not os.path.exists("a"), "a socket stays behind")


# ---------------------------------------------------------------------------------- websockets

def closes(sock, what, data=b""):
    """The server ends the connection, whatever it says before."""
    try:
        sock.sendall(data)
        while sock.recv(1 << 16):
            pass
    except socket.timeout:
        raise tap.Failure(f"{what} is taken") from None
    except ConnectionError:
        pass
    sock.close()


def websockets():
    with Machine("-display", "none", "-vnc", "127.0.0.1:50,to=99,websocket=on") as machine:
        machine.mode(280, 72)
        machine.draw(0, 0, pattern(280, 72))
        machine.keyboard()
        server, = machine.command("query-vnc-servers")
        port = int(server["server"][1]["service"])
        tap.check(server["server"][1]["websocket"] and
                  port - 5700 == int(server["server"][0]["service"]) - 5900, str(server))
        with Viewer(port, websocket=True) as viewer:
            viewer.set_encodings(rfb.TIGHT)
            tap.check(viewer.whole() == machine.screendump(), "picture")
            # Two messages in a frame; many in a long one.
            ws, key = viewer.socket, struct.pack(">BBHI", 4, 1, 0, ord("a"))
            ws.frame(2, key + struct.pack(">BBHI", 4, 0, 0, ord("a")) + key)
            machine.wait_scan([0x1e, 0x9e, 0x1e])
            ws.frame(2, bytes(200000 // 8 * 8).replace(bytes(8), key))
            ws.frame(8, struct.pack(">H", 1000) + b"bye")
            while ws.socket.recv(1 << 16):
                pass  # it closes the connection
        for frame in (b"\x82\x05hello", b"\xc2\x80abcd", b"\x81\x80abcd", b"\x83\x80abcd",
                      b"\x89\xfe\x00\x7eabcd", b"\x09\x80abcd"):
            ws = rfb.Websocket(rfb.connect(port))
            tap.check(ws.read_frame() == (2, b"RFB 003.008\n"), "version")
            ws.socket.sendall(frame + bytes(6))
            closes(ws.socket, frame)
        for request in (b"POST / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                        b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        b"Sec-WebSocket-Key: a\r\nSec-WebSocket-Version: 12\r\n\r\n",
                        b"GET /" + b"a" * 100000, b"\x16\x03\x01\x02\0" + bytes(512), b"\x80" * 9):
            closes(rfb.connect(port), request[:30], request)
        with Viewer(port, websocket=True) as viewer:
            viewer.whole()


# ------------------------------------------------------------------------------ no viewer at all

def memory(machine):
    with open(f"/proc/{machine.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def slow():
    """Who sends half a message, or does not read, is thrown out; until then the machine goes on."""
    # What the sanitizer keeps back of freed memory does not count.
    env = {**os.environ,
           "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"}
    with Machine(*SERVER, env=env) as machine:
        machine.mode(1024, 768)
        with Viewer("vnc") as viewer:
            viewer.whole()  # what is allocated once, has been
        before = memory(machine)

        def half(viewer):
            viewer.send(b"\3")

        def deaf(viewer):
            viewer.request()  # more than a socket holds

        for stall in (half, deaf):
            until("nobody is left", lambda: not machine.command("query-vnc")["clients"])
            viewer = Viewer("vnc")
            until("it is in", lambda: machine.command("query-vnc")["clients"])
            stall(viewer)
            turns = 0
            # The guest's screen and the monitor need the lock that nobody may hold meanwhile.
            while machine.command("query-vnc")["clients"]:
                machine.draw(0, turns % 768, [[(turns % 256, 0, 0)] * 1024])
                turns += 1
                time.sleep(0.05)  # so that the console is refreshed between the first turns
            tap.check(turns > 8, f"{stall.__name__}: the machine waited: {turns} turns")
            viewer.close()
        machine.draw(0, 19, [[(19, 0, 0)] * 1024])
        with Viewer("vnc") as viewer:
            viewer.set_encodings(rfb.TIGHT)
            shows(viewer, machine.screendump(), "a viewer after them")
        grown = memory(machine) - before
        tap.check(grown < 64 << 20, f"{grown >> 20} MiB more")


def messages(rng):
    """A stream of messages, some of them wrong."""
    kinds = (
        lambda: b"\0\0\0\0" + rng.choice(FORMATS).wire(),
        lambda: b"\0\0\0\0" + bytes(rng.choice((8, 16, 32, 24, 0, 255)) if not i else
                                    rng.randrange(256) for i in range(16)),
        lambda: struct.pack(">BBH", 2, 0, 3) + b"".join(
            struct.pack(">i", rng.choice((0, 7, 16, -223, -257, -258, -308, -250, 5, 1 << 30)))
            for _ in range(3)),
        lambda: struct.pack(">BBHHHH", 3, rng.randrange(2),
                            *(rng.choice((0, 1, 100, 639, 65535)) for _ in range(4))),
        lambda: struct.pack(">BBHI", 4, rng.randrange(2), 0, rng.randrange(0x10000)),
        lambda: struct.pack(">BBHH", 5, rng.randrange(256), rng.randrange(65536),
                            rng.randrange(65536)),
        lambda: struct.pack(">BxxxI", 6, 5) + b"hello",
        lambda: struct.pack(">BBHII", 255, 0, rng.randrange(2), rng.randrange(0x10000),
                            rng.randrange(0x200)),
        lambda: struct.pack(">BxHHBx", 251, 9, 9, 2) + bytes(32),
        lambda: bytes(rng.randrange(256) for _ in range(rng.randrange(40))),
        lambda: struct.pack(">BxxxI", 6, rng.randrange(1 << 32)),
        lambda: struct.pack(">BxH", 2, 65535),
    )
    # Most are right, or it would be over at once.
    return b"".join(rng.choice(kinds if rng.random() < 0.05 else kinds[:9])()
                    for _ in range(rng.randrange(1, 60)))


def garbage():
    """Streams of random and truncated messages, in the middle of everything."""
    rng = random.Random(5225)
    with Machine("-display", "none", "-vnc", "127.0.0.1:50,to=99,websocket=on") as machine:
        server, = machine.command("query-vnc-servers")
        ports = [int(listener["service"]) for listener in server["server"]]
        machine.keyboard()
        for turn in range(150):
            if turn % 10 == 0:
                machine.mode(*rng.choice(((640, 480), (320, 200), (64, 48))))
            port = ports[turn & 1]
            try:
                if turn % 5 == 0:  # from the first byte on
                    sock = rfb.connect(port)
                    sock.sendall(bytes(rng.randrange(256) for _ in range(rng.randrange(300))))
                    sock.close()
                    continue
                viewer = Viewer(port, websocket=bool(turn & 1))
                for _ in range(4):
                    data = messages(rng)
                    viewer.send(data[:rng.randrange(len(data) + 1)])
                if turn % 3 == 0:
                    time.sleep(0.04)  # so that there is an update
                viewer.close()
            except (OSError, Gone):
                pass
        machine.mode(64, 48)
        machine.draw(0, 0, pattern(64, 48))
        with Viewer(ports[0]) as viewer:
            shows(viewer, machine.screendump(), "after all that")


tap.main([
    ("versions of the protocol", versions),
    ("passwords", passwords),
    ("pictures in every format and encoding", pictures),
    ("changes", changes),
    ("new sizes", resize),
    ("sizes and formats that race", races),
    ("no screen", no_screen),
    ("keys", keys),
    ("keyboard layouts", layouts),
    ("pointers", pointers),
    ("sharing", sharing),
    ("crowds", crowds),
    ("events", events),
    ("a password beside none", mixed),
    ("a connection given", given),
    ("addresses", addresses),
    ("mistakes", mistakes),
    ("websockets", websockets),
    ("slow viewers", slow),
    ("garbage", garbage),
])
