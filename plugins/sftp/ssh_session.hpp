#pragma once
// One SSH session of libssh: its handles, and its calls made to wait within a deadline.

#include <libssh/libssh.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "address.hpp"
#include "patience.hpp"

namespace lshost::sftp {

struct SessionFree {
  void operator()(ssh_session session) const noexcept { ::ssh_free(session); }
};
struct ChannelFree {
  void operator()(ssh_channel channel) const noexcept { ::ssh_channel_free(channel); }
};
struct KeyFree {
  void operator()(ssh_key key) const noexcept { ::ssh_key_free(key); }
};
struct StringFree {
  void operator()(char* text) const noexcept { ::ssh_string_free_char(text); }
};
using SessionHandle = std::unique_ptr<std::remove_pointer_t<ssh_session>, SessionFree>;
using ChannelHandle = std::unique_ptr<std::remove_pointer_t<ssh_channel>, ChannelFree>;
using KeyHandle = std::unique_ptr<std::remove_pointer_t<ssh_key>, KeyFree>;
using StringHandle = std::unique_ptr<char, StringFree>;

/// A session that does not block.
///
/// Threads: one at a time; sessions are independent. Errors: as the functions say.
class SshSession {
 public:
  /// Takes the address' name for known_hosts; connects nothing.
  explicit SshSession(const Address& address);

  [[nodiscard]] ssh_session get() const noexcept { return session_.get(); }
  [[nodiscard]] const std::string& server() const noexcept { return server_; }
  /// What libssh says about the last failure, printable.
  [[nodiscard]] std::string why() const;

  /// Throws Error{INTERNAL} if libssh does not take the value.
  template <class T>
  void set(ssh_options_e option, const T& value) {
    if (::ssh_options_set(get(), option, &value) < 0) refuse_option(option);
  }
  void set(ssh_options_e option, const std::string& value) {
    if (::ssh_options_set(get(), option, value.c_str()) < 0) refuse_option(option);
  }

  /// Calls until the answer is another one than `again`; waits for the socket in between. `what` is for the sentence
  /// of ConnectionLost when the time is over.
  template <class Call>
  int complete(const Deadline& deadline, int again, const std::string& what, Call call) const {
    for (;;) {
      const int result = call();
      if (result != again) return result;
      wait(deadline, what);
    }
  }
  /// Waits until libssh may go on.
  void wait(const Deadline& deadline, const std::string& what) const;

 private:
  [[noreturn]] void refuse_option(ssh_options_e option) const;

  SessionHandle session_;
  std::string server_;
};

}  // namespace lshost::sftp
