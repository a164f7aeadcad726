"""The way into an app that wants a token, and the page for visitors without it."""

from page import Page, check


class Entry(Page):
    def locked(self, query, says):
        """The page without the token, which has no scripts: an answer of the server itself."""
        base = self.options.url.split("?")[0]
        for scheme in ("light", "dark"):
            self.browser.devtools("Network.clearBrowserCookies")
            self.browser.set_scheme(scheme)
            self.browser.open(base + query)
            check(self.texts("h2") == [says], self.texts("h2"))
            check("pneuma app" in self.texts("ol li")[0], self.texts("ol li"))
            check(self.style("body", "margin") == "0px", "the page has lost its looks")
            check(not self.browser.run("return document.scripts.length"))
            self.check_axe(f"{scheme}, {says}")
            self.shot(f"locked_{scheme}")
        # Chromium says that the server answered 401, as it should.
        said = [text for text in self.browser.complaints() if "401" not in text and "axe" not in text]
        check(not said, said)

    def test_token(self):
        if "?token=" not in self.options.url:
            print("     skipped: the address has no token")
            return
        base = self.options.url.split("?")[0]
        self.browser.set_size(1280, 900)
        self.locked("", "A token is needed")
        self.locked("?token=wrong", "This token is wrong")
        self.browser.set_size(360, 740, phone=True)
        check(self.browser.run("return document.documentElement.scrollWidth") <= 360)
        self.shot("locked_phone")
        self.open()
        check(self.browser.run("return location.href") == base, "the token stays in the address")
        check(self.browser.run("return document.cookie") == "", "scripts can read the token")
        cookie, = self.browser.devtools("Network.getCookies", urls=[base])["cookies"]
        check(cookie["httpOnly"] and cookie["sameSite"] == "Strict" and cookie["session"], cookie)
        self.add("x1")
        check(len(self.texts(".card .number")) == 1, self.texts(".trouble"))
        self.browser.open(base)
        self.browser.wait("document.documentElement.dataset.ready")
