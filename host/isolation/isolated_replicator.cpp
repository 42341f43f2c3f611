#include "isolation/isolated_replicator.hpp"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/backoff.hpp"
#include "base/error.hpp"
#include "base/random_id.hpp"
#include "isolation/keeper.hpp"
#include "obs/log.hpp"

namespace lshost::isolation {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr Backoff kRestart{milliseconds(200), milliseconds(60'000)};
constexpr milliseconds kUnaskedStopLimit{10'000};  // where nobody said how long to wait

/// nullopt: later than anybody waits.
steady_clock::time_point after(std::optional<milliseconds> duration) {
  constexpr std::chrono::hours kCentury{24 * 365 * 100};
  return steady_clock::now() + duration.value_or(kCentury);
}

/// What an item's bytes come through: a socket rather than a pipe, whose other end could end the plugin by a signal.
std::pair<UniqueFd, UniqueFd> make_stream() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw_errno("socketpair", "isolation");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

/// An item's bytes from the plugin's process. Its end is believed only with the word that all was written.
class IsolatedStream final : public ByteStream {
 public:
  IsolatedStream(UniqueFd from, std::shared_ptr<CallTable> calls, CallTable::Added call, std::string label)
      : from_(std::move(from)), calls_(std::move(calls)), call_(std::move(call)), label_(std::move(label)) {}
  ~IsolatedStream() override { calls_->forget(call_.id); }
  IsolatedStream(const IsolatedStream&) = delete;
  IsolatedStream& operator=(const IsolatedStream&) = delete;

  std::size_t read(MutableByteSpan into) override {
    if (into.empty()) return 0;
    for (;;) {
      const auto got = ::recv(from_.get(), into.data(), into.size(), 0);
      if (got > 0) return static_cast<std::size_t>(got);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw_errno("recv", label_);
      with_context(label_, [&] { call_.call->wait_for_end(); });
      return 0;
    }
  }

 private:
  const UniqueFd from_;
  const std::shared_ptr<CallTable> calls_;
  const CallTable::Added call_;
  const std::string label_;
};

}  // namespace

IsolatedReplicator::IsolatedReplicator(std::vector<std::string> plugin_folders, plugin::ReplicaSetup setup,
                                       IsolationOptions options)
    : plugin_folders_(std::move(plugin_folders)),
      setup_(std::move(setup)),
      options_(std::move(options)),
      label_("replica " + setup_.config.name),
      wake_up_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_up_) throw_errno("eventfd", label_);
  name_ = setup_.config.name;
  type_ = setup_.config.type;
  thread_ = std::jthread([this] { keep(); });
  MutexLock lock(mutex_);
  (void)changed_.wait(lock, std::nullopt, [this]() LSHOST_REQUIRES(mutex_) {
    return refusal_ || ends_ != 0 || (phase_ != Phase::none && phase_ != Phase::creating);
  });
  is_constructed_ = true;
  if (!refusal_ && (ends_ == 0 || !is_offline())) return;
  const Error error = refusal_ ? *refusal_ : ended_error();
  is_closing_ = true;
  changed_.notify_all();
  wake();
  throw Error(error);
}

IsolatedReplicator::~IsolatedReplicator() {
  {
    const MutexLock lock(mutex_);
    is_closing_ = true;
  }
  changed_.notify_all();
  wake();
}

void IsolatedReplicator::wake() const noexcept { (void)::eventfd_write(wake_up_.get(), 1); }

std::string IsolatedReplicator::name() const {
  const MutexLock lock(mutex_);
  return name_;
}

std::string IsolatedReplicator::type() const {
  const MutexLock lock(mutex_);
  return type_;
}

bool IsolatedReplicator::snapshotting() const {
  if (!is_refresh_wanted_.exchange(true)) wake();
  return is_snapshotting_;
}

// ---- running ----

void IsolatedReplicator::start() {
  stop(kUnaskedStopLimit);
  {
    const MutexLock lock(mutex_);
    is_run_wanted_ = true;
    is_wanted_ = true;
    stop_error_.reset();
  }
  changed_.notify_all();
  wake();
}

void IsolatedReplicator::stop(milliseconds deadline) {
  MutexLock lock(mutex_);
  if (!is_run_wanted_) return;
  is_run_wanted_ = false;
  stop_duration_ = deadline.count() < 0 ? std::nullopt : std::optional(deadline);
  stop_deadline_ = after(stop_duration_);
  if (phase_ == Phase::none) is_wanted_ = false;
  changed_.notify_all();  // who waits for the next process
  wake();
  // The process that does not stop is killed, so this ends.
  (void)changed_.wait(lock, std::nullopt, [this]() LSHOST_REQUIRES(mutex_) { return !has_run(); });
  if (stop_error_) throw stop_error_->in(label_);
}

// ---- the process ----

void IsolatedReplicator::keep() {
  while (wait_until_wanted()) {
    std::string what_happened;
    bool had_progress = false;
    try {
      Keeper keeper(*this);
      what_happened = keeper.run();
      had_progress = keeper.has_progress();
    } catch (const Error& e) {
      what_happened = std::string("could not be started: ") + e.what();
    }
    account_for(what_happened, had_progress);
  }
}

/// False: there will be no other one.
bool IsolatedReplicator::wait_until_wanted() {
  MutexLock lock(mutex_);
  for (;;) {
    if (is_closing_) return false;
    const auto now = steady_clock::now();
    if (is_wanted_ && now >= next_process_) return true;
    Condition::Deadline deadline;
    if (is_wanted_) deadline = next_process_;
    const bool was_wanted = is_wanted_;
    (void)changed_.wait(lock, deadline,
                        [&]() LSHOST_REQUIRES(mutex_) { return is_closing_ || is_wanted_ != was_wanted; });
  }
}

/// Its image is released and its process reaped by now: all that it had is free.
void IsolatedReplicator::account_for(const std::string& what_happened, bool had_progress) {
  bool is_news = false;
  bool is_retried = false;
  {
    const MutexLock lock(mutex_);
    if (had_progress) ends_in_a_row_ = 0;
    const auto pause = kRestart.delay(ends_in_a_row_++, random_u64());
    // Who is asked for a list by a person starts at once: nobody asks in a loop.
    next_process_ = steady_clock::now() + (is_offline() ? milliseconds(0) : pause);
    last_end_ = what_happened;
    ++ends_;
    phase_ = Phase::none;
    channel_.reset();
    if (calls_) calls_->fail_all(ended_error());
    calls_.reset();
    is_wanted_ = is_run_wanted_;
    is_retried = is_run_wanted_;
    is_news = !is_closing_ && !refusal_;
  }
  pid_ = -1;
  is_snapshotting_ = false;
  if (is_news) tell(what_happened, is_retried);
  changed_.notify_all();
}

void IsolatedReplicator::tell(const std::string& what_happened, bool is_retried) const {
  const std::string sentence = "the plugin's process " + what_happened;
  if (setup_.observer != nullptr && is_retried) {
    plugin::Failure failure;
    failure.message = sentence;
    failure.retryable = true;
    setup_.observer->state(plugin::ReplicaState::backing_off, sentence);
    setup_.observer->error(failure);
    return;
  }
  obs::log(obs::Level::warn, "isolation", sentence,
           {{"db", setup_.database}, {"replica", setup_.config.name}, {"type", setup_.config.type}});
}

Error IsolatedReplicator::ended_error() const {
  return {ErrorCode::transient, label_ + ": the plugin's process " + last_end_};
}

// ---- reading back ----

IsolatedReplicator::Reached IsolatedReplicator::reach() {
  MutexLock lock(mutex_);
  const auto is_there = [this]() LSHOST_REQUIRES(mutex_) { return phase_ != Phase::none && phase_ != Phase::creating; };
  if (phase_ == Phase::none && !is_offline() && ends_ != 0) throw ended_error();
  const std::uint64_t ends_before = ends_;
  is_wanted_ = true;
  changed_.notify_all();
  (void)changed_.wait(lock, std::nullopt,
                      [&]() LSHOST_REQUIRES(mutex_) { return is_there() || ends_ != ends_before || is_closing_; });
  if (!is_there()) throw ended_error();
  return {channel_, calls_};
}

Bytes IsolatedReplicator::call(Kind kind, const Bytes& body) {
  const Reached reached = reach();
  const auto added = reached.calls->add();
  return with_context(label_, [&] {
    try {
      reached.channel->send(kind, added.id, body);
      Bytes answer = added.call->wait(is_offline() ? std::nullopt : std::optional(options_.call_limit));
      reached.calls->forget(added.id);
      return answer;
    } catch (...) {
      reached.calls->forget(added.id);
      throw;
    }
  });
}

std::vector<replica::Item> IsolatedReplicator::list(replica::ItemKind kind, const std::string& generation) {
  auto items = decode<std::vector<replica::Item>>(call(Kind::list, encode(ListRequest{kind, generation})));
  std::erase_if(items, [&](const replica::Item& item) {
    return item.kind != kind || !db::is_generation(item.position.generation) || !replica::has_possible_numbers(item);
  });
  return items;
}

std::vector<replica::CommitTime> IsolatedReplicator::commit_times(const replica::Item& item) {
  return decode<std::vector<replica::CommitTime>>(call(Kind::commit_times, encode(item)));
}

void IsolatedReplicator::remove(const std::vector<replica::Item>& items) { (void)call(Kind::remove, encode(items)); }

void IsolatedReplicator::probe(milliseconds deadline) { (void)call(Kind::probe, encode(ProbeRequest{deadline})); }

std::unique_ptr<ByteStream> IsolatedReplicator::open(const replica::Item& item) {
  const Reached reached = reach();
  auto [ours, theirs] = make_stream();
  auto added = reached.calls->add();
  auto stream = std::make_unique<IsolatedStream>(std::move(ours), reached.calls, added, label_);
  with_context(label_, [&] {
    const int descriptor = theirs.get();
    reached.channel->send(Kind::open, added.id, encode(item), std::span(&descriptor, 1));
    theirs.reset();  // else its end would never be seen
    (void)added.call->wait(is_offline() ? std::nullopt : std::optional(options_.call_limit));
  });
  return stream;
}

}  // namespace lshost::isolation
