#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Viewers that are not ours show GRUB's menu and move it, two at a time: TigerVNC's over TCP, and
noVNC in Chromium over a WebSocket. Both have to give the password.

usage: viewers.py LIGNITE BUILD LIGNITE-OPTIONS...
"""
import os
import re
import subprocess
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

# pylint: disable=wrong-import-position
from browser import Browser, Pages
from grubmenu import boot_options, highlighted, picture, wait_menu
from guest import Guest, check, run
from xserver import Xserver

NOVNC = "/usr/share/novnc"
PASSWORD = "s3cret"


class Tiger:
    """TigerVNC's viewer on an X server."""

    def __init__(self, x, port):
        self.x = x
        self.process = subprocess.Popen(
            ["xtigervncviewer", "-RemoteResize=0", "-ReconnectOnError=0", "-AlertOnFatalError=0",
             f"127.0.0.1::{port}"],
            env={**x.env, "VNC_USERNAME": "", "VNC_PASSWORD": PASSWORD, "HOME": x.folder},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.window = x.window("TigerVNC")

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.process.terminate()
        self.process.wait()

    def press(self):
        self.x.do("windowfocus", "--sync", self.window)
        self.x.do("key", "Down")

    def shows(self, wanted):
        """Whether the picture is in the window, anywhere."""
        width, _, rows = wanted
        screen = [bytes(byte for pixel in row for byte in pixel) for row in self.x.picture()]
        for y in range(len(screen) - len(rows) + 1):
            at = screen[y].find(rows[0])
            while at >= 0:
                if at % 3 == 0 and all(screen[y + i][at:at + 3 * width] == row
                                       for i, row in enumerate(rows)):
                    return True
                at = screen[y].find(rows[0], at + 1)
        return False


class Page:
    """noVNC's page in Chromium."""

    def __init__(self, browser):
        self.browser = browser

    def press(self):
        self.browser.press("canvas", "ArrowUp", "ArrowUp", 38)

    def shows(self, wanted):
        return self.browser.canvas() == wanted


def ports(guest):
    """Of the server, and of its WebSocket."""
    text = guest.monitor("info vnc")
    found = re.findall(r"Server: 127\.0\.0\.1:(\d+) \(ipv4\)( \(Websocket\))?", text)
    check(len(found) == 2 and not found[0][1] and found[1][1], text)
    return int(found[0][0]), int(found[1][0])


def see(guest, viewer, name):
    """The viewer shows the screen, which stands still."""
    guest.monitor("stop")
    wanted = picture(guest, name)
    guest.wait(f"{type(viewer).__name__} to show the screen", lambda: viewer.shows(wanted))
    guest.monitor("cont")


def test():
    with Guest(*boot_options(), "-vnc", "127.0.0.1:50,to=99,websocket=on,password=on",
               *sys.argv[3:]) as guest, Xserver() as x, Pages(NOVNC) as pages:
        guest.monitor(f"change vnc password {PASSWORD}")
        tcp, websocket = ports(guest)
        url = (f"http://127.0.0.1:{pages.port}/vnc_lite.html?host=127.0.0.1&port={websocket}"
               f"&path=&password={PASSWORD}")
        with Tiger(x, tcp) as tiger, Browser(url) as browser:
            page = Page(browser)
            first = wait_menu(guest, "viewers-menu.png")
            for viewer in (tiger, page):
                see(guest, viewer, "viewers-menu.png")

            def moved(viewer, direction):
                # A key that comes while GRUB still draws is lost on a slow KVM: press it again.
                viewer.press()
                row = highlighted(guest, "viewers-moved.png")
                return row and (row - first) * direction > 0

            guest.wait("the highlight to move down", lambda: moved(tiger, 1))
            for viewer in (tiger, page):
                see(guest, viewer, "viewers-down.png")
            low = first
            first = highlighted(guest, "viewers-moved.png")
            check(first > low, "the highlight went back by itself")
            guest.wait("the highlight to move up", lambda: moved(page, -1))
            for viewer in (tiger, page):
                see(guest, viewer, "viewers-up.png")
            check(len(re.findall("Client: ", guest.monitor("info vnc"))) == 2, "two viewers")
        guest.wait("the viewers to be gone", lambda: "Client" not in guest.monitor("info vnc"))
        guest.monitor("quit")
        guest.wait_end()


run(test)
