#include "isolation/keeper.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include "base/error.hpp"
#include "obs/log.hpp"

namespace lshost::isolation {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::uint64_t kOwnRequests = std::uint64_t{1} << 63;  // numbers that no other request has
constexpr int kMessagesInARow = 64;                             // before others are looked at again
constexpr milliseconds kSendLimit{10'000};
constexpr int kExitWaitMs = 1000;  // for a process that has closed its end
constexpr std::size_t kNameMax = 256;

void clear_event(int descriptor) {
  eventfd_t count = 0;
  (void)::eventfd_read(descriptor, &count);
}

/// A line of JSON must not be spoiled by what is none.
bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("-0123456789") == std::string_view::npos;
}

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::create:
      return "create";
    case Kind::start:
      return "start";
    case Kind::stop:
      return "stop";
    case Kind::destroy:
      return "destroy";
    default:
      return "a sign of life";
  }
}

}  // namespace

IsolatedReplicator::Keeper::Pipe IsolatedReplicator::Keeper::make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_errno("pipe", "isolation");
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  (void)::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

IsolatedReplicator::Keeper::Keeper(IsolatedReplicator& owner)
    : owner_(owner),
      process_(owner.options_.program, sockets_.second, output_.write.get()),
      channel_(std::make_shared<Channel>(std::move(sockets_.first), Channel::Descriptors::refused)),
      calls_(std::make_shared<CallTable>()),
      next_id_(kOwnRequests) {
  sockets_.second.reset();
  output_.write.reset();
  channel_->set_send_limit(kSendLimit);
  const auto& setup = owner_.setup_;
  if (setup.feed != nullptr) feed_.emplace(setup, *channel_);
  owner_.pid_ = process_.pid();
  Create create{owner_.plugin_folders_, setup.config, setup.config_file, setup.database, setup.work_dir,
                setup.feed != nullptr,  {},           obs::Level::error};
  if (setup.feed != nullptr) create.durable = setup.feed->durable();
  for (const auto level : {obs::Level::warn, obs::Level::info, obs::Level::debug, obs::Level::trace}) {
    if (obs::log_enabled(level)) create.log_level = level;
  }
  ask(Kind::create, encode(create), owner_.options_.answer_limit);
  const MutexLock lock(owner_.mutex_);
  owner_.phase_ = Phase::creating;
  owner_.channel_ = channel_;
  owner_.calls_ = calls_;
}

IsolatedReplicator::Keeper::~Keeper() = default;

std::string IsolatedReplicator::Keeper::run() {
  while (!has_ended_ && !is_closed_ && !kill_reason_) {
    try {
      ask_what_is_due();
      push_tip();
      wait_for_something();
      if (!kill_reason_) kill_reason_ = what_is_overdue();
    } catch (const Error& e) {
      if (e.code() == ErrorCode::corrupt) {
        kill_reason_ = std::string("sent ") + e.what();
      } else {
        lost_ = e.what();
        is_closed_ = true;
      }
    }
  }
  return how_it_ended();
}

std::string IsolatedReplicator::Keeper::how_it_ended() {
  if (!has_ended_ && !kill_reason_) {  // it may just be ending: then its exit code says more
    pollfd ending = {process_.descriptor(), POLLIN, 0};
    has_ended_ = ::poll(&ending, 1, kExitWaitMs) > 0;
  }
  const ChildEnd end = process_.reap();
  for (int i = 0; output_.read && i < kMessagesInARow; ++i) read_output();
  lines_.finish([this](std::string_view line) { log_line(obs::Level::warn, line); });
  if (kill_reason_) return *kill_reason_ + "; it was killed";
  if (end.signal == 0 && end.code == kExitWithoutHost) return "closed its connection to the host";
  if (end.signal == 0 && end.code == kExitOutOfMemory && owner_.setup_.config.isolation_memory_limit_bytes != 0)
    return "needed more than its isolation-memory-limit";
  if (!has_ended_)  // then it was we
    return lost_.empty() ? "closed its connection to the host; it was killed" : "was killed: " + lost_;
  return isolation::to_string(end);
}

// ---- what it is asked ----

void IsolatedReplicator::Keeper::ask(Kind kind, const Bytes& body, milliseconds limit) {
  asked_ = Asked{kind, next_id_++, steady_clock::now() + limit};
  channel_->send(kind, asked_->id, body);
}

