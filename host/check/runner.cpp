#include "check/runner.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.hpp"
#include "check/bench.hpp"
#include "check/child.hpp"
#include "obs/log.hpp"

namespace lshost::check {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// A folder for the whole run, gone with it.
class WorkFolder {
 public:
  WorkFolder() {
    std::string pattern = (fs::temp_directory_path() / "lshost-check-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw_errno("make", pattern);
    path_ = pattern;
  }
  ~WorkFolder() {
    std::error_code ignored;  // what a plugin did to it is not our failure
    fs::remove_all(path_, ignored);
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

/// The last lines of what a process printed.
std::string tail_of(const std::string& path) {
  constexpr std::size_t kSize = 600;
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  std::string text = all.str();
  if (text.size() > kSize) text = "..." + text.substr(text.size() - kSize);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

Outcome run_one(const Request& request, const Case& which, const std::string& work) {
  const std::string output = work + "/" + std::string(which.name) + ".out";
  Child child(arguments_of(request, {std::string(which.name), work, ""}), output, Group::own);
  const auto deadline = Clock::now() + which.limit * std::max(1U, request.rounds);
  std::string doing;
  std::optional<Outcome> outcome;
  while (const auto line = child.read_line(deadline)) {
    const auto message = decode(*line);
    if (!message) continue;
    if (!message->doing.empty()) doing = message->doing;
    if (message->outcome) outcome = message->outcome;
  }
  const auto ended = child.wait(deadline);
  if (!ended) {
    (void)child.kill();
    const std::string how = fmt::format("did not end within {} s", which.limit.count() * std::max(1U, request.rounds));
    return {Verdict::failed, reason_of_end(how, doing, tail_of(output))};
  }
  (void)child.kill();  // what it may have started
  if (outcome && ended->signal == 0) return *outcome;
  return {Verdict::failed, reason_of_end(to_string(*ended), doing, tail_of(output))};
}

Outcome outcome_of(const Case& which, Bench& bench) {
  try {
    which.run(bench);
    return {Verdict::passed, ""};
  } catch (const Skipped& e) {
    return {Verdict::skipped, e.what()};
  } catch (const std::exception& e) {
    return {Verdict::failed, e.what()};
  }
}

}  // namespace

std::string reason_to_skip(const Case& next, const std::map<std::string_view, Outcome>& known) {
  const auto needed = known.find(next.needs);
  if (needed == known.end() || needed->second.verdict == Verdict::passed) return "";
  if (needed->second.verdict == Verdict::skipped) return needed->second.reason;
  return fmt::format("it says nothing without '{}', which failed", next.needs);
}

std::string reason_of_end(const std::string& how, const std::string& doing, const std::string& printed) {
  std::string reason = "its process " + how;
  if (!doing.empty()) reason += ", when " + doing;
  if (!printed.empty()) reason += "; it printed:\n" + printed;
  return reason;
}

std::vector<Result> run_cases(const Request& request, const std::vector<const Case*>& cases,
                              const std::function<void(const Result&)>& seen) {
  const WorkFolder work;
  std::vector<Result> results;
  std::map<std::string_view, Outcome> known;
  for (const Case* which : cases) {
    Result result{which, {}, {}};
    const auto begin = Clock::now();
    const std::string reason = reason_to_skip(*which, known);
    result.outcome = reason.empty() ? run_one(request, *which, work.path()) : Outcome{Verdict::skipped, reason};
    result.took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin);
    known[which->name] = result.outcome;
    std::error_code ignored;
    fs::remove_all(work.path() + "/" + std::string(which->name), ignored);
    seen(result);
    results.push_back(std::move(result));
  }
  return results;
}

void run_role(const Request& request, const Role& role) {
  be_a_child();
  obs::configure_log(obs::Level::error, obs::Format::text);
  Outcome outcome{Verdict::failed, "there is no case '" + role.case_name + "'"};
  try {
    Bench bench(request, role);
    if (const Case* which = find_case(role.case_name)) outcome = outcome_of(*which, bench);
  } catch (const std::exception& e) {
    outcome = {Verdict::failed, e.what()};
  }
  if (role.part.empty()) {
    send_line(encode({"", outcome}));
  } else {
    (void)!::write(STDERR_FILENO, (outcome.reason + "\n").data(), outcome.reason.size() + 1);
  }
  ::_exit(0);
}

}  // namespace lshost::check
