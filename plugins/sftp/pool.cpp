#include "pool.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace lshost::sftp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kIdleMax = 8;
// OpenSSH begins to turn away at random at ten (MaxStartups).
constexpr int kConnectingMax = 4;
// After this long unused, a connection has to prove that it is one, quickly: a firewall may have forgotten it.
constexpr seconds kTrustedFor{15};
constexpr milliseconds kProbeTimeout{5000};
constexpr milliseconds kSlice{100};  // how long a stop may go unnoticed

}  // namespace

Lease::Lease(std::shared_ptr<Pool> pool, std::unique_ptr<Client> client, bool was_used)
    : pool_(std::move(pool)), client_(std::move(client)), was_used_(was_used) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    give_back();
    pool_ = std::move(other.pool_);
    client_ = std::move(other.client_);
    was_used_ = other.was_used_;
  }
  return *this;
}

void Lease::give_back() noexcept {
  if (client_ != nullptr) pool_->put_back(std::move(client_));
  pool_.reset();
}

Pool::Pool(Connect connect, milliseconds timeout, std::function<bool()> stopping)
    : connect_(std::move(connect)), timeout_(timeout), stopping_(std::move(stopping)) {}

Lease Pool::take() {
  if (auto client = take_idle()) return {shared_from_this(), std::move(client), /*was_used=*/true};
  enter_connecting();
  struct Leave {
    Pool& pool;
    ~Leave() { pool.leave_connecting(); }
  } const leave{*this};
  return {shared_from_this(), connect_(), /*was_used=*/false};
}

Lease Pool::fresh() {
  std::vector<Idle> dropped;  // closed without the lock
  {
    const std::lock_guard hold(mutex_);
    dropped.swap(idle_);
  }
  dropped.clear();
  return take();
}

std::unique_ptr<Client> Pool::take_idle() {
  for (;;) {
    std::optional<Idle> found;
    {
      const std::lock_guard hold(mutex_);
      if (idle_.empty()) return nullptr;
      found = std::move(idle_.back());
      idle_.pop_back();
    }
    if (!found->client->is_open()) continue;
    if (Clock::now() - found->since < kTrustedFor) return std::move(found->client);
    try {
      found->client->probe(std::min(kProbeTimeout, timeout_), timeout_);
      return std::move(found->client);
    } catch (const Error&) {
      // It is dead; the next one may not be, and a new one will tell what is the matter.
    }
  }
}

void Pool::put_back(std::unique_ptr<Client> client) noexcept {
  if (!client->is_usable()) return;
  try {
    client->forget_all();
    const std::lock_guard hold(mutex_);
    if (idle_.size() < kIdleMax) idle_.push_back({std::move(client), Clock::now()});
  } catch (const std::bad_alloc&) {
    // It is closed instead.
  }
}

void Pool::enter_connecting() {
  std::unique_lock hold(mutex_);
  while (connecting_ >= kConnectingMax) {
    if (stopping_()) throw Cancelled{};
    (void)connecting_fewer_.wait_for(hold, kSlice);
  }
  ++connecting_;
}

void Pool::leave_connecting() noexcept {
  {
    const std::lock_guard hold(mutex_);
    --connecting_;
  }
  connecting_fewer_.notify_one();
}

}  // namespace lshost::sftp
