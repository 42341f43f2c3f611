#include "ssh_session.hpp"

#include "packet.hpp"

namespace lshost::sftp {

SshSession::SshSession(const Address& address) : session_(::ssh_new()), server_(address.text()) {
  if (session_ == nullptr) throw Error(LSHOST_E_NO_MEMORY, "libssh has no memory for a session", LSHOST_ERR_RETRYABLE);
  // What a person changes for an interactive login must not stop a replica, nor send it elsewhere.
  set(SSH_OPTIONS_PROCESS_CONFIG, false);
  set(SSH_OPTIONS_HOST, address.host);
  set(SSH_OPTIONS_PORT, static_cast<unsigned int>(address.port));
  ::ssh_set_blocking(get(), 0);
}

std::string SshSession::why() const { return printable(::ssh_get_error(get())); }

void SshSession::wait(const Deadline& deadline, const std::string& what) const {
  const int flags = ::ssh_get_poll_flags(get());
  const bool writes = (flags & SSH_WRITE_PENDING) != 0;
  deadline.wait(::ssh_get_fd(get()), static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN), server_ + ": " + what);
}

void SshSession::refuse_option(ssh_options_e option) const {
  throw Error(LSHOST_E_INTERNAL,
              "libssh does not take option " + std::to_string(static_cast<int>(option)) + ": " + why());
}

}  // namespace lshost::sftp
