"""cp: the limit of a first snapshot and of a restore."""

from .base import Tool


class Copy(Tool):
    name = "cp"
    parts_layout = "file"

    def copy_command(self, database, output):
        return ["cp", "--reflink=never", str(database), str(output)]

    def restore_command(self, replica, output):
        """Reads all that a restore has to read, and writes as much as it has to write."""
        script = ('set -e; cp --reflink=never "$0"/generations/*/snapshots/*.snapshot "$1"; '
                  'for wal in "$0"/generations/*/wal; do find "$wal" -name "*.wal" -print0 | xargs -0r cat > /dev/null; done')
        return ["sh", "-c", script, str(replica), str(output)]


class CopyAndSync(Copy):
    name = "cp+fsync"
    parts_layout = None

    def copy_command(self, database, output):
        return ["sh", "-c", 'cp --reflink=never "$0" "$1" && sync "$1"', str(database), str(output)]

    def restore_command(self, replica, output):
        script = 'cp --reflink=never "$0"/generations/*/snapshots/*.snapshot "$1" && sync "$1"'
        return ["sh", "-c", script, str(replica), str(output)]
