"""The page of `pneuma app` in a browser: what the tests do with it again and again."""

import json
import pathlib
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent

# Counts the page's requests, and stands in for a network and a server at fault.
FETCH = """
window.net = {sent: 0, now: 0, most: 0, aborted: 0, faults: []};
const fetchReally = window.fetch;
const fault = (status, headers) => new Response(
  JSON.stringify({error: {status, code: "made_up", message: `made up ${status}`}}), {status, headers});
window.fetch = async (url, options) => {
  if (!String(url).includes("/predict")) return fetchReally(url, options);
  net.sent++;
  net.most = Math.max(net.most, ++net.now);
  options.signal?.addEventListener("abort", () => net.aborted++);
  try {
    const next = net.faults.shift();
    if (next === "lost") throw new TypeError("Failed to fetch");
    if (net.slow) await new Promise((resolve) => setTimeout(resolve, 400));
    options.signal?.throwIfAborted();
    if (next) return fault(next, {"Retry-After": "1"});
    return await fetchReally(url, options);
  } finally { net.now--; }
};
"""
DONE = "document.querySelectorAll('.card[data-phase=done]').length === arguments[0]"
SETTLED = ("!document.querySelector('.card[data-phase=asking], .card[data-phase=queued]')"
           " && document.querySelectorAll('.card').length === arguments[0]")


def check(truth, *what):
    if not truth:
        raise AssertionError(" ".join(map(str, what)))


class Page:
    """The page in a browser, opened again and again; `files` are the paths that images.make gives."""

    def __init__(self, options, browser, files, model):
        self.options, self.browser, self.files, self.model = options, browser, files, model

    def open(self, width=1280, height=900, scheme="light", phone=False):
        self.browser.set_size(width, height, phone)
        self.browser.set_scheme(scheme)
        self.browser.open(self.options.url)
        self.browser.wait("document.documentElement.dataset.ready")

    def add(self, *names):
        """Adds files and waits until each has its answer or its trouble."""
        before = self.browser.run("return document.querySelectorAll('.card').length")
        self.browser.choose_files(*(self.files[name] for name in names))
        self.browser.wait(SETTLED, before + len(names), seconds=60)

    def shot(self, name, whole=False):
        if self.options.shots:
            self.browser.run("return Promise.all([...document.images].map(i => i.decode().catch(() => 0)))")
            self.browser.screenshot(self.options.shots / f"{name}.png", whole)

    def texts(self, selector):
        return self.browser.run("return [...document.querySelectorAll(arguments[0])]"
                                ".filter(e => e.offsetParent).map(e => e.innerText.trim())", selector)

    def style(self, selector, name):
        return self.browser.run("return getComputedStyle(document.querySelector(arguments[0]))"
                                "[arguments[1]]", selector, name)

    def check_axe(self, where):
        if self.browser.run("return !window.axe"):
            self.browser.run((HERE / "node_modules/axe-core/axe.min.js").read_text())
        found = self.browser.run("return axe.run().then(r => r.violations.map(v => ({impact: v.impact, id: v.id,"
                                 " help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 120))})))")
        print(f"    axe, {where}: {len(found)} findings")
        for finding in found:
            print("     ", json.dumps(finding))
        serious = [finding["id"] for finding in found if finding["impact"] in ("serious", "critical")]
        check(not serious, where, serious)

    def focus(self):
        return self.browser.run("const e = document.activeElement;"
                                "return e.id || e.getAttribute('aria-label') || e.title || e.innerText")

    def tab_to(self, wanted, most=60):
        for _ in range(most):
            self.browser.press("Tab")
            if wanted in self.focus():
                return
        raise AssertionError(f"Tab does not reach {wanted}")


def connection(url):
    """A function that asks the server at the URL, with the URL's token, without the browser."""
    token = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query)).get("token", "")

    def ask(path, data=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if data is not None:
            headers["Content-Type"] = "application/octet-stream"
        request = urllib.request.Request(urllib.parse.urljoin(url, path), data, headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)
    return ask
