#pragma once
// Connections to one server, kept for the next call.
//
// A call has a connection for itself. How many there are at once is up to how many calls there are, because a stream
// that is read slowly keeps its own: a limit here could make two of them wait for each other. Only what is logging in
// at the same time, and what is kept idle, is limited.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "client.hpp"

namespace lshost::sftp {

class Pool;

/// A connection in use by one caller; goes back when this goes, if it is still good.
class Lease {
 public:
  Lease() = default;
  Lease(std::shared_ptr<Pool> pool, std::unique_ptr<Client> client, bool was_used);
  Lease(Lease&&) = default;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { give_back(); }

  [[nodiscard]] Client& operator*() const noexcept { return *client_; }
  [[nodiscard]] Client* operator->() const noexcept { return client_.get(); }
  [[nodiscard]] explicit operator bool() const noexcept { return client_ != nullptr; }
  /// It served an earlier call: that it turns out dead says nothing about the server.
  [[nodiscard]] bool was_used() const noexcept { return was_used_; }
  void give_back() noexcept;

 private:
  std::shared_ptr<Pool> pool_;
  std::unique_ptr<Client> client_;
  bool was_used_ = false;
};

/// Threads: any, several at once. Errors: those of connecting; Cancelled.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  using Connect = std::function<std::unique_ptr<Client>()>;

  /// `timeout`: of the connections, restored after a probe with a shorter one.
  Pool(Connect connect, std::chrono::milliseconds timeout, std::function<bool()> stopping);

  /// A connection that is there and answers, or else a new one.
  [[nodiscard]] Lease take();
  /// A new one. Those that are idle are closed: they are as old as the one that has failed.
  [[nodiscard]] Lease fresh();

  /// Runs `work` with a connection; once more with a new one if it was an old one that broke.
  /// REQUIRES: work may be done twice.
  template <class Work>
  auto with(Work&& work) {
    Lease lease = take();
    const bool was_used = lease.was_used();
    try {
      return work(*lease);
    } catch (const Error&) {
      if (!was_used || lease->is_usable()) throw;
    }
    lease = fresh();
    return work(*lease);
  }

 private:
  friend class Lease;
  using Clock = std::chrono::steady_clock;
  struct Idle {
    std::unique_ptr<Client> client;
    Clock::time_point since;
  };
  [[nodiscard]] std::unique_ptr<Client> take_idle();
  void put_back(std::unique_ptr<Client> client) noexcept;
  void enter_connecting();
  void leave_connecting() noexcept;

  const Connect connect_;
  const std::chrono::milliseconds timeout_;
  const std::function<bool()> stopping_;

  std::mutex mutex_;
  std::condition_variable connecting_fewer_;
  std::vector<Idle> idle_;  // guarded by mutex_; the one used last is at the end
  int connecting_ = 0;      // guarded by mutex_
};

}  // namespace lshost::sftp
