#include "isolation/calls.hpp"

#include <utility>

namespace lshost::isolation {

Bytes Call::wait(std::optional<std::chrono::milliseconds> limit) {
  MutexLock lock(mutex_);
  Condition::Deadline deadline;
  if (limit) deadline = std::chrono::steady_clock::now() + *limit;
  const bool is_there = changed_.wait(lock, deadline, [this]() LSHOST_REQUIRES(mutex_) { return reply_.has_value(); });
  if (!is_there) throw Error(ErrorCode::transient, "the plugin did not answer");
  if (reply_->error) throw Error(*reply_->error);
  return reply_->body;
}

void Call::wait_for_end() {
  MutexLock lock(mutex_);
  (void)changed_.wait(lock, std::nullopt, [this]() LSHOST_REQUIRES(mutex_) { return has_ended_; });
  if (end_error_) throw Error(*end_error_);
}

void Call::set_reply(Reply reply) {
  {
    const MutexLock lock(mutex_);
    if (!reply_) reply_ = std::move(reply);
  }
  changed_.notify_all();
}

void Call::set_end(std::optional<Error> error) {
  {
    const MutexLock lock(mutex_);
    if (!std::exchange(has_ended_, true)) end_error_ = std::move(error);
  }
  changed_.notify_all();
}

CallTable::Added CallTable::add() {
  const MutexLock lock(mutex_);
  if (failed_) throw Error(*failed_);
  const std::uint64_t id = next_id_++;
  return {id, calls_.emplace(id, std::make_shared<Call>()).first->second};
}

void CallTable::forget(std::uint64_t id) {
  const MutexLock lock(mutex_);
  calls_.erase(id);
}

bool CallTable::reply(std::uint64_t id, Reply reply) {
  std::shared_ptr<Call> call;
  {
    const MutexLock lock(mutex_);
    const auto found = calls_.find(id);
    if (found == calls_.end()) return false;
    call = found->second;
  }
  call->set_reply(std::move(reply));
  return true;
}

void CallTable::end_stream(std::uint64_t id, std::optional<Error> error) {
  std::shared_ptr<Call> call;
  {
    const MutexLock lock(mutex_);
    const auto found = calls_.find(id);
    if (found == calls_.end()) return;  // its reader had enough of it
    call = std::move(found->second);
    calls_.erase(found);
  }
  call->set_end(std::move(error));
}

void CallTable::fail_all(const Error& error) {
  std::map<std::uint64_t, std::shared_ptr<Call>> failed;
  {
    const MutexLock lock(mutex_);
    failed_ = error;
    failed.swap(calls_);
  }
  for (const auto& [id, call] : failed) {
    call->set_reply({error, {}});
    call->set_end(error);
  }
}

}  // namespace lshost::isolation
