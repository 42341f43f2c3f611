#pragma once
// Listing and reading back what lies at the destination. Changes nothing there: a read-only folder is enough.

#include <memory>
#include <string>

#include <lshost/replicator.hpp>

#include "destination.hpp"

namespace lshost::file {

/// Calls `each` for every item of one kind, in position order. WAL: one item an index.
void list(const Destination& destination, ItemKind kind, const std::string& generation,
          const Restorable::EachItem& each);

/// SNAPSHOT: size and checksum are proven while it is read; the last bytes of a wrong one are never given out.
/// WAL: its bytes carry SQLite's checksums; what the journal says was stored must be there.
[[nodiscard]] std::unique_ptr<Source> open(const Destination& destination, const Item& item);

void commit_times(const Destination& destination, const Item& item, const Restorable::EachTime& each);

}  // namespace lshost::file
