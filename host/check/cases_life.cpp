#include <lshost/plugin.h>

#include <fmt/format.h>

#include <atomic>
#include <future>
#include <thread>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "check/cases.hpp"
#include "check/process_state.hpp"
#include "check/running.hpp"
#include "plugin/abi.hpp"
#include "plugin/host_services.hpp"

namespace lshost::check {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStopLimit(5'000);

/// Holds a call of the plugin until the host wants it to stop, as a slow disk would.
class Holding {
 public:
  /// In the `nth` call of that kind, from 1.
  Holding(Tap& tap, Call call, unsigned nth) {
    tap.before = [state = state_, call, nth](Call now, lshost_ctx* ctx) -> std::int32_t {
      if (now != call || ++state->calls < nth) return LSHOST_OK;
      state->is_held = true;
      return plugin::host_services().sleep(ctx, -1) == LSHOST_CANCELLED ? LSHOST_CANCELLED : LSHOST_OK;
    };
  }
  /// False: the plugin has made everything durable, or does nothing, without that call.
  [[nodiscard]] bool wait(const Tap& tap, const db::Position& tip) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!state_->is_held && std::chrono::steady_clock::now() < deadline) {
      const auto said = tap.said();
      if (!said.durable.empty() && said.durable.back() == tip && !state_->is_held) return false;
      pause_for(milliseconds(1));
    }
    return state_->is_held;
  }

