#include <algorithm>
#include <array>
#include <string>

#include "check/case.hpp"
#include "check/cases.hpp"
#include "check/store_cases.hpp"

namespace lshost::check {
namespace {

using std::chrono::seconds;

constexpr Case kCases[] = {
    {"identity", Layer::file, "", "the file is a plugin for this machine and ABI, and says who it is",
     "Build it with lshost_add_plugin(), and end it with LSHOST_PLUGIN or LSHOST_DEFINE_META.", seconds(10),
     case_identity},
    {"exports", Layer::file, "identity", "it exports lshost_plugin_v1 and lshost_plugin_meta, and nothing else",
     "Link it with hidden symbols and the version script of the SDK: lshost_add_plugin() does both.", seconds(10),
     case_exports},
    {"unique-symbols", Layer::file, "identity", "it has no symbol that the whole process shares",
     "Compile with hidden visibility, or with -fno-gnu-unique.", seconds(10), case_unique_symbols},

    {"load", Layer::library, "identity", "it loads, and the code says the same as the identity in the file",
     "Constructors of static objects must not throw, exit or wait; put such work into Start.", seconds(20), case_load},
    {"load-clean", Layer::library, "load",
     "loading it starts no thread, opens nothing, and changes nothing of the host",
     "Move what static objects do into the constructor of the replicator or into Start.", seconds(20), case_load_clean},
    {"schema", Layer::library, "load", "the keys that it declares make sense", "See lshost/ext/config_schema.h.",
     seconds(20), case_schema},
    {"create", Layer::library, "load", "create takes the configuration, and touches neither network nor disk",
     "Give it what it needs with --set KEY=VALUE; connect and open in Start.", seconds(30), case_create},
    {"config-unknown", Layer::library, "create", "a key that it does not know is an error that names it",
     "Call config_check last in create. The C++ layers do.", seconds(30), case_config_unknown},
    {"config-types", Layer::library, "create", "a value of the wrong type is an error that names the key",
     "Hand on what config_get says; do not go on with a default.", seconds(60), case_config_types},
    {"config-missing", Layer::library, "create", "a required key that is missing is an error that names it",
     "Fail in create, not in Start.", seconds(30), case_config_missing},

    {"stop", Layer::replicator, "create", "Stop returns within its deadline, whatever the plugin is doing",
     "Do not wait where the host can not wake you: use ctx.Wait and ctx.Sleep, and override Stop to wake the rest.",
     seconds(120), case_stop},
    {"replicate", Layer::replicator, "stop", "what is committed is reported as durable",
     "Try it by hand with `lshost --config`; the log says what the plugin says.", seconds(90), case_replicate},
    {"start-again", Layer::replicator, "replicate", "it can be started again, and stopped twice",
     "Make what a run needs in Start, not in the constructor.", seconds(90), case_start_again},
    {"snapshotting", Layer::replicator, "replicate", "Snapshotting, Name and Type never block",
     "Keep the answer in an atomic; take no lock that is held over a call into the host.", seconds(120),
     case_snapshotting},
    {"leaks", Layer::replicator, "start-again", "no memory, descriptor or thread is left behind by a replicator",
     "Run it under AddressSanitizer, which says where.", seconds(120), case_leaks},

    {"restore", Layer::replicator, "replicate", "what is restored is the database, byte by byte, for all page sizes",
     "Compare what Open() gives with what was read from the host.", seconds(120), case_restore},
    {"points", Layer::replicator, "restore", "every position that was reported can be restored",
     "WAL items have to be kept as the runs came, or be put together without a hole.", seconds(90), case_points},
    {"indexes", Layer::replicator, "restore", "the log restarts, while the plugin runs and while it does not",
     "After all of an index, the next run begins at offset 0 of the next index; mark the last item index_complete.",
     seconds(120), case_indexes},
    {"generations", Layer::replicator, "restore", "a new generation begins with a snapshot, and the old one stays",
     "Compare the generation before index and offset, and begin anew when LSHOST_GONE comes.", seconds(120),
     case_generations},
    {"resume", Layer::replicator, "restore", "a new host goes on, also if the plugin's own folder is lost",
     "Believe the destination, not the memory of an earlier run.", seconds(120), case_resume},
    {"retention", Layer::replicator, "indexes", "what the host removes is gone, and the rest can still be restored",
     "Remove exactly the items given; a missing one is no error.", seconds(120), case_retention},
    {"health", Layer::replicator, "replicate", "a probe reaches the destination, in time, and leaves nothing behind",
     "Write the probe's object under a name of its own, and remove it.", seconds(120), case_health},
    {"promise", Layer::replicator, "restore", "at the moment of each report, what it promises is there",
     "Report when the destination has said that it keeps the bytes, never before.", seconds(180), case_promise},
    {"kill", Layer::replicator, "promise", "kill -9 at any moment never makes a reported position unrestorable",
     "Write beside, sync, then rename; report after that.", seconds(240), case_kill},
    {"faults", Layer::replicator, "restore", "when calls of the host fail it stores nothing wrong, and goes on after",
     "A failure with LSHOST_ERR_RETRYABLE is tried again with back-off; bytes of a failed stream are not the whole.",
     seconds(300), case_faults},
    {"hands-off", Layer::replicator, "replicate", "it never opens the database, its -wal or its -shm",
     "Closing any descriptor on them drops the host's locks. Read the streams of the host.", seconds(90),
     case_hands_off},
    {"secrets", Layer::replicator, "stop", "secrets of the configuration never stand in logs, errors or files",
     "Leave values of secret keys out of messages, also those that a library makes.", seconds(120), case_secrets},
};

constexpr std::string_view kStoreHint = "See the words at the function in lshost/ext/store.h.";

std::vector<Case> make_all() {
  std::vector<Case> all(std::begin(kCases), std::end(kCases));
  for (const StoreCase& store : store_cases()) {
    const bool is_first = store.name == "store-objects";
    all.push_back({store.name, Layer::store, is_first ? "create" : "store-objects", store.promise, kStoreHint,
                   seconds(180), case_store});
  }
  all.push_back(
      {"store-killed", Layer::store, "store-objects", "a put that is killed leaves all of the object or nothing",
       "Write under another name and rename, or use what the server has for it.", seconds(240), case_store_killed});
  return all;
}

}  // namespace

std::string_view to_string(Layer layer) noexcept {
  constexpr std::array<std::string_view, 4> kNames = {"file", "library", "replicator", "store"};
  return kNames.at(static_cast<std::size_t>(layer));
}

const std::vector<Case>& all_cases() {
  static const std::vector<Case> all = make_all();
  return all;
}

const Case* find_case(std::string_view name) {
  const auto found = std::ranges::find(all_cases(), name, &Case::name);
  return found == all_cases().end() ? nullptr : &*found;
}

}  // namespace lshost::check
