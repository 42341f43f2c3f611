#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "base/error.hpp"
#include "check/cases.hpp"
#include "check/restored.hpp"
#include "check/running.hpp"
#include "replica/catalog_reader.hpp"

namespace lshost::check {
namespace {

using std::chrono::milliseconds;

void require_listed(Bench& bench, const std::string& generation) {
  const auto offline = bench.make(bench.config_at("a"), nullptr, nullptr);
  const auto listed = offline->list(replica::ItemKind::generation, "");
  const auto name = [](const replica::Item& item) { return item.position.generation; };
  if (std::ranges::find(listed, generation, name) == listed.end()) {
    throw Failed(fmt::format("the generation {}, which nobody removed, is not listed any more", generation));
  }
}

}  // namespace

void case_replicate(Bench& bench) {
  Running running(bench, "a");
  running.world.start();
  running.world.commit(5);
  bench.doing("it replicated a database of five transactions");
  running.start();
  running.wait_until_durable(running.world.tip());
  for (int i = 0; i < 10; ++i) running.wait_until_durable(running.world.commit());
  const auto said = running.tap.said();
  for (std::size_t i = 1; i < said.durable.size(); ++i) {
    if (said.durable[i].generation != said.durable[i - 1].generation) continue;
    if (db::order(said.durable[i], said.durable[i - 1]) < 0) {
      throw Failed(fmt::format("it reported {} after {}, although nothing was lost", to_string(said.durable[i]),
                               to_string(said.durable[i - 1])));
    }
  }
  if (said.snapshots.empty()) throw Failed("it never reported a snapshot (report_snapshot)");
}

void case_restore(Bench& bench) {
  require_restore(bench);
  std::mt19937_64 random(bench.seed());
  for (unsigned round = 0; round < bench.rounds(); ++round) {
    for (const std::uint32_t page_size : {4096U, 512U, 1024U, 65536U}) {
      bench.doing(fmt::format("a database with pages of {} bytes was replicated and restored", page_size));
      Running running(bench, fmt::format("page-{}-{}", page_size, round), {.page_size = page_size});
      running.world.start();
      running.world.commit(static_cast<unsigned>(random() % 10));
      running.start();
      for (int burst = 0; burst < 5; ++burst) {
        const auto tip = running.world.commit(1 + static_cast<unsigned>(random() % 6));
        if (random() % 2 == 0) running.wait_until_durable(tip);
      }
      running.world.application().exec("VACUUM");
      running.world.commit();
      running.wait_until_durable(running.world.tip());
      running.require_identical();
    }
  }
}

void case_points(Bench& bench) {
  require_restore(bench);
  Running running(bench, "a");
  running.world.start();
  running.start();
  running.wait_until_durable(running.world.commit(3));
  std::vector<std::pair<db::Position, std::string>> points;
  for (unsigned i = 0; i < 4 * bench.rounds(); ++i) {
    const auto tip = running.world.commit(2);
    running.wait_until_durable(tip);
    points.emplace_back(tip, running.world.folder() + fmt::format("/image-{}.db", i));
    running.world.application().write_image(points.back().second);
  }
  running.end();
  for (const auto& [position, image] : points) {
    bench.doing("the state at " + to_string(position) + " was restored");
    require_same_pages(image, running.restored(position), "the state at " + to_string(position));
  }
}

void case_indexes(Bench& bench) {
  require_restore(bench);
  Running running(bench, "a", {.restart_pages = 1});
  running.world.start();
  running.start();
  for (unsigned i = 0; i < 1 + bench.rounds(); ++i) {
    bench.doing("the log restarted while the plugin ran");
    running.wait_until_durable(running.world.commit(4));
    running.world.next_index();
  }
  running.wait_until_durable(running.world.commit(2));
  bench.doing("the log restarted while the plugin did not run");
  running.end();
  running.world.next_index();
  running.world.next_index();
  const auto tip = running.world.commit();
  running.start();
  running.wait_until_durable(running.world.tip() == tip ? tip : running.world.tip());
  running.require_identical();
}

void case_generations(Bench& bench) {
  require_restore(bench);
  Running running(bench, "a");
  running.world.start();
  running.start();
  const auto first = running.world.commit(5);
  running.wait_until_durable(first);
  const std::string first_image = running.world.folder() + "/first.db";
  running.world.application().write_image(first_image);

  bench.doing("another database came under the name while the plugin ran");
  running.world.replace_database();
  const auto second = running.world.commit(3);
  running.wait_until_durable(second);
  running.require_identical();

  bench.doing("the log was restarted while there was no host");
  running.tap.forget();
  running.world.lose_continuity();
  running.start();
  running.wait_until_durable(running.world.commit(3));
  running.require_identical();

  bench.doing("the first generation was restored after two others began");
  require_same_pages(first_image, running.restored(first), "the state at " + to_string(first));
  require_listed(bench, first.generation);
  require_listed(bench, second.generation);
}

void case_resume(Bench& bench) {
  require_restore(bench);
  Running running(bench, "a");
  running.world.start();
  running.start();
  running.wait_until_durable(running.world.commit(4));
  bench.doing("a new host went on where the old one was");
  running.end();
  running.world.commit(4);
  running.world.restart_host();
  running.tap.forget();
  running.start();
  running.wait_until_durable(running.world.commit(2));
  running.require_identical();

  bench.doing("the plugin's own folder was lost");
  std::filesystem::remove_all(running.world.work_dir());
  std::filesystem::create_directories(running.world.work_dir());
  running.tap.forget();
  running.start();
  running.wait_until_durable(running.world.commit(2));
  running.require_identical();

  bench.doing("nothing was committed since");
  running.tap.forget();
  running.start();
  running.wait_until_durable(running.world.tip());
  running.require_identical();
}

void case_retention(Bench& bench) {
  require_restore(bench);
  if (!bench.make(bench.config_at("a"), nullptr, nullptr)->can_remove()) {
    throw Skipped("the plugin can not remove what it stored (it has no lshost.retention/1)");
  }
  Running running(bench, "a", {.restart_pages = 1});
  running.world.start();
  running.start();
  running.wait_until_durable(running.world.commit(4));
  running.world.next_index();
  running.wait_until_durable(running.world.commit(2));
  bench.doing("a second snapshot was due");
  const auto before = running.tap.said().snapshots.size();
  running.world.feed().set_snapshot_due(true);
  if (!running.tap.wait_until([&](const Tap::Said& said) { return said.snapshots.size() > before; }, kPatience)) {
    throw Failed("a snapshot was due, and it took none");
  }
  const auto newest = running.tap.said().snapshots.back();
  running.wait_until_durable(running.world.commit(2));

  bench.doing("everything before the newest snapshot was removed");
  std::vector<replica::Item> old;
  const auto offline = bench.make(bench.config_at("a"), nullptr, nullptr);
  for (const auto kind : {replica::ItemKind::snapshot, replica::ItemKind::wal}) {
    for (const auto& item : offline->list(kind, newest.generation)) {
      if (item.position.index < newest.index) old.push_back(item);
    }
  }
  if (old.empty()) throw Failed("it lists nothing that is older than the newest snapshot");
  offline->remove(old);
  offline->remove(old);  // a missing one is no error
  for (const auto kind : {replica::ItemKind::snapshot, replica::ItemKind::wal}) {
    for (const auto& item : offline->list(kind, newest.generation)) {
      if (item.position.index < newest.index)
        throw Failed("it still lists what was removed, at " + to_string(item.position));
    }
  }
  running.require_identical();

  bench.doing("a whole generation was removed");
  replica::Item generation;
  generation.kind = replica::ItemKind::generation;
  generation.position.generation = newest.generation;
  offline->remove({generation});
  if (!offline->list(replica::ItemKind::generation, "").empty())
    throw Failed("it still lists a generation that was removed");
}

void case_health(Bench& bench) {
  const auto probe = [&] {
    const auto instance = bench.make_instance(bench.config_at("a"), nullptr, nullptr);
    if (!instance->health()) throw Skipped("the plugin can not test its destination (it has no lshost.health/1)");
    const auto replicator = std::make_unique<plugin::ReplicatorAdapter>(instance);
    bench.doing("probe was called");
    const auto begin = std::chrono::steady_clock::now();
    replicator->probe(milliseconds(20'000));
    if (std::chrono::steady_clock::now() - begin > std::chrono::seconds(21))
      throw Failed("probe took longer than its deadline");
  };
  probe();
  probe();
  const auto offline = bench.make(bench.config_at("a"), nullptr, nullptr);
  if (offline->can_restore() && !offline->list(replica::ItemKind::generation, "").empty()) {
    throw Failed("after probe, a generation is listed at a destination where nothing was stored");
  }
  Running running(bench, "a");
  running.world.start();
  running.start();
  running.wait_until_durable(running.world.commit(3));
  probe();
  running.wait_until_durable(running.world.commit(3));
}

}  // namespace lshost::check
