#include "plugin/replicator_adapter.hpp"

#include <algorithm>
#include <future>
#include <list>
#include <thread>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "obs/log.hpp"
#include "plugin/abi.hpp"
#include "plugin/convert.hpp"
#include "plugin/plugin_stream.hpp"

namespace lshost::plugin {
namespace {

using std::chrono::milliseconds;
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

constexpr milliseconds kUnaskedStopLimit{10'000};  // where nobody said how long to wait

Deadline deadline_after(milliseconds duration) {
  if (duration.count() < 0) return std::nullopt;
  return std::chrono::steady_clock::now() + duration;
}

/// What stop came to; shared with a thread that may outlive the call.
struct StopCall {
  std::int32_t result = LSHOST_OK;
  ErrorOut err;
};

/// What can not be ended, because a plugin did not stop: its threads may still be in the instance.
struct Kept {
  std::shared_ptr<Instance> instance;
  std::thread thread;
};

/// Never destroyed and never joined.
void keep_for_ever(Kept what) {
  static auto* const mutex = new Mutex;
  static auto* const kept = new std::list<Kept>;
  const MutexLock lock(*mutex);
  kept->push_back(std::move(what));
}

/// Calls the plugin's stop on a thread of its own, because it may never return. nullopt: not by the deadline.
std::optional<StopCall> call_stop(const std::shared_ptr<Instance>& instance, milliseconds duration, Deadline deadline) {
  std::packaged_task<StopCall()> task([instance, duration] {
    StopCall call;
    call.result = instance->table().stop(instance->self(), duration.count(), &call.err);
    return call;
  });
  std::future<StopCall> answer = task.get_future();
  std::thread thread(std::move(task));
  if (deadline && answer.wait_until(*deadline) == std::future_status::timeout) {
    keep_for_ever({instance, std::move(thread)});
    return std::nullopt;
  }
  thread.join();
  return answer.get();
}

/// A sink of C that fills a vector. What fails in it fails the listing.
struct ItemCollector {
  std::vector<replica::Item> items;
  std::size_t impossible = 0;
  replica::ItemKind kind;

  static std::int32_t take(lshost_item_sink* self, const lshost_item* item) noexcept {
    return guard(nullptr, [&]() -> std::int32_t {
      auto& into = *static_cast<ItemCollector*>(self->impl);
      auto ours = item == nullptr ? std::nullopt : from_c(copy_in(item));
      if (ours && ours->kind == into.kind) {
        into.items.push_back(std::move(*ours));
      } else {
        ++into.impossible;
      }
      return LSHOST_OK;
    });
  }
};

/// In position order, as it must be and nearly always is.
void sort_by_position(std::vector<replica::Item>& items) {
  const auto before = [](const replica::Item& a, const replica::Item& b) {
    return std::tie(a.position.generation, a.position.index, a.position.offset) <
           std::tie(b.position.generation, b.position.index, b.position.offset);
  };
  if (!std::is_sorted(items.begin(), items.end(), before)) std::sort(items.begin(), items.end(), before);
}

}  // namespace

ReplicatorAdapter::ReplicatorAdapter(std::shared_ptr<Instance> instance) : instance_(std::move(instance)) {}

ReplicatorAdapter::~ReplicatorAdapter() {
  try {
    if (is_running_) stop_run(kUnaskedStopLimit);
  } catch (const std::exception& e) {
    obs::log(obs::Level::error, "plugin", e.what());
  }
  instance_->context().close();
}

std::string ReplicatorAdapter::name() const { return std::string(text_of(instance_->table().name(instance_->self()))); }

std::string ReplicatorAdapter::type() const { return std::string(text_of(instance_->table().type(instance_->self()))); }

bool ReplicatorAdapter::snapshotting() const { return instance_->table().snapshotting(instance_->self()) != 0; }

// ---- running ----

void ReplicatorAdapter::require_not_given_up() const {
  if (!is_given_up_) return;
  throw Error(ErrorCode::unsupported, instance_->label() + ": the plugin did not stop before; hint: restart lshost");
}

void ReplicatorAdapter::start() {
  require_not_given_up();
  if (is_running_) stop_run(kUnaskedStopLimit);
  is_running_ = true;
  ErrorOut err;
  const std::int32_t result = instance_->table().start(instance_->self(), &err);
  if (result == LSHOST_OK) return;
  stop_run(kUnaskedStopLimit);  // it may have begun to work
  check(result, err, instance_->label());
}

void ReplicatorAdapter::stop(milliseconds deadline) {
  require_not_given_up();
  if (is_running_) stop_run(deadline);
}

void ReplicatorAdapter::stop_run(milliseconds duration) {
  const Deadline deadline = deadline_after(duration);
  instance_->context().request_stop();
  const auto call = call_stop(instance_, duration, deadline);
  if (!call || !instance_->context().threads().join(deadline)) {
    give_up();
    throw Error(ErrorCode::transient, instance_->label() + ": the plugin did not stop within " +
                                          std::to_string(duration.count()) + " ms; it is given up");
  }
  is_running_ = false;
  instance_->context().finish_stop();
  if (call->result != LSHOST_CANCELLED) check(call->result, call->err, instance_->label());
}

void ReplicatorAdapter::give_up() {
  is_given_up_ = true;
  is_running_ = false;
  keep_for_ever({instance_, {}});
  instance_->context().close();
}

// ---- reading back ----

const lshost_restore& ReplicatorAdapter::require_restore() const {
  if (!instance_->restore()) {
    throw Error(ErrorCode::unsupported, instance_->label() + ": this plugin can not list or read back what it stored");
  }
  return *instance_->restore();
}

std::vector<replica::Item> ReplicatorAdapter::list(replica::ItemKind kind, const std::string& generation) {
  const lshost_restore& restore = require_restore();
  ItemCollector collected{{}, 0, kind};
  lshost_item_sink sink = {sizeof(lshost_item_sink), 0, &collected, ItemCollector::take};
  ErrorOut err;
  check(restore.list(instance_->self(), to_c(kind), generation.c_str(), &sink, &err), err, instance_->label());
  if (collected.impossible != 0) {
    obs::log(obs::Level::warn, "plugin", "the plugin listed things that can not be; they are ignored",
             {{"replica", instance_->context().setup().config.name}, {"count", std::uint64_t{collected.impossible}}});
  }
  if (kind != replica::ItemKind::generation) sort_by_position(collected.items);
  return std::move(collected.items);
}

std::unique_ptr<ByteStream> ReplicatorAdapter::open(const replica::Item& item) {
  const lshost_restore& restore = require_restore();
  const lshost_item wanted = to_c(item);
  lshost_reader* reader = nullptr;
  ErrorOut err;
  check(restore.open(instance_->self(), &wanted, &reader, &err), err, instance_->label());
  if (reader == nullptr) throw Error(ErrorCode::internal, instance_->label() + ": the plugin opened nothing");
  return std::make_unique<PluginStream>(reader, instance_, instance_->label());
}

std::vector<replica::CommitTime> ReplicatorAdapter::commit_times(const replica::Item& item) {
  const lshost_restore& restore = require_restore();
  std::vector<replica::CommitTime> times;
  if (restore.commit_times == nullptr) return times;
  const auto take = [](lshost_time_sink* self, std::uint64_t end_offset, std::int64_t commit_ns) noexcept {
    return guard(nullptr, [&]() -> std::int32_t {
      static_cast<std::vector<replica::CommitTime>*>(self->impl)->push_back({end_offset, commit_ns});
      return LSHOST_OK;
    });
  };
  lshost_time_sink sink = {sizeof(lshost_time_sink), 0, &times, take};
  const lshost_item wanted = to_c(item);
  ErrorOut err;
  check(restore.commit_times(instance_->self(), &wanted, &sink, &err), err, instance_->label());
  return times;
}

void ReplicatorAdapter::remove(const std::vector<replica::Item>& items) {
  const auto& retention = instance_->retention();
  if (!retention) throw Error(ErrorCode::unsupported, instance_->label() + ": this plugin can not remove anything");
  std::vector<lshost_item> all;
  all.reserve(items.size());
  std::vector<const lshost_item*> pointers;
  pointers.reserve(items.size());
  for (const replica::Item& item : items) pointers.push_back(&all.emplace_back(to_c(item)));
  ErrorOut err;
  check(retention->remove(instance_->self(), pointers.data(), pointers.size(), &err), err, instance_->label());
}

void ReplicatorAdapter::probe(milliseconds deadline) {
  const auto& health = instance_->health();
  if (!health) throw Error(ErrorCode::unsupported, instance_->label() + ": this plugin can not test its destination");
  ErrorOut err;
  check(health->probe(instance_->self(), deadline.count(), &err), err, instance_->label());
}

}  // namespace lshost::plugin
