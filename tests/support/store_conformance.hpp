#pragma once
// One suite for all stores: what lshost/ext/store.h promises, and the whole engine on top of it.
//
// How to use it, in a file of your suite, for a BlobReplicator of yours:
//
//     const lshost::test::StoreKind& kind() {
//       static const lshost::test::StoreKind it{
//           "sftp", [] { return lshost::test::ConfigValues{{"host", server().address()}, {"path", fresh_path()}}; },
//           [](lshost::Context ctx) { return std::make_unique<lshost::sftp::SftpStore>(ctx); }};
//       return it;
//     }
//     LSHOST_STORE_CONFORMANCE("sftp", kind())
//
// which makes one test case of each function below. Where the server is not there, let the configuration's function
// throw, or skip by hand and call the functions yourself.

#include <functional>
#include <string>

#include "support/fake_host.hpp"
#include "support/store_replica.hpp"

namespace lshost::test {

struct StoreKind {
  std::string type;
  /// The configuration of a store at a place where nothing is; another place at each call.
  std::function<ConfigValues()> fresh_place;
  MakeStore make;
  /// False: its server replaces what is there, whatever put_new says.
  bool keeps_existing = true;
};

namespace conformance {

// ---- the store ----
void objects_come_back(const StoreKind& kind);
void size_may_be_unknown(const StoreKind& kind);
void put_replaces(const StoreKind& kind);
void put_is_atomic(const StoreKind& kind);
void put_new_keeps(const StoreKind& kind);
void one_put_new_wins(const StoreKind& kind);
void failed_body_stores_nothing(const StoreKind& kind);
void cancelled_body_stores_nothing(const StoreKind& kind);
void ranges(const StoreKind& kind);
void missing_objects(const StoreKind& kind);
void list_by_prefix(const StoreKind& kind);
void list_many(const StoreKind& kind);
void remove_many(const StoreKind& kind);
void odd_keys(const StoreKind& kind);
void calls_at_once(const StoreKind& kind);

// ---- the engine on it ----
void engine_replicates(const StoreKind& kind);
void engine_goes_on_after_a_restart(const StoreKind& kind);
void engine_is_quiet(const StoreKind& kind);
void engine_takes_snapshots(const StoreKind& kind);
void engine_removes(const StoreKind& kind);
void engine_probes(const StoreKind& kind);

}  // namespace conformance
}  // namespace lshost::test

#define LSHOST_STORE_CASE(NAME, KIND, TITLE, FUNCTION) \
  TEST_CASE(NAME " store: " TITLE, "[store]") { lshost::test::conformance::FUNCTION(KIND); }

/// At the end of a file, outside of any namespace. NAME: a text.
#define LSHOST_STORE_CONFORMANCE(NAME, KIND)                                                                  \
  LSHOST_STORE_CASE(NAME, KIND, "objects of all sizes come back as they were put", objects_come_back)         \
  LSHOST_STORE_CASE(NAME, KIND, "the size of an object may be unknown beforehand", size_may_be_unknown)       \
  LSHOST_STORE_CASE(NAME, KIND, "put replaces what is there, and may be repeated", put_replaces)              \
  LSHOST_STORE_CASE(NAME, KIND, "a reader sees the old object or the new one", put_is_atomic)                 \
  LSHOST_STORE_CASE(NAME, KIND, "put_new keeps what is there", put_new_keeps)                                 \
  LSHOST_STORE_CASE(NAME, KIND, "of several put_new at once one wins", one_put_new_wins)                      \
  LSHOST_STORE_CASE(NAME, KIND, "a body that fails leaves things as they were", failed_body_stores_nothing)   \
  LSHOST_STORE_CASE(NAME, KIND, "a cancelled body leaves things as they were", cancelled_body_stores_nothing) \
  LSHOST_STORE_CASE(NAME, KIND, "ranges of an object are exact", ranges)                                      \
  LSHOST_STORE_CASE(NAME, KIND, "what is not there is told apart", missing_objects)                           \
  LSHOST_STORE_CASE(NAME, KIND, "a listing has all keys of a prefix and no others", list_by_prefix)           \
  LSHOST_STORE_CASE(NAME, KIND, "a listing has more than a thousand keys", list_many)                         \
  LSHOST_STORE_CASE(NAME, KIND, "more than a thousand objects are removed, missing ones too", remove_many)    \
  LSHOST_STORE_CASE(NAME, KIND, "all characters that keys may have are kept", odd_keys)                       \
  LSHOST_STORE_CASE(NAME, KIND, "calls at once do not disturb each other", calls_at_once)                     \
  LSHOST_STORE_CASE(NAME, KIND, "a database is replicated, and restored byte by byte", engine_replicates)     \
  LSHOST_STORE_CASE(NAME, KIND, "a replica goes on where it was", engine_goes_on_after_a_restart)             \
  LSHOST_STORE_CASE(NAME, KIND, "a replica of an idle database makes no request", engine_is_quiet)            \
  LSHOST_STORE_CASE(NAME, KIND, "snapshots are taken while WAL goes on", engine_takes_snapshots)              \
  LSHOST_STORE_CASE(NAME, KIND, "old items are removed, and a generation with all it has", engine_removes)    \
  LSHOST_STORE_CASE(NAME, KIND, "a probe leaves nothing behind", engine_probes)
