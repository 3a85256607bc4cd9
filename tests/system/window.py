#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The window: what it shows, its keys and pointer, its title, its end; and which display is the
default."""
import os
import time

import tap
from screen import Machine
from xserver import Xserver


def pattern(width, height):
    return [[(x * 5 & 255, y * 7 & 255, (x ^ y) & 255) for x in range(width)]
            for y in range(height)]


def until(what, look):
    limit = time.monotonic() + tap.LIMIT
    while not look():
        tap.check(time.monotonic() < limit, what)
        time.sleep(0.02)


def picture():
    with Xserver() as x, Machine("-sdl", "-name", "guest", env=x.env) as machine:
        window = x.window("Lignite")
        tap.check(x.title(window) == "Lignite (guest)", x.title(window))
        for width, height in ((320, 200), (640, 100)):
            machine.mode(width, height)
            machine.draw(0, 0, pattern(width, height))
            until("the window's size", lambda: x.geometry(window)[2:] == (width, height))
            until("the picture", lambda: x.part(*x.geometry(window)) == pattern(width, height))
        machine.draw(10, 20, [[(255, 0, 0)] * 30])
        until("a change", lambda: x.part(*x.geometry(window)) == machine.screendump())
        tap.check(machine.command("query-display-options") == {"type": "sdl"}, "type")


def keys():
    with Xserver() as x, Machine("-display", "sdl", env=x.env) as machine:
        machine.keyboard()
        window = x.window("Lignite")
        x.do("windowfocus", "--sync", window)
        for name, codes in (("a", [0x1e, 0x9e]), ("Return", [0x1c, 0x9c]),
                            ("Up", [0xe0, 0x48, 0xe0, 0xc8]), ("F12", [0x58, 0xd8]),
                            ("shift+b", [0x2a, 0x30, 0xaa, 0xb0]),
                            ("KP_Enter", [0xe0, 0x1c, 0xe0, 0x9c])):
            x.do("key", name)
            machine.wait_scan(codes)
        # What is held when the keyboard goes elsewhere is let go.
        x.do("keydown", "Control_L")
        machine.wait_scan([0x1d])
        x.do("windowunmap", window)
        machine.wait_scan([0x9d])


def pointer():
    with Xserver() as x, Machine("-display", "sdl", env=x.env) as machine:
        machine.keyboard()
        window = x.window("Lignite")
        x.do("windowfocus", "--sync", window)
        x.do("mousemove", "--window", window, 100, 100)
        x.do("mousemove", "--window", window, 140, 120)
        time.sleep(0.1)
        tap.check(machine.scan() == ([], []), "it moves without a grab")
        x.do("click", 1)
        until("the grab", lambda: "Ctrl-Alt-G" in x.title(window))
        tap.check(machine.scan() == ([], []), "the click that grabs is not the guest's")
        x.do("mousemove_relative", 12, 5)
        moved = []

        def sum_of_moves():
            moved.extend(machine.scan()[1])
            return (sum(moved[1::3]), sum(moved[2::3])) == (12, 251)

        until("a movement", sum_of_moves)
        x.do("click", 3)
        machine.wait_scan([], [0x0a, 0, 0, 0x08, 0, 0])
        x.do("key", "ctrl+alt+g")
        until("no grab", lambda: x.title(window) == "Lignite")
        keys_, _ = machine.scan()
        tap.check(0x22 not in keys_, f"the guest gets the G: {keys_}")


def end():
    with Xserver() as x:
        with Machine("-display", "sdl,window-close=off", env=x.env) as machine:
            x.close_window(x.window("Lignite"))
            time.sleep(0.2)
            machine.command("query-status")
        with Machine("-display", "sdl,full-screen=on", env=x.env) as machine:
            window = x.window("Lignite")
            machine.mode(64, 48)
            # Only a window manager makes it as large as the screen; the grab comes from us.
            until("full screen", lambda: "Ctrl-Alt-G" in x.title(window))
            x.do("windowfocus", "--sync", window)
            x.do("key", "ctrl+alt+f")
            until("a window", lambda: x.geometry(window)[2:] == (64, 48))
            tap.check(x.title(window) == "Lignite", x.title(window))
            x.close_window(window)
            status, _, err = tap.finish(machine.process)
            tap.check(status == 0, err)


def start_default(env, *args):
    """The lines on standard error of a paused machine, which a monitor command ends."""
    process = tap.start("-accel", "x86emu", "-S", "-nodefaults", "-monitor", "stdio", *args,
                        stdin=-1, env=env)
    process.stdin.write("info vnc\nquit\n")
    process.stdin.flush()
    status, out, err = tap.finish(process)
    tap.check(status == 0, err)
    return out, err


# The libraries below SDL keep memory that they don't point at any more.
NO_SERVER = {**os.environ, "DISPLAY": ":98765", "SDL_VIDEODRIVER": "x11",
             "ASAN_OPTIONS": "detect_leaks=0"}


def defaults():
    bare = {name: value for name, value in os.environ.items()
            if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    out, err = start_default(bare, "-vga", "std")
    tap.check("VNC server running on 127.0.0.1:59" in err and err.count("\n") == 1, err)
    tap.check("Server: 127.0.0.1:59" in out, out)
    for args in (("-vga", "none"), ("-vga", "std", "-vnc", "none"),
                 ("-vga", "std", "-display", "none")):
        out, err = start_default(bare, *args)
        tap.check(err == "" and "None" in out, f"{args}: {out} {err}")
    out, err = start_default(NO_SERVER, "-vga", "std")
    tap.check(err.startswith("lignite: no window: SDL can't open a window: ") and
              err.splitlines()[1].startswith("VNC server running on 127.0.0.1:59"), err)
    with Xserver() as x:
        out, err = start_default(x.env, "-vga", "std")
        tap.check(err == "" and "None" in out, out + err)


def mistakes():
    for text, part in (("zz", "unknown display: -display help lists them"),
                       ("sdl,zz=on", "Invalid parameter 'zz'"),
                       ("none,zz=on", "Invalid parameter 'zz'"),
                       ("sdl,full-screen=maybe", "full-screen"),
                       ("sdl", "SDL can't open a window"), ("vnc", "the address is missing")):
        process = tap.start("-accel", "qtest", "-display", text,
                            env={**NO_SERVER, "SDL_VIDEODRIVER": "dummy" if "," in text else "x11"})
        status, _, err = tap.finish(process)
        tap.check(status == 1 and err.startswith(f"lignite: -display {text}: ") and part in err,
                  f"{text}: {err}")
    status, out, _ = tap.run("-display", "help")
    tap.check(status == 0 and all(f"\n{name} " in out for name in
                                  ("none", "text", "curses", "sdl", "vnc")), out)


tap.main([
    ("picture", picture),
    ("keys", keys),
    ("pointer", pointer),
    ("end", end),
    ("the default", defaults),
    ("mistakes", mistakes),
])
