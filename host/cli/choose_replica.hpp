#pragma once
// Which of several replicas to restore from, and whether that is a choice that may be made without asking.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/replica_access.hpp"
#include "replica/catalog.hpp"

namespace lshost::cli {

/// A replica with what it holds, or with the reason why that is not known.
struct Candidate {
  const NamedReplica* named = nullptr;
  std::unique_ptr<replica::Replicator> replicator;
  replica::Catalog catalog;
  std::string failure;  ///< "" if it could be read
};

/// Opens and lists every replica of the query. Failures become part of the candidate.
[[nodiscard]] std::vector<Candidate> read_candidates(const ReplicaAccess& access);

/// The index of the one with the newest data; the first among equals.
/// Throws Error if a replica could not be read: it may have been the newest, and an older state is not given unasked.
/// The sentence names the others, to be asked for with --replica. REQUIRES: not empty.
[[nodiscard]] std::size_t choose_newest(const std::vector<Candidate>& candidates);

/// "hint: other replicas are 'a' and 'b'; choose one with --replica.", or "" if there is no other.
[[nodiscard]] std::string hint_at_others(const std::vector<Candidate>& candidates, std::size_t chosen);

}  // namespace lshost::cli
