"""What the page of `pneuma app` tells of its model, with models and servers that are made up."""

import contextlib
import json

from page import DONE, Page, check

# Answers as the server would, were its model another one.
PRETEND = """
const made = MADE;
const fetchBefore = window.fetch;
window.fetch = async (url, options) => {
  const predicts = String(url).includes("/predict");
  if (predicts && made.answer) return new Response(JSON.stringify(made.answer));
  const response = await fetchBefore(url, options);
  return predicts || !String(url).endsWith("/model") ? response
    : new Response(JSON.stringify({...await response.json(), ...made.model}));
};
"""
NEVER = "has never seen a real X-ray"


class Told(Page):
    @contextlib.contextmanager
    def pretending(self, answer=None, **model):
        source = PRETEND.replace("MADE", json.dumps({"model": model, "answer": answer}), 1)
        script = self.browser.devtools("Page.addScriptToEvaluateOnNewDocument", source=source)
        try:
            yield
        finally:
            self.browser.devtools("Page.removeScriptToEvaluateOnNewDocument", identifier=script["identifier"])

    def test_told_of_uploads(self):
        for keeps, says in ((True, "which keeps a copy."), (False, "and nowhere else.")):
            with self.pretending(keeps=keeps):
                self.open()
                check(says in self.texts("#drop-help")[0], self.texts("#drop-help"))

    def test_told_of_threshold(self):
        for given, says in ((True, "Back to 40.0\u00a0%, this server's threshold"), (False, "Back to the model's 40.0\u00a0%")):
            with self.pretending(threshold=0.4, threshold_given=given):
                self.open()
                check(not self.texts("#threshold-reset"))
                self.browser.run("document.getElementById('threshold').focus()")
                self.browser.press("Right")
                check(self.texts("#threshold-reset") == [says], self.texts("#threshold-reset"))
                self.browser.click("#threshold-reset")
                check(self.texts("#threshold-value") == ["40.0\u00a0%"])

    def test_told_of_synthetic(self):
        for synthetic in (True, False, None):
            for scheme in ("light", "dark"):
                with self.pretending(synthetic=synthetic):
                    self.open(scheme=scheme)
                    for place in ("header", "#empty"):
                        check((NEVER in self.texts(place)[0]) == (synthetic is True), synthetic, self.texts(place))
                    if synthetic:
                        self.check_axe(f"{scheme}, synthetic")
                        self.shot(f"synthetic_{scheme}")

    def test_told_by_pointer(self):
        for phone in (True, False):
            self.open(390 if phone else 1280, 844, phone=phone)
            for place in ("#drop-help", ".description"):
                text = self.texts(place)[0]
                check(text.startswith("Choose") == phone and text.startswith("Drop") != phone, text)
            check(self.texts("label[for=files]") == ["Choose images" if phone else "Choose files"])

    def test_told_class_of_map(self):
        self.open()
        self.add("x0", "x1")
        for name in reversed(self.model["classes"]):
            self.browser.run("const s = document.getElementById('class'); s.value = arguments[0];"
                             "s.dispatchEvent(new Event('change'))", name)
            self.browser.wait(DONE, 2)
            check(self.texts("#legend-class") == [f"decisive for {name}"], self.texts("#legend-class"))
            check(all(text.rstrip(".").endswith(f" for {name}") for text in self.texts(".card .about")), self.texts(".card .about"))

    def test_told_of_many_classes(self):
        classes = [f"kind of thing number {number}" for number in range(300)]
        shares = {name: (0.5 if number == 7 else 0.5 / 299) for number, name in enumerate(classes)}
        answer = self.options.ask(self.files["x1"], "?heatmap=png") | {
            "class": classes[7], "probability": 0.5, "probabilities": shares}
        answer["heatmap"]["class"] = classes[0]
        with self.pretending(answer, classes=classes, positive=None):
            for width in (1280, 390):
                self.open(width, 844, phone=width < 400)
                facts = self.texts("#facts")[0]
                check(classes[7] in facts and classes[8] not in facts and "… and 292 more" in facts, facts)
                self.add("x1", "x2")
                check(self.texts(".card .badge") == [classes[7]] * 2, self.texts(".card .badge"))
                check(self.texts("#summary") == [f"2 images: 2 {classes[7]}"], self.texts("#summary"))
                check(not self.texts("#threshold-field"), "a threshold decides nothing here")
                self.browser.wait("document.getElementById('status').textContent.includes('2 answers')")
                check(self.browser.run("return document.documentElement.scrollWidth") <= width)
                self.check_axe(f"{width}, many classes")
                self.shot(f"classes_{width}")
                self.browser.click(".card .enlarge")
                said = self.texts("#large-facts")[0]
                check(said.startswith(f"{classes[7]} 50.0") and "… and 295 more" in said, said)
                check("null" not in self.browser.run("return document.body.textContent"), "null is no class")
