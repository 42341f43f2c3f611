#pragma once
// Answers clients of the control socket, several at once, on one thread that sleeps while there are none.
//
// No client can hurt the host: what is too long, too slow, garbage or of another user gets an error or is dropped, and
// there are never more than a few at once. It knows nothing of what the commands do.

#include <functional>
#include <memory>
#include <string>

#include "control/message.hpp"

namespace lshost::control {

class ReplyBox;

/// A client that waits for its answer. One that goes unanswered is told so. Move-only; from any thread.
class Call {
 public:
  Call(Request request, std::uint64_t client, std::shared_ptr<ReplyBox> box);
  Call(Call&&) noexcept = default;
  Call& operator=(Call&& other) noexcept;
  ~Call();

  [[nodiscard]] Command command() const noexcept { return request_.command; }
  [[nodiscard]] const Request& request() const noexcept { return request_; }
  /// A whole line, with its newline. REQUIRES: called at most once. The client may be gone: nothing happens then.
  void reply(std::string line);

 private:
  Request request_;
  std::uint64_t client_;
  std::shared_ptr<ReplyBox> box_;  // nullptr: answered
};

/// Called on the server's thread: short. Takes the call along, or answers it right there.
using Handler = std::function<void(Call)>;

/// Threads: one makes and destroys it. Errors: the constructor throws as ListeningSocket does.
class Server {
 public:
  Server(const std::string& path, Handler handler);
  /// Answers nobody any more; calls that are still out are answered into the void.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace lshost::control
