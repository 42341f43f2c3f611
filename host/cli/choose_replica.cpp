#include "cli/choose_replica.hpp"

#include <fmt/format.h>

#include <ranges>
#include <tuple>

#include "base/error.hpp"
#include "replica/catalog_reader.hpp"
#include "replica/time_text.hpp"

namespace lshost::cli {
namespace {

/// Greater is newer. Places compare only inside one generation, but there a recorded time may be the same.
std::tuple<UnixNanos, db::IndexOffset> age_of(const replica::Catalog& catalog) {
  for (const auto& generation : catalog.generations | std::views::reverse) {
    if (!generation.is_empty()) return {generation.last_ns, generation.end()};
  }
  return {-1, {}};
}

}  // namespace

std::vector<Candidate> read_candidates(const ReplicaAccess& access) {
  std::vector<Candidate> candidates;
  for (const NamedReplica& named : access.replicas()) {
    Candidate& candidate = candidates.emplace_back();
    candidate.named = &named;
    try {
      candidate.replicator = access.open(named);
      candidate.catalog = replica::read_catalog(*candidate.replicator);
    } catch (const Error& e) {
      candidate.failure = e.what();
    }
  }
  return candidates;
}

std::size_t choose_newest(const std::vector<Candidate>& candidates) {
  std::size_t newest = 0;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (!candidates[i].failure.empty()) {
      throw Error(ErrorCode::transient,
                  fmt::format("replica '{}' can not be read: {}{}", candidates[i].named->config.name,
                              candidates[i].failure, hint_at_others(candidates, i)));
    }
    if (age_of(candidates[i].catalog) > age_of(candidates[newest].catalog)) newest = i;
  }
  return newest;
}

std::string hint_at_others(const std::vector<Candidate>& candidates, std::size_t chosen) {
  std::string others;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i == chosen || !candidates[i].failure.empty()) continue;
    const auto [last_ns, end] = age_of(candidates[i].catalog);
    if (last_ns < 0) continue;
    others += fmt::format("{}'{}' (last data {})", others.empty() ? "" : ", ", candidates[i].named->config.name,
                          replica::time_text(last_ns));
  }
  return others.empty() ? "" : fmt::format("; hint: other replicas have data, choose one with --replica: {}.", others);
}

}  // namespace lshost::cli
