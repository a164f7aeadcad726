"""What the page of `pneuma app` saves: a table of the results, and pictures."""

import csv
import io
import os
import pathlib
import struct

from page import DONE, Page, check

COLUMNS = ["name", "probability", "verdict", "threshold", "model", "heatmap_class", "heatmap_score",
           "heatmap_layer", "heatmap_method", "width", "height", "error"]


class Saved(Page):
    def saved_rows(self):
        self.browser.click("#csv")
        path = self.browser.downloaded("predictions.csv")
        data = pathlib.Path(path).read_bytes().decode()
        os.remove(path)  # the next one would get another name
        check(data.endswith("\r\n") and data.split("\r\n")[0].split(",") == COLUMNS, data)
        return list(csv.DictReader(io.StringIO(data, newline="")))

    def choose_map(self, **choices):
        for name, value in choices.items():
            self.browser.run("const s = document.getElementById(arguments[0]); s.value = arguments[1];"
                             "s.dispatchEvent(new Event('change'))", name, value)

    def test_csv(self):
        self.open()
        self.add("formula", "x1")
        rows = self.saved_rows()
        check(rows[0]["name"] == "'" + self.files["formula"].name, rows[0])
        answer = self.options.ask(self.files["x1"])
        check(abs(float(rows[1]["probability"]) - answer["probability"]) < 1e-6, rows[1])
        wanted = {"name": "xray_1.png", "verdict": answer["class"], "model": self.model["name"],
                  "heatmap_class": self.model["positive"], "heatmap_score": "probability",
                  "heatmap_layer": self.model["layer"], "heatmap_method": self.model["methods"][0],
                  "width": "280", "height": "240", "error": ""}
        check({key: rows[1][key] for key in wanted} == wanted, rows[1])
        check(float(rows[1]["threshold"]) == self.model["threshold"], rows[1])
        other = next(name for name in self.model["classes"] if name != self.model["positive"])
        self.choose_map(**{"class": other, "from": "logit"})
        self.browser.wait(DONE, 2)
        row = self.saved_rows()[1]
        told = [row[key] for key in ("verdict", "heatmap_class", "heatmap_score")]
        check(told == [answer["class"], other, "logit"], row)

    def test_csv_of_failures(self):
        self.open()
        self.add("text", "large")
        check(len(self.saved_rows()) == 2, "nothing to save where all failed")
        self.add("x1")
        # an answer stays when its new heatmap fails
        self.browser.run("net.faults = ['lost']")
        self.choose_map(method=self.model["methods"][1])
        self.browser.wait("document.querySelectorAll('.card[data-phase=failed]').length === 3")
        rows = self.saved_rows()
        troubles = self.texts(".card .trouble")
        check([row["name"] for row in rows] == ["notes.txt", "large.png", "xray_1.png"], rows)
        check([row["error"] for row in rows] == troubles and all(troubles), rows, troubles)
        for row in rows[:2]:
            check(not any(row[key] for key in COLUMNS[1:-1]), row)
        check(rows[2]["probability"] and rows[2]["heatmap_method"] == self.model["methods"][0], rows[2])

    def test_csv_of_the_waiting(self):
        self.open()
        self.add("text")
        self.browser.run("net.faults = Array(9).fill(503)")
        self.browser.choose_files(self.files["x1"])
        rows = self.saved_rows()
        check(rows[1]["name"] == "xray_1.png" and rows[1]["error"] == "Not answered yet.", rows)

    def test_saved_picture(self):
        self.open()
        self.add("x1")
        negative = next(name for name in self.model["classes"] if name != self.model["positive"])
        stem = f"xray_1_{self.model['layer']}_{self.model['methods'][0]}"
        for name, score in ((self.model["positive"], "probability"), (negative, "logit")):
            self.choose_map(**{"class": name, "from": score})
            self.browser.wait(DONE, 1)
            self.browser.click(".card .save")
            data = pathlib.Path(self.browser.downloaded(f"{stem}_{name}_{score}.png")).read_bytes()
            check(struct.unpack(">II", data[16:24]) == (280, 240))
        self.browser.click(".card .enlarge")
        os.remove(self.browser.downloaded(f"{stem}_{negative}_logit.png"))
        self.browser.click("#large-save")
        self.browser.downloaded(f"{stem}_{negative}_logit.png")
