#pragma once
// HTTP/1.1 over libcurl: one connection that is kept between exchanges, driven by the thread that waits for it.
//
// Every exchange is pulled: nothing happens between calls, so a reader that is slow holds the server back and not our
// memory. Knows nothing of S3.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "http.hpp"

namespace lshost::s3 {

/// How to connect.
struct ConnectionOptions {
  std::string ca_file = {};  ///< empty: the system's authorities
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds stall_timeout{30'000};  ///< without a byte in either direction
};

/// Called every now and then while an exchange waits; throws to end it.
using Interrupt = std::function<void()>;

/// Why an exchange brought no reply.
class HttpFailure : public std::exception {
 public:
  enum class Kind {
    unreachable,  ///< no address, refused, broke off, or silent too long: may work later
    untrusted,    ///< the server's certificate, or our list of authorities
    local,        ///< something that trying again does not change
  };
  HttpFailure(Kind kind, std::string reason) : kind_(kind), reason_(std::move(reason)) {}
  [[nodiscard]] const char* what() const noexcept override { return reason_.c_str(); }
  [[nodiscard]] Kind kind() const noexcept { return kind_; }

 private:
  Kind kind_;
  std::string reason_;
};

/// One exchange at a time, over a connection that stays open after it.
///
/// Example, a reply in memory:            Example, a reply as a stream:
///     reply = c.exchange(request, {});       c.begin(request, {});
///                                            const HttpReply& head = c.head();
///                                            while (n = c.read(buffer)) use(n);
///                                            c.finish();
///
/// Threads: one at a time.
/// Errors:  HttpFailure, and what the interrupt throws; afterwards finish() and the next exchange.
/// Cost:    an exchange is one round trip, plus TCP's and TLS's when there is no connection yet or the server closed
/// it.
class Connection {
 public:
  explicit Connection(const ConnectionOptions& options);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// A reply whose body is at most `body_size_max` bytes; a longer one is a failure.
  [[nodiscard]] HttpReply exchange(const HttpRequest& request, const Interrupt& interrupt,
                                   std::size_t body_size_max = kBodySizeMax);
  static constexpr std::size_t kBodySizeMax = std::size_t{16} << 20U;

  void begin(const HttpRequest& request, Interrupt interrupt);
  /// Waits for status and headers. The body is in the reply if the status is not 2xx (its first 64 KiB).
  [[nodiscard]] const HttpReply& head();
  /// Waits for bytes of the body. 0: it is complete.
  [[nodiscard]] std::size_t read(std::span<std::byte> into);
  /// Ends the exchange; the connection stays open if it is over, and is closed if not.
  void finish() noexcept;

 private:
  struct Curl;
  struct Exchange;
  void configure(const HttpRequest& request);
  [[nodiscard]] bool step();
  void run_until(const std::function<bool()>& enough);

  const ConnectionOptions options_;
  std::unique_ptr<Curl> curl_;
  std::unique_ptr<Exchange> exchange_;  // null: none is under way
};

}  // namespace lshost::s3
