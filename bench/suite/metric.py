"""A figure of a measure: its unit, which tool is its limit, and what the project wants to reach."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One row of the table. The goal of the project is `goal`, a figure, or `goal_ratio`, a multiple of the limit.

    A figure that depends on the machine was set on one where the limit had `goal_limit`; on another it scales with the
    limit of the very run, so that a slow disk makes no goal unreachable and a fast one none easy.
    """

    key: str
    title: str
    unit: str
    limit: str = ""  # the tool whose figure of this very run is the limit; empty: none
    goal: float = 0
    goal_limit: float = 0
    goal_ratio: float = 0
    more_is_better: bool = False
    decimals: int = 2

    def wanted(self, limit_value):
        """The figure to reach in this run, or None. Without a limit in this run a goal counts as it was set."""
        if self.goal_ratio:
            return self.goal_ratio * limit_value if limit_value else None
        if self.goal_limit and limit_value:
            return self.goal / self.goal_limit * limit_value
        return self.goal or None

    def goal_text(self):
        if self.goal_ratio:
            return f"{self.goal_ratio:g} x {self.limit}"
        if self.goal_limit:
            return f"{self.goal:g} at {self.goal_limit:g}"
        return f"{self.goal:g}" if self.goal else "-"

    def is_reached(self, value, wanted):
        return value >= wanted if self.more_is_better else value <= wanted


def percentile(values, fraction):
    ordered = sorted(values)
    return ordered[round(fraction * (len(ordered) - 1))]
