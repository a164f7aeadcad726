"""As much of WebDriver as the test of the page needs: drives Debian's chromium over HTTP."""

import base64
import json
import os
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--hide-scrollbars")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Space": " ", "Left": "\ue012",
        "Right": "\ue014", "Down": "\ue015", "Home": "\ue011", "Shift": "\ue008"}


class Browser:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="pneuma-browser-")
        self.downloads = os.path.join(self.folder.name, "downloads")
        os.mkdir(self.downloads)
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        for line in self.driver.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                self.base = f"http://127.0.0.1:{found[1]}/session"
                break
        options = {"args": [*FLAGS, f"--user-data-dir={self.folder.name}/profile"],
                   "prefs": {"download.default_directory": self.downloads}}
        wanted = {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options,
                                  "goog:loggingPrefs": {"browser": "ALL"}}}
        session = self.request("POST", "", {"capabilities": wanted})
        self.base += "/" + session["sessionId"]
        self.devtools("Browser.setDownloadBehavior", behavior="allow", downloadPath=self.downloads)

    def request(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"]) from None

    def devtools(self, command, **parameters):
        return self.request("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def quit(self):
        try:
            self.request("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.folder.cleanup()

    def open(self, url):
        self.request("POST", "/url", {"url": url})

    def run(self, script, *values):
        """The value of a script's `return`; promises are waited for."""
        return self.request("POST", "/execute/sync", {"script": script, "args": list(values)})

    def find(self, selector):
        return self.request("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self.request("POST", f"/element/{self.find(selector)}/click", {})

    def choose_files(self, *paths, selector="#files"):
        self.request("POST", f"/element/{self.find(selector)}/value",
                     {"text": "\n".join(map(str, paths))})

    def press(self, *keys):
        """Presses and releases each of KEYS (or characters); "Shift+Tab" holds the first."""
        steps = []
        for key in keys:
            codes = [KEYS.get(part, part) for part in key.split("+")]
            steps += [{"type": "keyDown", "value": code} for code in codes]
            steps += [{"type": "keyUp", "value": code} for code in reversed(codes)]
        self.actions({"type": "key", "id": "keyboard", "actions": steps})

    def key(self, step, key):
        """One STEP, "keyDown" or "keyUp"."""
        self.actions({"type": "key", "id": "keyboard", "actions": [{"type": step, "value": KEYS[key]}]})

    def actions(self, source):
        self.request("POST", "/actions", {"actions": [source]})

    def point(self, selector, *steps, kind="mouse"):
        """Moves the pointer to the element, then does STEPS: pointerDown, pause, pointerUp."""
        kinds = {step: {"type": step, "button": 0} for step in ("pointerDown", "pointerUp")}
        kinds["pause"] = {"type": "pause", "duration": 500}
        move = {"type": "pointerMove", "duration": 0, "x": 0, "y": 0,
                "origin": {ELEMENT: self.find(selector)}}
        self.actions({"type": "pointer", "id": kind, "parameters": {"pointerType": kind},
                      "actions": [move, *(kinds[step] for step in steps)]})

    def wait(self, condition, *values, seconds=20):
        """Until the JavaScript expression is true; returns its value."""
        end = time.monotonic() + seconds
        while not (value := self.run(f"return {condition}", *values)):
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds} s for: {condition}")
            time.sleep(0.05)
        return value

    def downloaded(self, name, seconds=10):
        path = os.path.join(self.downloads, name)
        end = time.monotonic() + seconds
        while not os.path.exists(path):
            if time.monotonic() > end:
                raise AssertionError(f"{name} was not saved; there is {os.listdir(self.downloads)}")
            time.sleep(0.05)
        return path

    def set_size(self, width, height, phone=False):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height,
                      deviceScaleFactor=2 if phone else 1, mobile=phone)
        self.devtools("Emulation.setTouchEmulationEnabled", enabled=phone)

    def set_scheme(self, scheme):
        self.devtools("Emulation.setEmulatedMedia",
                      features=[{"name": "prefers-color-scheme", "value": scheme}])

    def complaints(self):
        """What the console has said since the last call."""
        return [entry["message"] for entry in self.request("POST", "/se/log", {"type": "browser"})]

    def screenshot(self, path, whole=False):
        picture = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))
