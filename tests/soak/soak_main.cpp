// Random misfortunes for as long as told. scripts/soak builds and starts it.
//
//   lshost_soak --minutes N [--seed S] [--only KIND] [--round-seed S]
//     KIND: kills, failed-steps, snapshots, power, damage, full-disk
//
// Each round has a seed of its own, which is printed where something is wrong: `--round-seed S --only KIND` repeats
// it, as far as threads and processes can be repeated. Ends with 1 if anything was wrong, after all the time that it
// was given.

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "obs/log.hpp"
#include "soak/rounds.hpp"
#include "support/loop_disk.hpp"
#include "support/small_disk.hpp"

namespace {

using namespace lshost::test;
using Clock = std::chrono::steady_clock;

struct Options {
  double minutes = 1;
  std::uint64_t seed = 0;
  std::string only;
  bool one_round = false;
};

struct Kind {
  std::string name;
  int weight;  ///< how often it comes
  std::function<void(std::mt19937_64&, Tally&)> run;
};

[[noreturn]] void refuse(const std::string& what) {
  std::cerr << "lshost_soak: " << what << "; hint: --minutes N [--seed S] [--only KIND] [--round-seed S]\n";
  std::exit(2);
}

Options parse(int count, char** arguments) {
  Options options;
  options.seed = std::random_device{}();
  for (int i = 1; i < count; i += 2) {
    const std::string name = arguments[i];
    if (i + 1 == count) refuse(name + " has no value");
    const std::string value = arguments[i + 1];
    try {
      if (name == "--minutes") {
        options.minutes = std::stod(value);
      } else if (name == "--seed") {
        options.seed = std::stoull(value);
      } else if (name == "--round-seed") {
        options.seed = std::stoull(value);
        options.one_round = true;
      } else if (name == "--only") {
        options.only = value;
      } else {
        refuse("unknown option " + name);
      }
    } catch (const std::logic_error&) {
      refuse(name + " " + value + " is no number");
    }
  }
  if (options.one_round && options.only.empty()) refuse("--round-seed needs --only");
  return options;
}

std::vector<Kind> possible_kinds() {
  std::vector<Kind> kinds = {
      {"kills", 12, [](auto& random, Tally& tally) { kill_round(random, 12, tally); }},
      {"failed-steps", 3, [](auto& random, Tally& tally) { failed_step_round(random, 8, tally); }},
      {"snapshots", 3, [](auto& random, Tally& tally) { snapshot_round(random, 15, tally); }},
      {"damage", 6, [](auto& random, Tally& tally) { damage_round(random, 100, tally); }},
  };
  if (const auto reason = LoopDisk::why_not()) {
    std::cout << "soak: no power cuts: " << *reason << "\n";
  } else {
    kinds.push_back({"power", 3, [](auto& random, Tally& tally) { power_round(random, 8, tally); }});
  }
  if (const auto reason = SmallDisk::why_not()) {
    std::cout << "soak: no full disks: " << *reason << "\n";
  } else {
    kinds.push_back({"full-disk", 1, [](auto& random, Tally& tally) { full_disk_round(random, tally); }});
  }
  return kinds;
}

std::string summary(const Tally& tally) {
  const std::vector<std::pair<std::string, std::int64_t>> counts = {
      {"host kills", tally.host_kills},
      {"(of these at a step", tally.steps_killed},
      {"failed steps", tally.steps_failed},
      {"application kills", tally.application_kills},
      {"power cuts", tally.power_cuts},
      {"full disks", tally.full_disks},
      {"damaged replicas", tally.damaged_replicas},
      {"(refused", tally.damage_refused},
      {"restores", tally.restores},
      {"wrong restores", tally.wrong_restores},
      {"lost durable positions", tally.lost_positions},
      {"other trouble", tally.other_trouble},
  };
  std::string text;
  for (const auto& [name, count] : counts) {
    if (!text.empty()) text += name.starts_with("(") ? " " : ", ";
    text += name + ": " + std::to_string(count) + (name.starts_with("(") ? ")" : "");
  }
  return text;
}

void count_wrong(Wrong::Kind kind, Tally& tally) {
  switch (kind) {
    case Wrong::Kind::restore:
      ++tally.wrong_restores;
      break;
    case Wrong::Kind::durable:
      ++tally.lost_positions;
      break;
    case Wrong::Kind::other:
      ++tally.other_trouble;
      break;
  }
}

void run_round(const Kind& kind, std::uint64_t seed, Tally& tally) {
  std::mt19937_64 random(seed);
  try {
    kind.run(random, tally);
    return;
  } catch (const Wrong& e) {
    count_wrong(e.kind(), tally);
    std::cout << "soak: WRONG: " << e.what() << "\n";
  } catch (const std::exception& e) {
    ++tally.other_trouble;
    std::cout << "soak: TROUBLE: " << e.what() << "\n";
  }
  std::cout << "soak: repeat it with: --only " << kind.name << " --round-seed " << seed << std::endl;
}

const Kind& choose(const std::vector<Kind>& kinds, std::mt19937_64& random) {
  std::int64_t total = 0;
  for (const auto& kind : kinds) total += kind.weight;
  auto ticket = between(random, 1, total);
  for (const auto& kind : kinds) {
    ticket -= kind.weight;
    if (ticket <= 0) return kind;
  }
  return kinds.back();
}

int soak(const Options& options) {
  auto kinds = possible_kinds();
  if (!options.only.empty()) {
    std::erase_if(kinds, [&](const Kind& kind) { return kind.name != options.only; });
    if (kinds.empty()) refuse("no kind " + options.only + " here");
  }
  std::cout << "soak: seed " << options.seed << std::endl;
  Tally tally;
  if (options.one_round) {
    run_round(kinds.front(), options.seed, tally);
  } else {
    std::mt19937_64 random(options.seed);
    const auto start = Clock::now();
    const auto end = start + std::chrono::duration<double>(options.minutes * 60);
    auto next_line = start + std::chrono::seconds(30);
    while (Clock::now() < end) {
      const auto& kind = choose(kinds, random);
      run_round(kind, random(), tally);
      if (Clock::now() < next_line) continue;
      next_line = Clock::now() + std::chrono::seconds(30);
      const auto minutes = std::chrono::duration<double, std::ratio<60>>(Clock::now() - start).count();
      std::cout << "soak: after " << std::to_string(minutes).substr(0, 4) << " min: " << summary(tally) << std::endl;
    }
  }
  std::cout << "soak: " << (tally.is_clean() ? "clean" : "NOT CLEAN") << ": " << summary(tally) << std::endl;
  return tally.is_clean() ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  lshost::obs::configure_log(lshost::obs::Level::error, lshost::obs::Format::text);
  (void)std::signal(SIGPIPE, SIG_IGN);
  try {
    return soak(parse(count, arguments));
  } catch (const std::exception& e) {
    std::cerr << "lshost_soak: " << e.what() << "\n";
    return 2;
  }
}
