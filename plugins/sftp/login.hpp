#pragma once
// Proving to a server who we are: private key, agent, password.

#include "options.hpp"
#include "ssh_session.hpp"

namespace lshost::sftp {

/// Logs in with what the configuration has, in this order, as far as the server takes it: the key of key-path, or else
/// what the agent of SSH_AUTH_SOCK holds; the password; the password as answer to a question without echo. A server
/// may want several of them.
/// Errors: Error{DENIED} with what was tried; Error::Config for a key file that can not be used; ConnectionLost.
void log_in(const SshSession& session, const ServerOptions& options, const Deadline& deadline);

}  // namespace lshost::sftp