 private:
  struct State {
    std::atomic<unsigned> calls{0};
    std::atomic<bool> is_held{false};
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

void stop_in(Running& running, const std::string& state) {
  running.bench.doing("stop was called " + state);
  try {
    running.replicator->stop(kStopLimit);
  } catch (const Error& e) {
    throw Failed(state + ": " + e.what());
  }
  running.replicator.reset();
}

void wait_for_state(Running& running, std::int32_t state, const std::string& what) {
  const auto is_there = [&](const Tap::Said& said) { return !said.states.empty() && said.states.back() == state; };
  // Not every plugin says what it is doing; then what it has made durable has to do.
  if (!running.tap.wait_until(is_there, milliseconds(200)))
    running.bench.doing("the plugin was expected to be " + what);
}

/// Calls stop as the host does, on a thread that may never come back. Throws Failed where it does not in time.
void stop_raw(Bench& bench, const std::shared_ptr<plugin::Instance>& instance, const std::string& state) {
  bench.doing("stop was called " + state);
  std::packaged_task<std::string()> call([instance] {
    plugin::ErrorOut err;
    const auto result = instance->table().stop(instance->self(), kStopLimit.count(), &err);
    return result == LSHOST_OK ? "" : fmt::format("it says {}: {}", result, plugin::message_of(err));
  });
  auto answer = call.get_future();
  auto thread = std::make_unique<std::thread>(std::move(call));
  if (answer.wait_for(kStopLimit) != std::future_status::ready) {
    (void)thread.release();  // it ends with this process
    instance->context().close();
    throw Failed(fmt::format("{}: Stop did not return within {} ms", state, kStopLimit.count()));
  }
  thread->join();
  const std::string said = answer.get();
  if (!said.empty()) throw Failed(state + ": " + said);
}

void stop_before_start(Bench& bench) {
  Running running(bench, "never-started");
  const auto instance =
      bench.make_instance(bench.config_at("never-started"), &running.world.feed(), nullptr, running.world.work_dir());
  instance->context().request_stop();
  stop_raw(bench, instance, "before start");
  instance->context().close();
}

void stop_while_held(Bench& bench, Call call, unsigned nth, const std::string& place) {
  Running running(bench, place);
  Holding holding(running.tap, call, nth);
  running.tap.hides_descriptors = true;  // so that reads are calls
  running.world.start();
  const auto tip = running.world.commit(5);
  running.start();
  if (!holding.wait(running.tap, tip)) return;  // a plugin need not make that call
  stop_in(running, fmt::format("while {} blocks", to_string(call)));
}

}  // namespace

void case_stop(Bench& bench) {
  stop_before_start(bench);
  {
    Running running(bench, "no-generation");
    running.start();
    wait_for_state(running, LSHOST_STATE_WAITING, "waiting for a generation");
    stop_in(running, "while there is no generation");
  }
  for (unsigned i = 0; i < 3 * bench.rounds(); ++i) {
    Running running(bench, fmt::format("right-after-{}", i));
    running.world.start();
    running.world.commit(5);
    running.start();
    stop_in(running, "right after start");
  }
  {
    Running running(bench, "idle");
    running.world.start();
    running.start();
    running.wait_until_durable(running.world.commit(5));
    wait_for_state(running, LSHOST_STATE_STREAMING, "streaming");
    stop_in(running, "while it is idle");
  }
  stop_while_held(bench, Call::snapshot_open, 1, "in-snapshot-open");
  stop_while_held(bench, Call::snapshot_read, 1, "in-first-read");
  stop_while_held(bench, Call::snapshot_read, 2, "in-second-read");
  stop_while_held(bench, Call::wal_open, 1, "in-wal-open");
  stop_while_held(bench, Call::wal_read, 1, "in-wal-read");
  {
    Running running(bench, "backing-off");
    running.tap.before = [](Call call, lshost_ctx*) -> std::int32_t {
      return call == Call::wal_open || call == Call::snapshot_open ? LSHOST_E_UNAVAILABLE : LSHOST_OK;
    };
    running.world.start();
    running.world.commit(2);
    running.start();
    (void)running.tap.wait_until([](const Tap::Said& said) { return !said.errors.empty(); }, milliseconds(500));
    stop_in(running, "while it backs off");
  }
}

void case_start_again(Bench& bench) {
  Running running(bench, "a");
  running.world.start();
  bench.doing("start was called");
  running.start();
  running.wait_until_durable(running.world.commit(3));
  bench.doing("start was called again");
  running.start();  // the host stops a run that is going on first
  running.wait_until_durable(running.world.commit(3));
  bench.doing("stop was called twice");
  running.replicator->stop(kStopLimit);
  running.replicator->stop(kStopLimit);
  const auto tip = running.world.commit(3);
  bench.doing("start was called after stop");
  running.start();
  running.wait_until_durable(tip);
  running.replicator->stop(kStopLimit);
  bench.doing("destroy was called");
  running.replicator.reset();

  const auto instance =
      bench.make_instance(bench.config_at("a"), &running.world.feed(), nullptr, running.world.work_dir());
  plugin::ErrorOut err;
  plugin::check(instance->table().start(instance->self(), &err), err, "start");
  instance->context().request_stop();
  stop_raw(bench, instance, "after start");
  stop_raw(bench, instance, "although it was stopped");
  (void)instance->context().threads().join(std::nullopt);
  instance->context().close();
}

void case_snapshotting(Bench& bench) {
  // A call that holds the worker up must not hold the status up: the host asks for it whenever it likes.
  constexpr milliseconds kLimit(2'000);
  for (const Call call : {Call::snapshot_open, Call::snapshot_read, Call::wal_open, Call::wal_read, Call::wait}) {
    const std::string place = fmt::format("held-{}", static_cast<int>(call));
    Running running(bench, place);
    Holding holding(running.tap, call, 1);
    running.tap.hides_descriptors = true;
    running.world.start();
    const auto tip = running.world.commit(5);
    running.start();
    if (!holding.wait(running.tap, tip)) continue;
    bench.doing(fmt::format("snapshotting, name and type were called while {} blocked", to_string(call)));
    auto* replicator = running.replicator.get();
    std::packaged_task<void()> ask([replicator] {
      (void)replicator->snapshotting();
      (void)replicator->name();
      (void)replicator->type();
    });
    auto answer = ask.get_future();
    const auto begin = std::chrono::steady_clock::now();
    std::thread thread(std::move(ask));
    const bool is_prompt = answer.wait_for(kLimit) == std::future_status::ready;
    if (!is_prompt) {
      // Let it end, if it does, before anything goes.
      running.replicator->stop(kStopLimit);
      thread.join();
      const auto ms = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin).count();
      throw Failed(
          fmt::format("while {} blocked, snapshotting, name or type blocked, too (for {} ms)", to_string(call), ms));
    }
    thread.join();
  }
  Running running(bench, "free");
  running.world.start();
  running.start();
  running.wait_until_durable(running.world.commit(5));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (running.replicator->snapshotting()) {
    if (std::chrono::steady_clock::now() > deadline)
      throw Failed("snapshotting stays 1 although everything is durable");
    pause_for(milliseconds(1));
  }
}

// ---- leaks ----

namespace {

struct Use {
  std::uint64_t heap = heap_in_use();
  std::uint64_t resident = resident_size();
  ProcessState state = look_at_process();
};

/// What grew with each of `rounds` rounds; "": nothing that could not be chance.
std::string growth(const Use& before, const Use& after, unsigned rounds, std::uint64_t bytes_each) {
  std::string text;
  const auto add = [&](const std::string& sentence) { text += (text.empty() ? "" : "; ") + sentence; };
  if (after.state.descriptors.size() > before.state.descriptors.size()) {
    for (const auto& [number, target] : after.state.descriptors) {
      if (!before.state.descriptors.contains(number)) {
        add(fmt::format("{} more descriptors are open, one of them leads to {}",
                        after.state.descriptors.size() - before.state.descriptors.size(), target));
        break;
      }
    }
  }
  if (after.state.threads.size() > before.state.threads.size()) {
    add(fmt::format("there are {} more threads", after.state.threads.size() - before.state.threads.size()));
  }
  const std::uint64_t heap = after.heap > before.heap ? after.heap - before.heap : 0;
  if (heap / rounds > bytes_each) add(fmt::format("the heap grew by {} bytes each time", heap / rounds));
  // Memory that is not malloc's; in pages, so it takes more to be sure.
  const std::uint64_t resident = after.resident > before.resident ? after.resident - before.resident : 0;
  if (text.empty() && resident > (std::uint64_t{16} << 20) && resident / rounds > bytes_each * 4) {
    add(fmt::format("the process grew by {} bytes each time", resident / rounds));
  }
  return text;
}

}  // namespace

void case_leaks(Bench& bench) {
  const auto config = bench.config_at("a");
  {
    bench.doing("create and destroy were called again and again");
    const auto once = [&] { (void)bench.make(config, nullptr, nullptr); };
    constexpr unsigned kTimes = 200;
    for (unsigned i = 0; i < 50; ++i) once();
    const Use before;
    for (unsigned i = 0; i < kTimes; ++i) once();
    const std::string grown = growth(before, Use{}, kTimes, 64);
    if (!grown.empty()) throw Failed(fmt::format("after {} times create and destroy {}", kTimes, grown));
  }
  bench.doing("create, start, stop and destroy were called again and again");
  Running running(bench, "a");
  running.world.start();
  const auto once = [&] {
    running.tap.forget();
    running.start();
    running.world.application().exec("UPDATE ledger SET n = n");  // does not grow
    running.wait_until_durable(running.world.tip());
    running.replicator->stop(kStopLimit);
    running.replicator.reset();
  };
  constexpr unsigned kTimes = 20;
  for (unsigned i = 0; i < 10; ++i) once();
  running.tap.forget();
  const Use before;
  for (unsigned i = 0; i < kTimes; ++i) once();
  running.tap.forget();
  const std::string grown = growth(before, Use{}, kTimes, 4096);
  if (!grown.empty()) throw Failed(fmt::format("after {} times create, start, stop and destroy {}", kTimes, grown));
}

}  // namespace lshost::check
