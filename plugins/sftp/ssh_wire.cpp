#include "ssh_wire.hpp"

#include <utility>

#include "login.hpp"
#include "socket.hpp"
#include "ssh_session.hpp"
#include "trust.hpp"

namespace lshost::sftp {
namespace {

using std::chrono::milliseconds;

/// A session with the subsystem running.
class SshWire final : public Wire {
 public:
  SshWire(const ServerOptions& options, std::function<bool()> stopping)
      : session_(options.address), timeout_(options.timeout), stopping_(std::move(stopping)) {
    const Deadline deadline(options.connect_timeout, stopping_);
    session_.set(SSH_OPTIONS_USER, options.user);
    prepare_trust(session_, options);
    session_.set(SSH_OPTIONS_FD, connect_to(options.address, deadline).release());  // libssh closes it
    step(deadline, "connect", [&] { return ::ssh_connect(session_.get()); });
    check_trust(session_, options);
    log_in(session_, options, deadline);
    channel_.reset(::ssh_channel_new(session_.get()));
    if (channel_ == nullptr) throw ConnectionLost(session_.server() + ": no channel: " + session_.why());
    step(deadline, "open a channel", [&] { return ::ssh_channel_open_session(channel_.get()); });
    step(deadline, "start SFTP (is the subsystem configured there?)",
         [&] { return ::ssh_channel_request_subsystem(channel_.get(), "sftp"); });
  }

  void send(std::span<const std::byte> bytes) override {
    Deadline deadline(timeout_, stopping_);
    while (!bytes.empty()) {
      const int count = ::ssh_channel_write(channel_.get(), bytes.data(), static_cast<std::uint32_t>(bytes.size()));
      if (count < 0) lost();
      if (count == 0) {
        if (::ssh_channel_is_eof(channel_.get()) != 0) lost();
        session_.wait(deadline, "the server takes no more data");
      } else {
        deadline.restart();
      }
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
  }

  std::size_t receive(std::span<std::byte> into) override {
    const Deadline deadline(timeout_, stopping_);
    for (;;) {
      const int count = ::ssh_channel_read_nonblocking(channel_.get(), into.data(),
                                                       static_cast<std::uint32_t>(into.size()), /*is_stderr=*/0);
      if (count > 0) return static_cast<std::size_t>(count);
      if (count != 0 && count != SSH_AGAIN) lost();
      if (::ssh_channel_is_eof(channel_.get()) != 0 || ::ssh_is_connected(session_.get()) == 0) lost();
      session_.wait(deadline, "the server does not answer");
    }
  }

  void set_timeout(milliseconds timeout) override { timeout_ = timeout; }

  bool is_open() override {
    return ::ssh_channel_poll(channel_.get(), /*is_stderr=*/0) >= 0 && ::ssh_is_connected(session_.get()) != 0 &&
           ::ssh_channel_is_open(channel_.get()) != 0;
  }

 private:
  template <class Call>
  void step(const Deadline& deadline, const std::string& what, Call&& call) {
    const int result = session_.complete(deadline, SSH_AGAIN, "no answer when trying to " + what, call);
    if (result != SSH_OK) throw ConnectionLost(session_.server() + ": can not " + what + ": " + session_.why());
  }

  [[noreturn]] void lost() const {
    const std::string why = session_.why();
    throw ConnectionLost(session_.server() + ": the server has ended the connection" + (why.empty() ? "" : ": " + why));
  }

  SshSession session_;
  ChannelHandle channel_;  // of session_, so it goes first
  milliseconds timeout_;
  std::function<bool()> stopping_;
};

}  // namespace

std::unique_ptr<Wire> connect_over_ssh(const ServerOptions& options, std::function<bool()> stopping) {
  return std::make_unique<SshWire>(options, std::move(stopping));
}

}  // namespace lshost::sftp
