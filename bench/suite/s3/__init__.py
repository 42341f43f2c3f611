"""A real S3 server, the least client that can talk to it, and a recorder of who asks it for what."""
