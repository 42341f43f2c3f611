"""Samples to medians, medians to a table that a person reads."""

import statistics

from .measures.alone import ALONE


def medians(samples):
    """{metric key: median} of a list of {metric key: figure}."""
    keys = {key for sample in samples for key in sample}
    return {key: statistics.median(s[key] for s in samples if key in s) for key in keys}


def rows(measure, by_tool):
    """One row per metric: figures per tool, limit, what is wanted, and whether lshost reaches it."""
    for metric in measure.metrics:
        figures = {tool: values[metric.key] for tool, values in by_tool.items() if metric.key in values}
        if not figures:
            continue
        limit = figures.get(metric.limit)
        wanted = metric.wanted(limit)
        ours = figures.get("lshost")
        yield {
            "key": metric.key,
            "title": metric.title,
            "unit": metric.unit,
            "decimals": metric.decimals,
            "figures": figures,
            "goal": metric.goal_text(),
            "limit_tool": metric.limit,
            "limit": limit,
            "ratio_to_limit": ours / limit if ours is not None and limit else None,
            "wanted": wanted,
            "ratio_to_wanted": ours / wanted if ours is not None and wanted else None,
            "is_reached": metric.is_reached(ours, wanted) if ours is not None and wanted else None,
        }


def _cell(value, decimals=2):
    return "-" if value is None else f"{value:.{decimals}f}"


def render(results, tools):
    columns = [ALONE, *tools]
    head = ["", "unit", *columns, "limit", "lshost/limit", "goal", "target", "lshost/target", ""]
    lines = [head]
    for measure, by_tool in results:
        lines.append([measure.title])
        for row in rows(measure, by_tool):
            verdict = {True: "reached", False: "MISSED", None: ""}[row["is_reached"]]
            lines.append([
                "  " + row["title"], row["unit"],
                *(_cell(row["figures"].get(column), row["decimals"]) for column in columns),
                row["limit_tool"] if row["limit"] is not None else "-", _cell(row["ratio_to_limit"]),
                row["goal"], _cell(row["wanted"], row["decimals"]), _cell(row["ratio_to_wanted"]), verdict,
            ])
    widths = [max(len(line[i]) for line in lines if len(line) > 1) for i in range(len(head))]
    text = []
    for line in lines:
        if len(line) == 1:
            text += ["", line[0]]
        else:
            text.append("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths))).rstrip())
    return "\n".join(text)
