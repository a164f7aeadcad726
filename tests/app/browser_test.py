"""Tests the page of `pneuma app` in Debian's chromium, against a server that runs already.

    npm ci --prefix tests/app                       # axe-core
    python3 tests/app/browser_test.py http://127.0.0.1:5000/ [--shots FOLDER] [--images FOLDER]

Where the address holds a token (?token=T), the way in is tested too. Needs chromium and chromium-driver.
"""

import argparse
import pathlib
import sys
import tempfile
import traceback

import images
from entry import Entry
from page import DONE, FETCH, check, connection
from saved import Saved
from told import Told
from webdriver import Browser


class Test(Entry, Saved, Told):
    """One browser, a fresh page for each test."""

    # ---- what it shows ----

    def test_page_names_model_data_and_limits(self):
        self.open()
        facts = self.texts("#facts")[0]
        check(self.model["name"] in facts, facts)
        check(self.model["trained_on"].rstrip(".") in facts, facts)
        check("Not a medical device" in self.texts(".notice")[0])
        self.browser.run("scrollTo(0, 9999)")
        check(self.browser.run("return document.querySelector('.notice').getBoundingClientRect().top") == 0)
        self.browser.run("scrollTo(0, 0)")
        check(not (said := self.browser.complaints()), said)
        self.shot("empty")

    def test_upload_of_one(self):
        self.open()
        self.add("x1")
        answer = self.options.ask(self.files["x1"])
        number = f"{100 * answer['probability']:.1f}\u00a0%"
        check(self.texts(".card .number") == [number], self.texts(".card .number"), number)
        check(self.texts(".card .badge") == [answer["class"]], self.texts(".card .badge"))
        check(self.texts(".card .name") == ["xray_1.png"])
        self.browser.wait("document.querySelector('.card .heat').naturalWidth > 0")
        places = self.browser.run("return ['.xray', '.heat'].map(s => JSON.stringify("
                                  "document.querySelector('.card ' + s).getBoundingClientRect()))")
        check(places[0] == places[1], "the heatmap lies elsewhere", places)
        self.browser.wait("document.getElementById('status').textContent.includes('xray_1.png: ')")

    def test_upload_of_several(self):
        self.open()
        self.add("x0", "x1", "x2", "x3", "x4", "formula")
        check(len(self.texts(".card .number")) == 6)
        check(self.browser.run("return net.most") == 3, "requests at once:", self.browser.run("return net.most"))
        check(" of 6 images" in self.texts("#summary")[0])
        check(not self.texts("#progress"))
        self.browser.click("#clear")
        check(not self.texts(".card") and self.focus() == "files")

    def test_drop_paste_and_samples(self):
        self.open()
        script = ("const t = new DataTransfer(); const b = Uint8Array.from(arguments[0]);"
                  "t.items.add(new File([b], 'dropped.png', {type: 'image/png'}));"
                  "const what = arguments[1] === 'drop' ? new DragEvent('drop', {dataTransfer: t, bubbles: true, cancelable: true})"
                  " : new ClipboardEvent('paste', {clipboardData: t, bubbles: true});"
                  "document.getElementById('drop').dispatchEvent(what)")
        data = list(self.files["x1"].read_bytes())
        for count, way in enumerate(("drop", "paste"), 1):
            self.browser.run(script, data, way)
            self.browser.wait(DONE, count)
        check(self.texts(".card .name") == ["dropped.png", "pasted-1-dropped.png"], self.texts(".card .name"))
        if self.model["samples"]:
            self.browser.click("#sample-list button")
            self.browser.wait(DONE, 3)

    def test_drop_of_a_folder(self):
        self.open()
        folder = self.files["x0"].parent / "folder"
        for name, place in (("x0", "a.png"), ("x1", "inner/b.png"), ("text", "notes.txt")):
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_bytes(self.files[name].read_bytes())
        for step in ("dragEnter", "dragOver", "drop"):
            self.browser.devtools("Input.dispatchDragEvent", type=step, x=300, y=300, data={
                "items": [], "files": [str(folder), str(self.files["x2"])], "dragOperationsMask": 1})
        self.browser.wait(DONE, 3)
        check(self.texts(".card .name") == ["a.png", "b.png", "xray_2.png"], self.texts(".card .name"))

    def test_file_that_the_browser_cannot_show(self):
        self.open()
        self.add("pgm")
        self.browser.wait("document.querySelector('.card .xray').src.startsWith('data:image/png')"
                          " && document.querySelector('.card .xray').naturalWidth > 0")
        check(not self.browser.run("return document.querySelector('.card .pair').classList.contains('blank')"))

    def test_turned_photograph(self):
        if not self.model["samples"]:
            return
        self.open()
        sample = self.browser.run("return fetch(arguments[0]).then(r => r.arrayBuffer()).then(b => [...new Uint8Array(b)])",
                                  self.model["samples"][0]["url"])
        self.files["turned"] = self.files["x0"].with_name("turned.jpg")
        self.files["turned"].write_bytes(images.turn(bytes(sample)))
        self.add("turned")
        image = self.options.ask(self.files["turned"])["image"]
        check([image["width"], image["height"]] == self.browser.run(
            "const i = document.querySelector('.card .xray'); return [i.naturalWidth, i.naturalHeight]"), image)
        check(self.style(".card .xray", "imageOrientation") == "from-image")

    # ---- settings ----

    def test_sliders_need_no_server(self):
        self.open()
        self.add("x0", "x1", "x2")
        sent = self.browser.run("return net.sent")
        self.browser.run("document.getElementById('threshold').focus()")
        self.browser.press("Home")
        check(self.texts(".badge") == [self.model["positive"]] * 3, self.texts(".badge"))
        self.browser.press("Right")
        check(self.texts("#threshold-value") == ["1.0\u00a0%"], self.texts("#threshold-value"))
        self.browser.run("const t = document.getElementById('threshold'); t.value = 1; t.dispatchEvent(new Event('input'))")
        check(self.model["positive"] not in self.texts(".badge"), self.texts(".badge"))
        self.browser.click("#threshold-reset")
        check(self.texts("#threshold-value") == [f"{100 * self.model['threshold']:.1f}\u00a0%"])
        self.browser.run("document.getElementById('opacity').focus()")
        self.browser.press("Home", "Right")
        self.browser.wait("getComputedStyle(document.querySelector('.card .heat')).opacity === '0.05'")
        check(self.browser.run("return net.sent") == sent, "a slider asked the server")

    def test_peek(self):
        self.open()
        self.add("x1")
        opacity = "getComputedStyle(document.querySelector('.card .heat')).opacity"
        self.browser.point(".card .enlarge")
        self.browser.wait(f"{opacity} === '0'")
        self.browser.point("h1")
        self.browser.wait(f"{opacity} === '0.4'")
        # a finger that stays, and the Space bar held
        self.browser.run("const pair = document.querySelector('.card .pair');"
                         "new MutationObserver(() => { window.peeked ||= pair.classList.contains('bare'); })"
                         ".observe(pair, {attributes: true})")
        self.browser.point(".card .enlarge", "pointerDown", "pause", "pointerUp", kind="touch")
        self.browser.wait(f"{opacity} === '0.4' && window.peeked")
        check(not self.browser.run("return document.getElementById('large').open"), "a long press enlarged")
        self.browser.run("document.querySelector('.card .enlarge').focus()")
        self.browser.key("keyDown", "Space")
        self.browser.wait(f"{opacity} === '0'")
        self.browser.key("keyUp", "Space")
        self.browser.wait(f"{opacity} === '0.4'")
        check(not self.browser.run("return document.getElementById('large').open"))
        # a tap enlarges
        self.browser.point(".card .enlarge", "pointerDown", "pointerUp", kind="touch")
        self.browser.wait("document.getElementById('large').open")

    def test_choices_ask_again(self):
        self.open()
        self.add("x0", "x1", "x2", "x3")
        for name in ("layer", "method", "class", "from"):
            before = self.browser.run("return [...document.querySelectorAll('.card .heat')].map(i => i.src)")
            other = self.browser.run(
                "const s = document.getElementById(arguments[0]);"
                "s.selectedIndex = (s.selectedIndex + 1) % s.length; s.dispatchEvent(new Event('change')); return s.value", name)
            self.browser.wait(DONE, 4, seconds=60)
            after = self.browser.run("return [...document.querySelectorAll('.card .heat')].map(i => i.src)")
            if name in ("layer", "class"):
                check(all(a != b for a, b in zip(before, after)), name, other, "changed nothing")
        check(not self.texts(".trouble"), self.texts(".trouble"))

    def test_choices_end_older_requests(self):
        self.open()
        self.add("x0", "x1", "x2", "x3")
        for index in (0, 1, 2):
            sent = self.browser.run("return net.sent")
            self.browser.run("const s = document.getElementById('layer'); s.selectedIndex = arguments[0];"
                             "s.dispatchEvent(new Event('change')); net.slow = true", index)
            self.browser.wait("net.sent > arguments[0]", sent)
        self.browser.wait(DONE, 4, seconds=60)
        check(self.browser.run("return net.aborted") >= 4, "nothing was cancelled")
        self.browser.click(".card .enlarge")
        wanted = self.browser.run("return document.getElementById('layer').value")
        check(f"at {wanted} " in self.texts("#large-facts")[0], self.texts("#large-facts"))

    # ---- what goes wrong ----

    def test_errors_in_words(self):
        self.open()
        self.add("text", "empty", "cut", "large", "x1")
        troubles = dict(zip(self.texts(".card .name"), self.texts(".card:has(.trouble:not([hidden])) .trouble")))
        check(len(self.texts(".trouble")) == 4, troubles)
        for text in troubles.values():
            check(len(text.split()) > 3 and text.endswith("."), "no sentence:", text)
        check("larger than" in troubles["large.png"], troubles)
        check(self.browser.run("return net.sent") <= 5, "the large file was sent")
        check(len(self.texts(".card .number")) == 1)
        self.shot("errors")

    def test_busy_server_is_asked_again(self):
        self.open()
        self.browser.run("net.faults = [503, 503]")
        self.browser.choose_files(self.files["x1"])
        self.browser.wait("document.querySelector('.card .state').textContent.includes('waiting 1 s')")
        self.browser.wait(DONE, 1)
        check(self.browser.run("return net.sent") == 3)

    def test_lost_network(self):
        self.open()
        self.browser.run("net.faults = ['lost']")
        self.add("x1")
        check("No answer from the server" in self.texts(".trouble")[0])
        self.browser.click(".retry")
        self.browser.wait(DONE, 1)
        check(not self.texts(".trouble"))

    def test_locked_app(self):
        locked = ("window.fetch = async () => new Response('{\"error\":{\"message\":\"made up\"}}', {status: 401})")
        script = self.browser.devtools("Page.addScriptToEvaluateOnNewDocument", source=locked)
        try:
            self.browser.open(self.options.url)
            self.browser.wait("!document.getElementById('banner').hidden")
            check("printed in its terminal" in self.texts("#banner")[0], self.texts("#banner"))
            self.shot("locked")
        finally:
            self.browser.devtools("Page.removeScriptToEvaluateOnNewDocument", identifier=script["identifier"])
        self.browser.complaints()

    # ---- for everybody ----

    def test_keyboard_alone(self):
        self.open()
        self.add("x1", "x2")
        self.browser.run("document.activeElement.blur(); scrollTo(0, 0)")
        self.browser.press("Tab")
        check("Skip" in self.focus(), self.focus())
        for wanted in ("files", "threshold", "opacity", "layer", "method", "class", "from", "csv", "clear",
                       "Enlarge xray_1.png"):
            self.tab_to(wanted)
            ring = self.browser.run("const e = document.activeElement; const r = e.id === 'files' ? e.parentNode : e;"
                                    "return getComputedStyle(r).outlineStyle + getComputedStyle(r, '::after').borderTopStyle")
            check("solid" in ring, wanted, "shows no focus:", ring)
        self.shot("focus")
        self.browser.press("Enter")
        check(self.browser.run("return document.getElementById('large').open"))
        self.browser.press("Right")
        check(self.texts("#large-name") == ["xray_2.png"])
        self.tab_to("large-bare")
        self.browser.press("Space")
        self.browser.wait("getComputedStyle(document.querySelector('#large .heat')).opacity === '0'")
        self.browser.press("Escape")
        check(not self.browser.run("return document.getElementById('large').open"))
        check(self.focus() == "Enlarge xray_2.png", self.focus())
        self.tab_to("Remove: xray_2.png")
        self.browser.press("Enter")
        check(self.texts(".card .name") == ["xray_1.png"] and self.focus() == "Remove: xray_1.png", self.focus())
        self.browser.press("Enter")
        check(self.focus() == "files")
        if self.model["samples"]:
            self.tab_to(self.model["samples"][0]["name"])
            self.browser.press("Enter")
            self.browser.wait(DONE, 1)

    def test_phone(self):
        self.open(360, 740, phone=True)
        self.add("x1", "x2", "text")
        self.browser.run("document.getElementById('more').open = true")
        for width in (320, 360):
            self.browser.set_size(width, 740, phone=True)
            check(self.browser.run("return document.documentElement.scrollWidth") <= width, "wider than", width)
        small = self.browser.run(
            "return [...document.querySelectorAll('button, select, summary, .button, input[type=range]')]"
            ".filter(e => e.offsetParent && e.getBoundingClientRect().height < 44).map(e => e.outerHTML.slice(0, 80))")
        check(not small, "small touch targets:", small)
        self.shot("phone")
        self.shot("phone_whole", whole=True)
        self.browser.click(".card .enlarge")
        place = self.browser.run("const r = document.getElementById('large').getBoundingClientRect();"
                                 "return [r.left, r.top, innerWidth - r.right, innerHeight - r.bottom]")
        check(min(place) >= 0, "the large view leaves the screen:", place)
        self.shot("phone_large")

    def test_new_card_in_view(self):
        # from its top, or wholly where the page ends
        seen = ("(r => r.top >= document.querySelector('.notice').offsetHeight"
                " && (r.top < innerHeight / 3 || r.bottom <= innerHeight))"
                "([...document.querySelectorAll('.card')].at(arguments[0]).getBoundingClientRect())")
        for width, height in ((390, 844), (844, 390), (820, 1180)):
            for motion in ("no-preference", "reduce"):
                self.open(width, height, phone=True)
                self.browser.devtools("Emulation.setEmulatedMedia",
                                      features=[{"name": "prefers-reduced-motion", "value": motion}])
                self.browser.run("document.getElementById('files').focus()")
                self.browser.choose_files(self.files["x1"], self.files["x2"])
                self.browser.wait(seen, 0)
                self.browser.wait(DONE, 2)
                check(self.browser.run(f"return {seen}", 0), "the card slid away when its answer came")
                check(self.focus() == "files", "the focus was moved to", self.focus())
                self.shot(f"new_card_{width}")
                if not self.model["samples"]:
                    continue
                self.browser.run("scrollTo({top: 0, behavior: 'instant'});"
                                 "document.querySelector('#sample-list button').focus({preventScroll: true})")
                self.browser.press("Enter")
                self.browser.wait(DONE, 3)
                self.browser.wait(seen, 2)
                check(self.focus() == self.model["samples"][0]["name"], "the focus was moved to", self.focus())
        self.open()
        self.add("x1")
        check(self.browser.run("return scrollY") == 0, "a wide page has the cards beside the settings")

    def test_accessibility(self):
        for scheme in ("light", "dark"):
            self.open(scheme=scheme)
            self.check_axe(f"{scheme}, empty")
            self.add("x0", "x1", "x2", "text", "empty")
            self.browser.point("#summary")
            self.check_axe(f"{scheme}, cards")
            self.shot(f"cards_{scheme}")
            self.browser.click(".card .enlarge")
            self.check_axe(f"{scheme}, large view")
            self.shot(f"large_{scheme}")
            self.open(360, 740, scheme, phone=True)
            self.add("x1", "text")
            self.check_axe(f"{scheme}, phone")

    def test_tablet(self):
        self.open(820, 1180)
        self.add("x0", "x1", "x2", "text")
        check(self.browser.run("return document.documentElement.scrollWidth") <= 820)
        self.shot("tablet")

    def test_many_cards(self):
        self.open()
        files = sorted(self.options.images.glob("*.jp*g"))[:24] if self.options.images else []
        files = files or [self.files[f"x{number % 6}"] for number in range(24)]
        self.browser.choose_files(*files)
        self.browser.wait(DONE, len(files), seconds=120)
        self.shot("many")
        check(self.browser.run("return net.most") == 3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("--shots", type=pathlib.Path, help="a folder for screenshots")
    parser.add_argument("--images", type=pathlib.Path, help="a folder of JPEG files for the test of many")
    parser.add_argument("--only", default="", help="tests whose names hold this")
    options = parser.parse_args()
    if options.shots:
        options.shots.mkdir(parents=True, exist_ok=True)
    ask = connection(options.url)
    options.ask = lambda path, query="": ask("/api/v1/predict" + query, path.read_bytes())
    model = ask("/api/v1/model")
    failures = 0
    browser = Browser()
    try:
        browser.devtools("Page.addScriptToEvaluateOnNewDocument", source=FETCH)
        with tempfile.TemporaryDirectory(prefix="pneuma-app-test-") as folder:
            test = Test(options, browser, images.make(folder, model["max_upload"]), model)
            for name in [name for name in dir(Test) if name.startswith("test_") and options.only in name]:
                try:
                    getattr(test, name)()
                    # what the checker adds to the page the policy may well refuse
                    refused = [text for text in browser.complaints() if "Content Security Policy" in text]
                    check("accessibility" in name or not refused, refused)
                    print(f"ok   {name}", flush=True)
                except (AssertionError, RuntimeError):
                    failures += 1
                    print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
    finally:
        browser.quit()
    print(f"{failures} failed" if failures else "all passed")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
