#include "check/running.hpp"

#include "check/restored.hpp"

namespace lshost::check {

Running::Running(Bench& on, const std::string& at, const WorldOptions& options)
    : bench(on), place(at), world(on.path("world-" + at), on.seed(), options) {}

Running::~Running() { end(); }

void Running::start() {
  if (replicator == nullptr) {
    replicator = bench.make(bench.config_at(place), &world.feed(), &tap, world.work_dir());
  }
  replicator->start();
}

void Running::end() {
  if (replicator == nullptr) return;
  check::end(*replicator);
  replicator.reset();
}

void Running::wait_until_durable(const db::Position& position) {
  const auto is_there = [&](const Tap::Said& said) { return !said.durable.empty() && said.durable.back() == position; };
  const auto gave_up = [](const Tap::Said& said) {
    return !said.states.empty() && said.states.back() == LSHOST_STATE_FAILED;
  };
  (void)tap.wait_until([&](const Tap::Said& said) { return is_there(said) || gave_up(said); }, kPatience);
  const auto said = tap.said();
  if (is_there(said)) return;
  std::string reason = "it did not report " + to_string(position) + " as durable";
  reason += said.durable.empty() ? "; it reported nothing" : "; its last report was " + to_string(said.durable.back());
  if (!said.errors.empty()) reason += "; its last error was: " + said.errors.back();
  if (gave_up(said)) reason += "; it gave up (LSHOST_STATE_FAILED)";
  throw Failed(reason);
}

std::string Running::restored(const db::Position& position, const std::string& name) {
  const std::string path = world.folder() + "/" + name;
  const auto offline = bench.make(bench.config_at(place), nullptr, nullptr);
  if (!offline->can_restore())
    throw Skipped("the plugin can not give back what it stored (it has no lshost.restore/1)");
  restore(*offline, position, path);
  return path;
}

void Running::require_identical() {
  const auto tip = world.tip();
  end();
  const std::string image = world.folder() + "/image.db";
  world.application().write_image(image);
  require_same_pages(image, restored(tip), "what was restored");
}

void require_restore(Bench& bench) {
  if (!bench.make(bench.config_at("a"), nullptr, nullptr)->can_restore()) {
    throw Skipped("the plugin can not give back what it stored (it has no lshost.restore/1)");
  }
}

}  // namespace lshost::check
