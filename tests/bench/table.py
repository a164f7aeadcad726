"""The table of the benchmarks."""


def best(row, figure):
    """The fastest rival setting by that figure, "min" or "median"; None when there is none."""
    return min((r for r in row["rivals"] if figure in r), key=lambda r: r[figure], default=None)


def ratio(row, figure):
    rival = best(row, figure)
    return rival[figure] / row["ours"][figure] if rival else None


def worse_ratio(row):
    """The smaller of the ratios of minima and of medians."""
    ratios = [ratio(row, figure) for figure in ("min", "median")]
    return None if None in ratios else min(ratios)


def worse(runs):
    """Of several runs the one in which each line came out worse."""
    rows = {}
    for run in runs:
        for row in run["rows"]:
            old = rows.get(row["key"])
            if not old or (worse_ratio(row) or 0) < (worse_ratio(old) or 0):
                rows[row["key"]] = row
    return dict(runs[0], rows=list(rows.values()))


def amount(value, unit):
    if unit == "MiB":
        return f"{value / 1024:.0f} MiB"
    return f"{1000 * value:.3g} ms" if value < 1 else f"{value:.3g} s"


def pair(figures, unit):
    return " / ".join(amount(figures[figure], unit) for figure in ("min", "median"))


def times(value):
    return "-" if value is None else f"{value:.2f}"


def lines(row):
    """What stands in the columns: ours against the best, then every rival setting."""
    unit = row.get("unit", "s")
    rival = best(row, "min")
    reached = worse_ratio(row)
    verdict = "" if reached is None else "reached" if reached >= row["target"] else "missed"
    yield [row["title"], pair(row["ours"], unit), rival["name"] if rival else "(no rival here)",
           pair(rival, unit) if rival else "", times(ratio(row, "min")),
           times(ratio(row, "median")), f"{row['target']:g} {verdict}".strip()]
    for other in sorted((r for r in row["rivals"] if r is not rival), key=lambda r: r["min"]):
        few = f" ({other['rounds']} rounds)" if other["rounds"] < rival["rounds"] else ""
        yield ["", "", other["name"] + few, pair(other, unit), "", "", ""]
    if row.get("note"):
        yield ["  " + row["note"], "", "", "", "", "", ""]


def text(rows):
    head = ["work", "Pneuma min / median", "rival", "min / median", "x min", "x median", "target"]
    found = [head, *(line for row in rows for line in lines(row))]
    widths = [max(len(line[i]) for line in found if any(line[1:]) or i) for i in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip()
                     for line in found)
