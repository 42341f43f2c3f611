#include "daemon/verifier.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "obs/log.hpp"
#include "replica/scratch_file.hpp"

namespace lshost::daemon {

namespace {

using obs::Level;
using replica::Verdict;
using replica::Verification;

/// For a replica to have its first snapshot of a generation and the position of an image: a slow one needs minutes.
constexpr std::chrono::minutes kArrival(30);
constexpr std::chrono::nanoseconds kArrivalLook = std::chrono::milliseconds(100);
constexpr UnixNanos kNever = std::chrono::nanoseconds(std::chrono::hours(24)).count();

/// Of clients that hung up, too: what they asked for goes on.
constexpr std::size_t kQuestionsMax = 64;

Verification not_verified(std::string why) { return {Verdict::not_verified, std::move(why), 0}; }

bool has_reached(const db::Position& durable, const db::Position& wanted) {
  return durable.generation == wanted.generation && is_gteq(order(durable, wanted));
}

VerifyAnswer answer_of(const ToVerify& replica, Verification result, UnixNanos now) {
  VerifyAnswer answer;
  answer.path = replica.path;
  answer.replica = replica.replica;
  answer.result = std::move(result);
  answer.time_ns = now;
  return answer;
}

/// `is_due`: it may be sent again, so where it is not, that could not be done.
const char* consequence_of(bool is_sent_again, bool is_due) noexcept {
  if (is_sent_again) return "a new generation begins and everything is sent again";
  if (is_due) return "it is to be sent again, after the next verification: the database is not attached now";
  return "it was sent again before and fails still; it is sent again later";
}

std::vector<obs::Field> fields_of(const ToVerify& replica, const db::Position& position) {
  std::vector<obs::Field> fields{{"db", replica.database}, {"replica", replica.replica}};
  if (!position.is_none()) fields.emplace_back("position", db::to_string(position));
  return fields;
}

void log_fields(Level level, std::string_view message, const std::vector<obs::Field>& fields) {
  obs::log(level, "verify", message, fields.data(), fields.size());
}

}  // namespace

void Verifier::add(ToVerify replica) {
  (void)replica::remove_dead_scratch_files(replica.scratch_directory);
  {
    const MutexLock lock(mutex_);
    Entry& entry = entries_.emplace_back();
    entry.replica = std::move(replica);
    entry.next_ns = next_of(entry, clock_.unix_now());
  }
  wake_up_.notify();
}

void Verifier::remove(const replica::Replicator& replicator, const std::function<void()>& cancel) {
  std::list<Entry>::iterator entry;
  {
    const MutexLock lock(mutex_);
    const auto is_it = [&](const Entry& candidate) { return candidate.replica.replicator == &replicator; };
    entry = std::find_if(entries_.begin(), entries_.end(), is_it);
    if (entry != entries_.end()) entry->stop.request_stop();
  }
  cancel();
  std::list<Entry> gone;
  {
    MutexLock lock(mutex_);
    if (entry == entries_.end()) return;
    looked_at_.wait(lock, std::nullopt, [&]() LSHOST_REQUIRES(mutex_) { return busy_ != &*entry; });
    gone.splice(gone.end(), entries_, entry);
  }
  begin_attempt(gone.front());
  answer(gone.front(), answer_of(gone.front().replica, not_verified("the replica was stopped"), clock_.unix_now()));
}

void Verifier::ask(const std::string& database, const std::string& replica, Answered answered) {
  {
    const MutexLock lock(mutex_);
    const auto is_meant = [&](const Entry& entry) {
      const ToVerify& known = entry.replica;
      return (database.empty() || known.path == database || known.database == database) &&
             (replica.empty() || known.replica == replica);
    };
    const bool is_too_much = std::ranges::any_of(
        entries_, [&](const Entry& entry) { return is_meant(entry) && entry.questions.size() >= kQuestionsMax; });
    if (is_too_much) throw Error(ErrorCode::transient, "too many ask for this already; hint: wait for their answers");
    auto question = std::make_shared<Question>();
    question->answered = std::move(answered);
    for (Entry& entry : entries_) {
      if (!is_meant(entry)) continue;
      ++question->open;
      entry.questions.push_back(question);
    }
    if (question->open == 0) {
      throw Error(ErrorCode::invalid, "this host has no replica " + (replica.empty() ? "" : "'" + replica + "' ") +
                                          "of a database '" + database + "'; hint: lshost status lists what it has");
    }
  }
  wake_up_.notify();
}

void Verifier::start() {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Verifier::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Verifier::run(const std::stop_token& stop) {
  (void)::pthread_setname_np(::pthread_self(), "verify");
  while (!stop.stop_requested()) {
    const UnixNanos next = look_at_all(stop);
    // The wall clock may jump, so the sleep is bounded on both sides.
    const auto sleep = std::clamp<std::int64_t>(next - clock_.unix_now(), 1'000'000, 3'600'000'000'000);
    if (!wake_up_.wait_for(stop, std::chrono::nanoseconds(sleep))) return;
  }
}

/// When to look again. An entry that is looked at is busy, so it stays in the list while that is not locked.
UnixNanos Verifier::look_at_all(const std::stop_token& stop) LSHOST_NO_TSA {
  UnixNanos next = clock_.unix_now() + kNever;
  MutexLock lock(mutex_);
  for (Entry& entry : entries_) {
    if (stop.stop_requested()) break;
    if (entry.stop.stop_requested()) continue;
    if (entry.next_ns <= clock_.unix_now() || (!entry.questions.empty() && !entry.pending)) {
      busy_ = &entry;
      lock.unlock();
      look_at(entry);
      lock.lock();
      busy_ = nullptr;
      looked_at_.notify_all();
    }
    const bool is_asked = !entry.questions.empty() && !entry.pending;
    next = std::min(next, is_asked ? clock_.unix_now() : entry.next_ns);
  }
  return next;
}

void Verifier::look_at(Entry& entry) {
  std::optional<Verification> result;
  try {
    result = step(entry);
  } catch (const Error& e) {
    // Only what is read of the replica speaks about the replica; this is the database's side.
    result = not_verified(e.what());
  } catch (const std::exception& e) {
    result = not_verified(std::string("internal error: ") + e.what());
  }
  if (entry.stop.stop_requested()) return;
  if (result) {
    conclude(entry, *result);
  } else {
    entry.next_ns = clock_.unix_now() + kArrivalLook.count();
  }
}

std::optional<Verification> Verifier::step(Entry& entry) {
  if (!entry.pending) {
    begin_attempt(entry);
    if (auto result = take_image(entry)) return result;
    if (!entry.pending) return std::nullopt;
  }
  const ToVerify& replica = entry.replica;
  const db::Position durable = replica.feed->durable();
  if (has_reached(durable, entry.pending->position)) return restore_and_compare(entry);
  if (replica.source->status().tip.generation != entry.pending->position.generation)
    return not_verified("a new generation began meanwhile");
  const std::string error = replica.monitor->status().last_error;
  if (!error.empty()) return not_verified("the replica is in trouble: " + error);
  if (clock_.steady_now() < *entry.deadline) return std::nullopt;
  return not_verified("the replica is too far behind: it has " + db::to_string(durable) + " and not yet " +
                      db::to_string(entry.pending->position));
}

std::optional<Verification> Verifier::take_image(Entry& entry) {
  const ToVerify& replica = entry.replica;
  if (!replica.replicator->can_restore()) return not_verified("its plugin can not read back what it stored");
  const std::string error = replica.monitor->status().last_error;
  if (!error.empty()) return not_verified("the replica is in trouble: " + error);
  const db::DatabaseStatus status = replica.source->status();
  if (status.tip.is_none()) return not_verified("nothing was captured of the database yet: " + status.detail);
  const db::Position durable = replica.feed->durable();
  if (durable.generation != status.tip.generation) {
    if (clock_.steady_now() < *entry.deadline) return std::nullopt;
    return not_verified("the replica has no snapshot of the generation " + status.tip.generation + " yet");
  }
  auto image = replica.source->open_image();
  if (!image) return not_verified("the database is not attached: " + replica.source->status().detail);
  const auto stop = entry.stop.get_token();
  Pending pending{image->position, {}};
  pending.pages = replica::sum_pages(*image->bytes, image->page_size, [&] {
    if (stop.stop_requested()) throw Error(ErrorCode::cancelled, "the verification was stopped");
  });
  image.reset();  // checkpoints go on
  entry.pending = std::move(pending);
  return std::nullopt;
}

std::optional<Verification> Verifier::restore_and_compare(Entry& entry) {
  const ToVerify& replica = entry.replica;
  const Pending& pending = *entry.pending;
  fs_.create_directories("verify", replica.scratch_directory, 0700);
  replica::VerifyOptions options;
  options.scratch_directory = replica.scratch_directory;
  options.stop = entry.stop.get_token();
  Verification found = replica::verify_position(*replica.replicator, pending.position, pending.pages, options);
  if (!is_lie(found.verdict)) return found;
  // A replica that knows of its trouble told no lie, and works on it; neither did one whose generation is over.
  if (const auto error = replica.monitor->status().last_error; !error.empty())
    return not_verified("the replica is in trouble: " + error);
  if (replica.source->status().tip.generation != pending.position.generation)
    return not_verified("a new generation began meanwhile");
  return found;
}

bool Verifier::send_again(Entry& entry, VerifyHistory& history, UnixNanos now) {
  if (!may_send_again(history, now)) return false;
  if (!entry.replica.source->leave_generation(history.position.generation, db::NewGeneration::replica_not_verified))
    return false;
  history = with_sending(std::move(history), now);
  return true;
}

void Verifier::conclude(Entry& entry, const Verification& result) {
  const ToVerify& replica = entry.replica;
  const db::Position position = entry.pending ? entry.pending->position : db::Position{};
  entry.pending.reset();
  entry.deadline.reset();
  const UnixNanos now = clock_.unix_now();
  const VerifyHistory before = replica.record->history();
  VerifyHistory history = with_attempt(before, result, position, now);
  bool is_sent_again = false;
  auto fields = fields_of(replica, position);
  if (is_lie(result.verdict)) {
    // First the verdict, durably: a host that dies in between has not forgotten it.
    replica.record->set(history);
    is_sent_again = send_again(entry, history, now);
  }
  replica.record->set(history);  // before a word of it is said
  if (is_lie(result.verdict)) {
    fields.emplace_back("result", replica::to_string(result.verdict));
    fields.emplace_back("found", result.detail);
    fields.emplace_back("consequence", consequence_of(is_sent_again, may_send_again(history, now)));
    log_fields(Level::error,
               "the replica does not hold what it reported as durable; hint: look at its destination, and check the "
               "database itself with PRAGMA integrity_check",
               fields);
  } else if (result.verdict == Verdict::not_verified) {
    fields.emplace_back("reason", result.detail);
    // Said when it begins and when it changes; a replica on its way to its first snapshot is no news.
    const bool is_news = history.tries == 1 || before.why_not != history.why_not;
    log_fields(is_news && !before.is_being_sent() ? Level::warn : Level::debug, "could not be verified", fields);
  } else {
    fields.emplace_back("pages", result.pages);
    log_fields(Level::info,
               before.lies > 0 ? "verified, after it was sent again: the replica is the database, page by page"
                               : "verified: the replica is the database, page by page",
               fields);
  }
  entry.next_ns = next_of(entry, now);
  VerifyAnswer told = answer_of(replica, result, now);
  told.position = position;
  told.is_sent_again = is_sent_again;
  told.is_nothing_there = replica.source->status().tip.is_none();
  answer(entry, std::move(told));
}

void Verifier::begin_attempt(Entry& entry) {
  if (!entry.deadline) entry.deadline = clock_.steady_now() + kArrival;
  const MutexLock lock(mutex_);
  entry.served.insert(entry.served.end(), entry.questions.begin(), entry.questions.end());
  entry.questions.clear();
}

void Verifier::answer(Entry& entry, VerifyAnswer answer) {
  std::vector<std::shared_ptr<Question>> complete;
  {
    const MutexLock lock(mutex_);
    for (auto& question : std::exchange(entry.served, {})) {
      question->answers.push_back(answer);
      if (--question->open == 0) complete.push_back(std::move(question));
    }
  }
  for (const auto& question : complete) question->answered(question->answers);
}

UnixNanos Verifier::next_of(const Entry& entry, UnixNanos now) const {
  const ToVerify& replica = entry.replica;
  const auto next = next_verification(replica.interval, replica.record->history(), replica.made_ns, now);
  return next.value_or(now + kNever);
}

}  // namespace lshost::daemon