void IsolatedReplicator::Keeper::ask_what_is_due() {
  const auto limit = owner_.options_.answer_limit;
  std::optional<milliseconds> stop_within;
  bool starts = false;
  bool destroys = false;
  {
    const MutexLock lock(owner_.mutex_);
    if (owner_.is_closing_ && asked_ && !is_destroying_) {
      kill_reason_ = "was not needed any more";  // nobody waits for what it was asked
      return;
    }
    if (asked_) return;
    destroys = owner_.is_closing_;
    starts = !destroys && owner_.phase_ == Phase::created && owner_.is_run_wanted_;
    if (starts) owner_.phase_ = Phase::starting;
    if (!destroys && owner_.phase_ == Phase::running && !owner_.is_run_wanted_) {
      owner_.phase_ = Phase::stopping;
      const auto left = std::chrono::duration_cast<milliseconds>(owner_.stop_deadline_ - steady_clock::now());
      stop_within = owner_.stop_duration_ ? std::max(left, milliseconds(0)) : milliseconds(-1);
    }
  }
  if (destroys) {
    is_destroying_ = true;
    ask(Kind::destroy, {}, limit);
  } else if (starts) {
    ask(Kind::start, {}, limit);
  } else if (stop_within) {
    const bool is_limited = stop_within->count() >= 0;
    ask(Kind::stop, encode(StopRequest{*stop_within}),
        is_limited ? *stop_within + owner_.options_.stop_grace : milliseconds(std::chrono::hours(24 * 365)));
  } else if (owner_.is_refresh_wanted_.exchange(false) ||
             (said_ && steady_clock::now() - *said_ >= owner_.options_.silence_limit)) {
    ask(Kind::refresh, {}, limit);
  }
}

/// A sentence's end: "did not start within 10000 ms".
std::optional<std::string> IsolatedReplicator::Keeper::what_is_overdue() {
  const auto now = steady_clock::now();
  {
    const MutexLock lock(owner_.mutex_);
    const bool is_stop_overdue = !owner_.is_run_wanted_ && now >= owner_.stop_deadline_ + owner_.options_.stop_grace;
    if (is_stop_overdue && owner_.has_run()) {
      return "did not stop within " + std::to_string(owner_.stop_duration_.value_or(milliseconds(0)).count()) + " ms";
    }
  }
  if (!asked_ || now < asked_->deadline) return std::nullopt;
  return "did not answer to " + std::string(name_of(asked_->kind)) + " within " +
         std::to_string(owner_.options_.answer_limit.count()) + " ms";
}

// ---- waiting ----

