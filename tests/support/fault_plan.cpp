#include "support/fault_plan.hpp"

namespace lshost::test {

void FaultPlan::fail_nth(std::uint64_t n, ErrorCode code) {
  MutexLock lock(mutex_);
  until_nth_ = n;
  nth_code_ = code;
}

void FaultPlan::fail_op(std::string_view op, ErrorCode code, std::uint64_t times) {
  MutexLock lock(mutex_);
  rules_.push_back({.by_kind = false, .word = std::string(op), .code = code, .times_left = times});
}

void FaultPlan::fail_kind(std::string_view kind, ErrorCode code, std::uint64_t times) {
  MutexLock lock(mutex_);
  rules_.push_back({.by_kind = true, .word = std::string(kind), .code = code, .times_left = times});
}

void FaultPlan::heal() {
  MutexLock lock(mutex_);
  until_nth_.reset();
  rules_.clear();
  fired_ = false;
}

void FaultPlan::before_each(std::function<void(const FsOperation&)> hook) { hook_ = std::move(hook); }

bool FaultPlan::fired() const {
  MutexLock lock(mutex_);
  return fired_;
}

std::uint64_t FaultPlan::count() const {
  MutexLock lock(mutex_);
  return count_;
}

std::vector<std::string> FaultPlan::story() const {
  MutexLock lock(mutex_);
  return story_;
}

void FaultPlan::forget_story() {
  MutexLock lock(mutex_);
  story_.clear();
}

void FaultPlan::enter(std::string_view kind, std::string_view op, const std::string& path) {
  if (const auto error = enter_or_fail(kind, op, path)) throw Error(*error);
}

std::optional<Error> FaultPlan::enter_or_fail(std::string_view kind, std::string_view op, const std::string& path) {
  const FsOperation operation{std::string(kind), std::string(op), path};
  std::optional<ErrorCode> fault;
  {
    MutexLock lock(mutex_);
    ++count_;
    story_.push_back(operation.kind + " " + path);
    fault = next_fault(operation);
    if (fault) fired_ = true;
  }
  hook_.call(operation);
  if (!fault) return std::nullopt;
  return Error(*fault, operation.op + " " + path + ": injected failure");
}

std::optional<ErrorCode> FaultPlan::next_fault(const FsOperation& operation) {
  if (until_nth_ && --*until_nth_ == 0) {
    until_nth_.reset();
    return nth_code_;
  }
  for (auto& rule : rules_) {
    if (rule.times_left == 0 || rule.word != (rule.by_kind ? operation.kind : operation.op)) continue;
    --rule.times_left;
    return rule.code;
  }
  return std::nullopt;
}

}  // namespace lshost::test
