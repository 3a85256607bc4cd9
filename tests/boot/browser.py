# SPDX-License-Identifier: GPL-2.0-or-later
"""Chromium without a screen, driven over its debugging port; and a server for the page it shows."""
import base64
import functools
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request

import rfb
from guest import check

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--remote-debugging-port=0", "--remote-allow-origins=*",
         "--window-size=1024,800")
LIMIT = 300


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


class Pages:
    """The files of a folder over HTTP, on a free port of this host."""

    def __init__(self, folder):
        handler = functools.partial(Quiet, directory=folder)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.server.shutdown()
        self.server.server_close()


class Browser:
    """One page. Use it in a with statement."""

    def __init__(self, url):
        self.folder = tempfile.mkdtemp(prefix="lignite-browser-")
        self.process = subprocess.Popen(
            ["chromium", *FLAGS, f"--user-data-dir={self.folder}", url],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.number = 0
        try:
            self.connect()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self):
        path = os.path.join(self.folder, "DevToolsActivePort")
        limit = time.monotonic() + LIMIT
        while not (os.path.exists(path) and open(path, encoding="ascii").read().count("\n")):
            check(self.process.poll() is None, "chromium ended")
            check(time.monotonic() < limit, "chromium does not start")
            time.sleep(0.1)
        with open(path, encoding="ascii") as file:
            port = int(file.readline())
        while True:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list") as reply:
                pages = [page for page in json.load(reply) if page["type"] == "page"]
            if pages:
                break
            check(time.monotonic() < limit, "chromium has no page")
            time.sleep(0.1)
        target = pages[0]["webSocketDebuggerUrl"].split(str(port), 1)[1]
        self.socket = rfb.Websocket(rfb.connect(port), path=target, protocol=None)
        self.socket.socket.settimeout(LIMIT)

    def call(self, method, **params):
        self.number += 1
        self.socket.frame(1, json.dumps({"id": self.number, "method": method,
                                         "params": params}).encode())
        while True:
            message = json.loads(self.socket.read_frame()[1])
            if message.get("id") == self.number:
                check("result" in message, f"{method}: {message}")
                return message["result"]

    def evaluate(self, script):
        done = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        check("exceptionDetails" not in done, f"{script}: {done}")
        return done["result"].get("value")

    def press(self, selector, key, code, number):
        """Press a key in the element that the selector finds."""
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        self.evaluate(f"document.querySelector('{selector}').focus()")
        for kind in ("rawKeyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code,
                      windowsVirtualKeyCode=number)

    def canvas(self):
        """Width, height and rows of RGB of the page's canvas, or None."""
        found = self.evaluate("""(() => {
            const c = document.querySelector('canvas');
            if (!c || !c.width) return null;
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            let s = '';
            for (let i = 0; i < d.length; i += 4) s += String.fromCharCode(d[i], d[i + 1], d[i + 2]);
            return [c.width, c.height, btoa(s)];
        })()""")
        if not found:
            return None
        width, height = found[:2]
        data = base64.b64decode(found[2])
        return width, height, [data[3 * width * y:3 * width * (y + 1)] for y in range(height)]
