"""A figure of a measure: its unit, which tool is its limit, and what the project wants to reach."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    key: str
    title: str
    unit: str
    limit: str = ""              # the tool whose figure of this very run is the limit; empty: none
    reach_ratio: float = 0       # wanted: at most so many times the limit (at least, if more is better)
    reach: float = 0             # wanted as an absolute figure, where the limit is nothing or the unit does not depend on
    more_is_better: bool = False  # the machine
    decimals: int = 2

    def wanted(self, limit_value):
        """The figure to reach in this run, or None."""
        if self.reach:
            return self.reach
        if self.reach_ratio and limit_value:
            return self.reach_ratio * limit_value
        return None

    def is_reached(self, value, wanted):
        return value >= wanted if self.more_is_better else value <= wanted


def percentile(values, fraction):
    ordered = sorted(values)
    return ordered[round(fraction * (len(ordered) - 1))]
