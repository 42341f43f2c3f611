"""lshost with the file plugin and its defaults."""

import subprocess

from ..errors import Unsupported
from .base import Tool


class Lshost(Tool):
    name = "lshost"
    parts_layout = "file"

    @property
    def binary(self):
        if not self.context.lshost.exists():
            raise Unsupported(f"lshost: {self.context.lshost} does not exist; build it, or name it with --lshost")
        return str(self.context.lshost)

    def version(self):
        return subprocess.run([self.binary, "version"], capture_output=True, text=True, check=False).stdout.strip()

    def command(self, databases, replica, work):
        text = '[log]\nlevel = "warn"\n'
        for i, database in enumerate(databases):
            text += f'\n[[database]]\npath = "{database}"\n\n  [[database.replica]]\n  type = "file"\n'
            text += f'  path = "{replica / str(i)}"\n'
        (work / "replicas.toml").write_text(text)
        return [self.binary, "--config", str(work / "replicas.toml")]

    def restore_command(self, replica, output):
        return [self.binary, "restore", f"file://{replica}", "--output", str(output)]
