#pragma once
// Whether the server is the one that was meant.

#include "options.hpp"
#include "ssh_session.hpp"

namespace lshost::sftp {

/// Tells libssh which keys of the server are wanted. Before connecting.
void prepare_trust(SshSession& session, const ServerOptions& options);

/// Compares the key that the connected server has proved to own with the pins, or with known_hosts. Throws
/// Error{DENIED} with what was offered and what to do.
void check_trust(const SshSession& session, const ServerOptions& options);

}  // namespace lshost::sftp
