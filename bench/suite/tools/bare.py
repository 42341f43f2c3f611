"""bare: what the S3 server allows. Requests as few, as large and as many at once as need be, and nothing between them."""

from .base import Tool


class Bare(Tool):
    name = "bare"
