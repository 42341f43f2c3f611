#pragma once
// Connections that wait for their next exchange.

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "connection.hpp"

namespace lshost::s3 {

/// Hands out a connection to each exchange, the one that was used last first: the others may go idle and close.
///
/// Ownership: outlives its leases. Threads: any. Errors: as Connection. Cost: a lock; as many connections as there were
/// exchanges at once.
class ConnectionPool {
 public:
  explicit ConnectionPool(ConnectionOptions options) : options_(std::move(options)) {}

  /// A connection for one exchange, given back by its destructor.
  class Lease {
   public:
    Lease(ConnectionPool& pool, std::unique_ptr<Connection> connection)
        : pool_(&pool), connection_(std::move(connection)) {}
    Lease(Lease&& other) noexcept : pool_(other.pool_), connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&& other) noexcept {
      std::swap(pool_, other.pool_);
      std::swap(connection_, other.connection_);
      return *this;
    }
    ~Lease() {
      if (connection_ != nullptr) pool_->give_back(std::move(connection_));
    }
    Connection* operator->() const noexcept { return connection_.get(); }

   private:
    ConnectionPool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  [[nodiscard]] Lease take() {
    {
      const std::lock_guard hold(mutex_);
      if (!idle_.empty()) {
        Lease lease(*this, std::move(idle_.back()));
        idle_.pop_back();
        return lease;
      }
    }
    return {*this, std::make_unique<Connection>(options_)};
  }

 private:
  static constexpr std::size_t kIdleMax = 16;

  void give_back(std::unique_ptr<Connection> connection) noexcept {
    connection->finish();
    const std::lock_guard hold(mutex_);
    if (idle_.size() >= kIdleMax) return;  // closed with the parameter, behind the lock
    try {
      idle_.push_back(std::move(connection));
    } catch (const std::bad_alloc&) {  // then it is closed
    }
  }

  const ConnectionOptions options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;  // guarded by mutex_
};

}  // namespace lshost::s3