int IsolatedReplicator::Keeper::poll_timeout_ms() const {
  std::optional<Time> until;
  const auto at_latest = [&](Time time) { until = std::min(until.value_or(time), time); };
  if (asked_) at_latest(asked_->deadline);
  if (said_ && !asked_) at_latest(*said_ + owner_.options_.silence_limit);
  {
    const MutexLock lock(owner_.mutex_);
    const bool is_stopping = !owner_.is_run_wanted_ && owner_.has_run() && owner_.stop_duration_;
    if (is_stopping) at_latest(owner_.stop_deadline_ + owner_.options_.stop_grace);
  }
  if (!until) return -1;
  const auto left = std::chrono::ceil<milliseconds>(*until - steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

void IsolatedReplicator::Keeper::wait_for_something() {
  if (kill_reason_) return;
  const bool wants_to_write = feed_ && feed_->has_unsaid_tip();
  const int event = feed_ ? feed_->event_descriptor() : -1;
  std::array<pollfd, 5> fds = {
      pollfd{owner_.wake_up_.get(), POLLIN, 0},
      pollfd{channel_->descriptor(), static_cast<short>(POLLIN | (wants_to_write ? POLLOUT : 0)), 0},
      pollfd{process_.descriptor(), POLLIN, 0},
      pollfd{output_.read.get(), POLLIN, 0},  // a negative one is left out
      pollfd{event, POLLIN, 0},
  };
  if (::poll(fds.data(), fds.size(), poll_timeout_ms()) < 0) return;  // EINTR: another round
  if (fds[0].revents != 0) clear_event(owner_.wake_up_.get());
  if (fds[4].revents != 0) {
    clear_event(event);
    feed_->push_tip();
    note_what_was_said();
  }
  has_ended_ = fds[2].revents != 0;
  if (fds[1].revents != 0 || has_ended_) read_messages();
  if (fds[3].revents != 0) read_output();
}

void IsolatedReplicator::Keeper::push_tip() {
  if (!feed_ || !feed_->has_unsaid_tip()) return;
  feed_->push_tip();
  note_what_was_said();
}

void IsolatedReplicator::Keeper::note_what_was_said() {
  if (!said_) said_ = steady_clock::now();
}

// ---- what it says ----

void IsolatedReplicator::Keeper::read_messages() {
  // Of one that has ended everything is read: what it reported last is true all the same.
  for (int i = 0; has_ended_ || i < kMessagesInARow; ++i) {
    auto received = channel_->receive(/*wait=*/false);
    if (std::holds_alternative<Channel::Closed>(received)) is_closed_ = true;
    auto* message = std::get_if<Message>(&received);
    if (message == nullptr) return;
    said_.reset();
    handle(std::move(*message));
  }
}

void IsolatedReplicator::Keeper::handle(Message message) {
  if (message.kind == Kind::reply) {
    if (asked_ && asked_->id == message.id) {
      handle_answer(std::exchange(asked_, std::nullopt)->kind, decode<Reply>(message.body));
    } else {
      (void)calls_->reply(message.id, decode<Reply>(message.body));  // unknown: nobody waits for it any more
    }
  } else if (message.kind == Kind::stream_end) {
    calls_->end_stream(message.id, decode<Reply>(message.body).error);
  } else if (!feed_ || !feed_->handle(message)) {
    take_report(message);
  }
}

void IsolatedReplicator::Keeper::handle_answer(Kind kind, Reply reply) {
  if (kind == Kind::create) return take_created(reply);
  if (kind == Kind::stop) return take_stopped(reply);
  if (reply.error) {
    if (kind != Kind::start) return;
    kill_reason_ = std::string("did not start: ") + reply.error->what();
    return;
  }
  if (kind == Kind::destroy) return;  // its end comes next
  owner_.is_snapshotting_ = decode<Standing>(reply.body).is_snapshotting;
  if (kind != Kind::start) return;
  {
    const MutexLock lock(owner_.mutex_);
    owner_.phase_ = Phase::running;
  }
  owner_.changed_.notify_all();
}

void IsolatedReplicator::Keeper::take_created(const Reply& reply) {
  {
    const MutexLock lock(owner_.mutex_);
    if (reply.error && !owner_.is_constructed_) {
      owner_.refusal_ = *reply.error;
      kill_reason_ = "refused its configuration";
    } else if (reply.error) {
      kill_reason_ = std::string("could not make the replicator: ") + reply.error->what();
    } else {
      const auto created = decode<Created>(reply.body);
      owner_.name_ = created.name.substr(0, kNameMax);
      owner_.type_ = created.type.substr(0, kNameMax);
      owner_.can_restore_ = created.can_restore;
      owner_.can_remove_ = created.can_remove;
      owner_.phase_ = Phase::created;
    }
  }
  owner_.changed_.notify_all();
}

void IsolatedReplicator::Keeper::take_stopped(const Reply& reply) {
  {
    const MutexLock lock(owner_.mutex_);
    if (reply.error && reply.error->code() == ErrorCode::transient) {
      // Threads of the plugin may still be running there: no second start in this process.
      kill_reason_ = std::string("did not stop: ") + reply.error->what();
      return;
    }
    if (reply.error) owner_.stop_error_ = *reply.error;
    owner_.phase_ = Phase::created;
  }
  owner_.changed_.notify_all();
}

void IsolatedReplicator::Keeper::take_report(const Message& message) {
  plugin::ReplicaObserver* observer = owner_.setup_.observer;
  switch (message.kind) {
    case Kind::state: {
      const auto report = decode<StateReport>(message.body);
      if (observer != nullptr) observer->state(report.state, report.detail);
      break;
    }
    case Kind::error: {
      const auto failure = decode<plugin::Failure>(message.body);
      if (observer != nullptr) observer->error(failure);
      break;
    }
    case Kind::metric: {
      const auto metric = decode<MetricReport>(message.body);
      if (observer != nullptr) observer->metric(metric.name, metric.kind, metric.value);
      break;
    }
    case Kind::log: {
      const auto line = decode<LogLine>(message.body);
      std::vector<obs::Field> fields;
      fields.reserve(line.fields.size());
      for (const auto& field : line.fields) {
        fields.emplace_back(field.key, field.value);
        fields.back().is_number = field.is_number && is_number(field.value);
      }
      obs::log(line.level, line.part, line.message, fields.data(), fields.size());
      break;
    }
    default:
      throw Error(ErrorCode::corrupt, "a message that only the host sends");
  }
}

void IsolatedReplicator::Keeper::read_output() {
  std::array<char, 4096> buffer;
  const auto got = ::read(output_.read.get(), buffer.data(), buffer.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return output_.read.reset();  // all of it that was open is closed
  lines_.add({buffer.data(), static_cast<std::size_t>(got)},
             [this](std::string_view line) { log_line(obs::Level::warn, line); });
}

void IsolatedReplicator::Keeper::log_line(obs::Level level, std::string_view message) const {
  obs::log(
      level, "plugin-output", message,
      {{"db", owner_.setup_.database}, {"replica", owner_.setup_.config.name}, {"type", owner_.setup_.config.type}});
}

}  // namespace lshost::isolation
