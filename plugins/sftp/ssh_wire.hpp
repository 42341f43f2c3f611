#pragma once
// SFTP's bytes over SSH: connected, the server's key checked, logged in, the subsystem started. libssh does the work.
//
// libssh is used without blocking, and every wait is a Deadline: nothing here outlives a timeout or a stop, whatever
// the server does. The configuration of OpenSSH (~/.ssh/config) is not read.

#include <functional>
#include <memory>

#include "options.hpp"
#include "wire.hpp"

namespace lshost::sftp {

/// Connects and logs in.
/// Errors: ConnectionLost if the server is not there or does not answer in time. Error{DENIED} if its key is not the
/// right one, or if it does not let us in. Error::Config for a private key that can not be used. Cancelled.
[[nodiscard]] std::unique_ptr<Wire> connect_over_ssh(const ServerOptions& options, std::function<bool()> stopping);

}  // namespace lshost::sftp
