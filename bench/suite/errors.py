"""What a sample can end in besides a figure."""


class Unsupported(Exception):
    """The tool has no such function (cp has no daemon); not a failure."""


class SampleFailed(Exception):
    """The tool did not do what the measure needs; the sentence says what was waited for."""
