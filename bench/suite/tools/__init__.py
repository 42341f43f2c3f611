"""The tools that are compared, each behind the same small interface (tools/base.py)."""

from .bare import Bare
from .copy import Copy, CopyAndSync
from .follower import Follower, OrderedFollower
from .litestream import Litestream, LitestreamFast
from .lshost import Lshost, LshostIsolated

BY_NAME = {
    tool.name: tool
    for tool in (Bare, Copy, CopyAndSync, Follower, OrderedFollower, Litestream, LitestreamFast, Lshost, LshostIsolated)
}
