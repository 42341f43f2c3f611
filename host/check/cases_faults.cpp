#include <fmt/format.h>
#include <lshost/abi.h>

#include <algorithm>
#include <atomic>
#include <string_view>

#include "base/error.hpp"
#include "check/cases.hpp"
#include "check/restored.hpp"
#include "check/running.hpp"

namespace lshost::check {
namespace {

struct Code {
  std::int32_t result;
  std::string_view name;
};

constexpr Code kErrors[] = {{LSHOST_E_INTERNAL, "LSHOST_E_INTERNAL"},
                            {LSHOST_E_UNAVAILABLE, "LSHOST_E_UNAVAILABLE"},
                            {LSHOST_E_IO, "LSHOST_E_IO"},
                            {LSHOST_E_NO_SPACE, "LSHOST_E_NO_SPACE"},
                            {LSHOST_E_NO_MEMORY, "LSHOST_E_NO_MEMORY"}};
constexpr Code kGone = {LSHOST_GONE, "LSHOST_GONE"};
constexpr Code kEnd = {LSHOST_END, "LSHOST_END"};

/// What each call may say besides LSHOST_OK, by the headers.
std::vector<Code> codes_of(Call call) {
  std::vector<Code> codes(std::begin(kErrors), std::end(kErrors));
  if (call == Call::wal_open || call == Call::wal_read || call == Call::snapshot_read) codes.push_back(kGone);
  if (call == Call::status) codes.push_back(kEnd);
  return codes;
}

struct Fault {
  Call call;
  Code code;
  unsigned first;  ///< the number of the first call that fails, from 1
  unsigned times;
};

void run_with(Bench& bench, const Fault& fault, const std::string& place, bool can_restore) {
  const std::string what = fmt::format("call {} of {} said {}{}", fault.first, to_string(fault.call), fault.code.name,
                                       fault.times > 1 ? fmt::format(", {} times", fault.times) : "");
  bench.doing(what);
  std::atomic<unsigned> calls{0};
  Running running(bench, place);
  running.tap.hides_descriptors = true;
  running.tap.shortens_sleep = true;
  running.tap.before = [&](Call call, lshost_ctx*) -> std::int32_t {
    if (call != fault.call) return LSHOST_OK;
    const unsigned n = ++calls;
    return n >= fault.first && n < fault.first + fault.times ? fault.code.result : LSHOST_OK;
  };
  running.world.start();
  running.world.commit(4);
  running.start();
  try {
    for (int i = 0; i < 3; ++i) {
      running.wait_until_durable(running.world.commit());
    }
  } catch (const Failed& e) {
    throw Failed(what + ", and then " + e.what());
  }
  const std::string too_early = running.tap.said().too_early;
  if (!too_early.empty()) throw Failed(what + ", and it reported " + too_early);
  if (!can_restore) return;
  try {
    running.require_identical();
  } catch (const Failed& e) {
    throw Failed(what + "; then it went on, but " + e.what());
  }
}

}  // namespace

void case_faults(Bench& bench) {
  const bool can_restore = bench.make(bench.config_at("a"), nullptr, nullptr)->can_restore();
  unsigned number = 0;
  const auto run = [&](const Fault& fault) { run_with(bench, fault, fmt::format("{}", number++), can_restore); };
  for (const Call call : {Call::status, Call::snapshot_open, Call::snapshot_read, Call::wal_open, Call::wal_read}) {
    for (const Code& code : codes_of(call)) run({call, code, 1, 1});
    run({call, kErrors[0], 2, 3});
    run({call, kErrors[2], 1, 4});
  }
}

}  // namespace lshost::check
