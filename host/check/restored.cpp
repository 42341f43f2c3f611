#include "check/restored.hpp"

#include <variant>

#include "base/error.hpp"
#include "check/outcome.hpp"
#include "os/fs.hpp"
#include "replica/catalog_reader.hpp"
#include "replica/compare_databases.hpp"
#include "replica/restore_plan.hpp"
#include "replica/restorer.hpp"

namespace lshost::check {

void restore(replica::Replicator& replicator, const db::Position& target, const std::string& path) {
  const std::string at = "restoring " + db::to_string(target) + ": ";
  try {
    const auto catalog = replica::read_catalog(replicator, target.generation);
    const replica::RestoreRequest request{replica::PositionTarget{{target.index, target.offset}}, target.generation};
    const auto result = replica::plan_restore(catalog, request,
                                              [&](const replica::Item& item) { return replicator.commit_times(item); });
    if (const auto* refusal = std::get_if<replica::Refusal>(&result)) throw Failed(at + refusal->reason);
    replica::RestoreOptions options;
    options.output = path;
    options.force = true;
    options.check = sqlite::CheckLevel::full;
    replica::RestoreProgress progress;
    (void)replica::restore_database(replicator, std::get<replica::RestorePlan>(result), options, os::posix_fs(),
                                    progress);
  } catch (const Error& e) {
    throw Failed(at + e.what());
  }
}

void require_same_pages(const std::string& expected, const std::string& restored, const std::string& what) {
  const auto difference = replica::compare_databases(expected, restored, 8);
  if (!difference.is_equal()) throw Failed(what + " is not the database as it was: " + replica::to_string(difference));
}

}  // namespace lshost::check
